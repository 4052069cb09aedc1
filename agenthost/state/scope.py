"""Scopes: the namespaces of a store. Keys of different scopes never collide."""

from __future__ import annotations

from hashlib import blake2b
from typing import ClassVar, Literal
from urllib.parse import quote

from attrs import frozen

from agenthost.errors import StateRefused

__all__ = ["MOST_KEY", "OwnScope", "Scope", "Sort", "encoded_key"]

MOST_KEY = 512
"""The longest key, in bytes of UTF-8."""
_LONG = 128
_SURROGATES = "surrogatepass"
_KINDS = frozenset({"host", "agent", "call"})

Sort = Literal["data", "lock", "fence"]
"""The sort of an entry: an author's value, the holder of a lock, or the lock's counter."""


@frozen(slots=True)
class Scope:
    """A namespace of a store.

    Args:
        kind: ``host`` for state that agents share, ``agent``, or ``call``.
        name: the shared name, the agent's key, or the call's id.
    """

    kind: Literal["host", "agent", "call"]
    name: str

    def prefix(self, sort: Sort) -> bytes:
        """Return the beginning of all keys of the scope.

        Raises:
            ValueError: there is no such kind.
        """
        if self.kind not in _KINDS:
            msg = f"the kind of a scope is host, agent or call, not {self.kind!r}"
            raise ValueError(msg)
        return _prefix(self.kind, self.name, sort)


@frozen(slots=True)
class OwnScope:
    """A namespace of the host's own data.

    ``Scope`` cannot name one, and no agent in a process of its own reaches it.

    Args:
        name: the name.
    """

    name: str
    kind: ClassVar[str] = "own"

    def prefix(self, sort: Sort) -> bytes:
        """Return the beginning of all keys of the scope."""
        return _prefix(self.kind, self.name, sort)


def _prefix(kind: str, name: str, sort: Sort) -> bytes:
    """Return the beginning of the keys of a scope.

    A name cannot contain the separator. A long name is replaced by its digest after ``#``, which no name can contain
    either.
    """
    quoted = quote(name, safe="", errors=_SURROGATES)
    if len(quoted) > _LONG:
        quoted = "#" + blake2b(name.encode(errors=_SURROGATES), digest_size=32).hexdigest()
    return f"{kind}/{quoted}/{sort}/".encode()


def encoded_key(key: str) -> bytes:
    """Encode an author's key.

    Raises:
        StateRefused: the key is not text, empty, longer than ``MOST_KEY``, or not Unicode.
    """
    if not isinstance(key, str):
        raise StateRefused(f"a key must be text such as 'visits', not {type(key).__name__}.")
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        raise StateRefused("a key must be Unicode text, but this one has a lone surrogate.") from None
    if not 0 < len(encoded) <= MOST_KEY:
        raise StateRefused(
            f"a key must have 1 to {MOST_KEY} bytes, not {len(encoded)}. fix: move the rest to the value."
        )
    return encoded
