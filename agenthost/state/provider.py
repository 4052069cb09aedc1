"""The interface of state plugins: entries under keys, on which ``Store`` is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from agenthost._private_files import check_database
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from attrs import Attribute

__all__ = ["Entries", "Entry", "StateOptions", "StateProvider"]


@frozen(slots=True)
class Entry:
    """The value of a key, with its version.

    Args:
        value: JSON in UTF-8.
        version: at least 1, and changed by every write. A key never gets the same version twice, even after a removal.
    """

    value: bytes
    version: int


class Entries(Protocol):
    """The entries of one opened store.

    Keys are bytes without ``0xff``. An expired entry does not exist. Each method is atomic, between processes too, and
    an acknowledged write is durable. Any exception but ``StateRefused`` means that the store cannot be reached, and
    that a write may or may not have happened. ``agenthost.testing.StoreContract`` tests all of this.
    """

    async def read(self, key: bytes) -> Entry | None:
        """Return the entry under ``key``, or None."""

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        """Write an entry unconditionally, and return the new version.

        Args:
            key: the key.
            value: JSON in UTF-8.
            ttl: time to live in seconds. None for ever.
        """

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        """Write an entry if it still has ``version``.

        Version 0 means that there is no entry.

        Args:
            key: the key.
            value: JSON in UTF-8.
            version: the expected version.
            ttl: time to live in seconds. None keeps the entry's own.

        Returns:
            The new version. None if the entry has another version, and is unchanged.
        """

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        """Add to an integer, and return the sum.

        A missing entry counts as 0.

        Args:
            key: the key.
            by: the addend.
            ttl: time to live in seconds. None keeps the entry's own.

        Raises:
            StateRefused: the value is not an integer, or the sum has more than 64 bits.
        """

    async def remove(self, key: bytes, version: int | None) -> bool:
        """Remove the entry if it has ``version``, or any for None. Return True if removed."""

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        """List some of the keys that begin with ``prefix``.

        Args:
            prefix: the prefix.
            cursor: empty at first, then the cursor of the previous page.
            most: the number of keys wanted. A page may have more, fewer or none.

        Returns:
            Keys, and the cursor of the next page, which is empty after the last one. A key that exists all the time
            is on at least one page.
        """

    async def ping(self) -> None:
        """Return if the store answers."""

    async def close(self) -> None:
        """Close all connections."""


@frozen
class StateOptions:
    """Options of a provider, besides the URL.

    Args:
        connect_timeout: timeout of connecting, in seconds.
        operation_timeout: timeout of one operation, in seconds.
        directory: the host's state directory.
    """

    connect_timeout: float = 0.25
    operation_timeout: float = 0.3
    directory: str = "."

    def check_file(self, path: str) -> None:
        """Reject a file of the store that another user may have created or can open.

        Call it before the file is opened. A missing file passes, and so does any file on Windows.

        Args:
            path: the file.

        Raises:
            ConfigurationError: the file is a symbolic link, of another owner or open to other users, or others can
                write to its directory.
        """
        check_database(path, "state.url")


@frozen(eq=False)
class StateProvider:
    """A plugin's factory of stores, for some URL schemes.

    Args:
        schemes: the schemes, in lower case: ``("redis", "valkey")``.
        open: opens the store at a URL. It is awaited on the event loop that will use the entries, and again after the
            store has failed.
        network: whether the store is remote. If so, connecting and each operation have their timeouts.
        imports: modules that ``open`` imports at its first call. A host whose store it is imports them at its start.

    Raises:
        DefinitionError: the schemes are not lower-case words.
    """

    schemes: tuple[str, ...] = field()
    open: Callable[[str, StateOptions], Awaitable[Entries]] = field(repr=False)
    network: bool = True
    imports: tuple[str, ...] = ()

    @schemes.validator
    def _check_schemes(self, _: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
        if not isinstance(value, tuple) or not value or not all(_is_scheme(scheme) for scheme in value):
            raise DefinitionError(f'a StateProvider needs schemes in lower case, such as ("redis",), not {value!r}.')


def _is_scheme(scheme: object) -> bool:
    return isinstance(scheme, str) and scheme != "" and scheme == scheme.lower() and ":" not in scheme
