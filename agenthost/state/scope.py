"""Scopes: whose state it is; keys of one scope never meet those of another."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal
from urllib.parse import quote

from attrs import frozen

from agenthost.errors import StateRefused

__all__ = ["MOST_KEY", "Scope", "Sort", "encoded_key"]

MOST_KEY = 512
"""Bytes of UTF-8 that a key may have."""
_LONG = 128
_SURROGATES = "surrogatepass"

Sort = Literal["data", "lock", "fence"]
"""What stands under a key: an author's value, who holds a lock, or how often it was taken."""


@frozen(slots=True)
class Scope:
    """A namespace of a store.

    Args:
        kind: ``host`` for what agents share, ``agent``, or ``call``.
        name: the shared name, the agent's key, or the call's id.
    """

    kind: Literal["host", "agent", "call"]
    name: str

    def prefix(self, sort: Sort) -> bytes:
        """What all keys of the scope begin with.

        A name cannot hold the separator, and a long one stands as its digest behind ``#``, which none can hold either.
        """
        name = quote(self.name, safe="", errors=_SURROGATES)
        if len(name) > _LONG:
            name = "#" + blake2b(self.name.encode(errors=_SURROGATES), digest_size=32).hexdigest()
        return f"{self.kind}/{name}/{sort}/".encode()


def encoded_key(key: str) -> bytes:
    """An author's key as bytes.

    Raises:
        StateRefused: it is no text, empty, longer than ``MOST_KEY``, or not Unicode.
    """
    if not isinstance(key, str):
        raise StateRefused(f"a key must be text such as 'visits', not {type(key).__name__}.")
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        raise StateRefused("a key must be Unicode text; this one has a lone surrogate.") from None
    if not 0 < len(encoded) <= MOST_KEY:
        raise StateRefused(f"a key must have 1 to {MOST_KEY} bytes, not {len(encoded)}. Keep the rest in the value.")
    return encoded
