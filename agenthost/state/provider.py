"""What a plugin provides: entries under keys, which ``Store`` makes the agents' state of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from attrs import Attribute

__all__ = ["Entries", "Entry", "StateOptions", "StateProvider"]


@frozen(slots=True)
class Entry:
    """What stands under a key.

    Args:
        value: JSON in UTF-8.
        version: at least 1, and another one after every write; one that a key has had is not given to it again, also
            not after it was removed.
    """

    value: bytes
    version: int


class Entries(Protocol):
    """The entries of one opened store.

    Keys are bytes without ``0xff``; an entry whose time to live has passed is not there. Each method is atomic, among
    processes too, and what it has acknowledged is kept. Any exception but ``StateRefused`` says that the store cannot
    be reached, and that a write may or may not have happened. ``agenthost.testing.StoreContract`` tests all of it.
    """

    async def read(self, key: bytes) -> Entry | None:
        """The entry under ``key``; None when there is none."""

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        """Write whatever is there; gives the new version.

        Args:
            key: the key.
            value: JSON in UTF-8.
            ttl: seconds that it lives; None for ever.
        """

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        """Write if the entry still has ``version``, or if there is none where that is 0.

        Args:
            key: the key.
            value: JSON in UTF-8.
            version: what must be there.
            ttl: seconds that it lives; None leaves what the entry has.

        Returns:
            The new version; None when something else is there, which stays.
        """

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        """Add to an integer, which is 0 when there is none; gives the sum.

        Args:
            key: the key.
            by: what is added.
            ttl: seconds that it lives; None leaves what the entry has.

        Raises:
            StateRefused: no integer is there, or the sum has more than 64 bits.
        """

    async def remove(self, key: bytes, version: int | None) -> bool:
        """Remove the entry, whatever its version where that is None; gives whether it did."""

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        """Some of the keys that begin with ``prefix``.

        Args:
            prefix: the prefix.
            cursor: empty at first, then what the page before gave.
            most: how many keys are wanted; a page may have more, fewer or none.

        Returns:
            Keys, and the cursor of the next page: empty after the last one. A key that is there all the time is on at
            least one page.
        """

    async def ping(self) -> None:
        """Return when the store answers."""

    async def close(self) -> None:
        """Give everything back."""


@frozen
class StateOptions:
    """What a provider is told beside the URL.

    Args:
        connect_timeout: seconds that connecting may take.
        operation_timeout: seconds that one operation may take.
        directory: the host's state directory.
    """

    connect_timeout: float = 0.25
    operation_timeout: float = 0.3
    directory: str = "."


@frozen(eq=False)
class StateProvider:
    """Opens the stores of some URL schemes.

    Args:
        schemes: the schemes, in lower case: ``("redis", "valkey")``.
        open: opens the store at a URL. It is awaited on the event loop that will use the entries, and again when that
            store has failed.
        network: whether the store is elsewhere: then connecting and each operation are cut off at their timeouts.

    Raises:
        DefinitionError: the schemes are no words in lower case.
    """

    schemes: tuple[str, ...] = field()
    open: Callable[[str, StateOptions], Awaitable[Entries]] = field(repr=False)
    network: bool = True

    @schemes.validator
    def _check_schemes(self, _: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
        if not isinstance(value, tuple) or not value or not all(_is_scheme(scheme) for scheme in value):
            raise DefinitionError(f'a StateProvider has schemes in lower case, such as ("redis",), not {value!r}.')


def _is_scheme(scheme: object) -> bool:
    return isinstance(scheme, str) and scheme != "" and scheme == scheme.lower() and ":" not in scheme
