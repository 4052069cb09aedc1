"""Secrets: values that never print themselves."""

from __future__ import annotations

from attrs import field, frozen

__all__ = ["HashedSecret", "Secret"]


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


@frozen(repr=False)
class HashedSecret:
    """A secret that is only compared: its hash (BLAKE2b, RFC 7693) and its length.

    Args:
        digest: the hash.
        length: the number of characters.
    """

    digest: bytes = field()
    length: int = field()

    def __repr__(self) -> str:
        return "HashedSecret(***)"

    @classmethod
    def of(cls, text: str) -> HashedSecret:
        """Hash a text."""
        from hashlib import blake2b  # noqa: PLC0415 - lists, which import this module, have no keys to hash

        return cls(blake2b(text.encode(), digest_size=32, person=b"agenthost key").digest(), len(text))
