"""Secrets: a value that never prints itself."""

from __future__ import annotations

from attrs import field, frozen

__all__ = ["Secret"]


@frozen(repr=False)
class Secret:
    """A password or a key, printed, formatted and logged as ``***``.

    :meth:`reveal` returns the text.

    Args:
        text: the secret text.
    """

    _text: str = field()

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def reveal(self) -> str:
        """Return the text itself, for the one place that needs it."""
        return self._text
