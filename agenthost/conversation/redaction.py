"""Redaction: what is taken out of transcripts before they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Redactor"]


@frozen
class Redactor:
    """One thing that transcripts must not hold.

    Args:
        name: what configuration calls it, such as ``card numbers``.
        redact: gives a text back without it; called for every message, on the event loop, so it must be quick. Where it
            fails, none of the text is stored.
    """

    name: str
    redact: Callable[[str], str]
