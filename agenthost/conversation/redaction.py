"""Redaction of transcripts before they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Redactor"]


@frozen
class Redactor:
    """A function that removes one kind of data from transcripts.

    Args:
        name: the redactor's name in the configuration, such as ``card numbers``.
        redact: returns a text without the data. It is called for every message, on the event loop, so it must be
            quick. If it fails, nothing of the text is stored.
    """

    name: str
    redact: Callable[[str], str]
