"""Another host: its key, and the addresses where it serves agents."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from attrs import define, field

from agenthost._host.peers.directory import Announcement, directory_of, entries_of
from agenthost._version import __version__
from agenthost.errors import StateRefused, StateUnavailable
from agenthost.secret import HashedSecret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from agenthost._host.config.schema import PeerConfig
    from agenthost.state import Stores

__all__ = ["Address", "PeerHost"]

_DOWN = 15.0
"""Seconds in which an address that has failed is avoided, unless its probe, every 10 seconds, succeeds."""
_EVERY = 2.0
"""Seconds between two looks into the directory."""
_SOON = 0.1
"""Seconds until the next look while none has succeeded."""
_log = logging.getLogger("agenthost.peers")


@define(eq=False)
class Address:
    """An address of a host.

    ``calls`` is its address for calls, and ``with_credentials`` that with the pair of the key. ``agents`` are those
    that it has announced, or None for all that the configuration lists.
    """

    url: str
    calls: str
    with_credentials: str = field(repr=False)
    agents: tuple[str, ...] | None = None
    _avoided_until: float = 0.0

    @property
    def down(self) -> bool:
        """True if it has failed a short time ago, and not responded since."""
        return time.monotonic() < self._avoided_until

    def failed(self) -> None:
        """Avoid the address for a while."""
        self._avoided_until = time.monotonic() + _DOWN

    def responded(self) -> None:
        """Use the address again."""
        self._avoided_until = 0.0

    def serves(self, agent: str) -> bool:
        """Return True if an agent is served there."""
        return self.agents is None or agent in self.agents


@define(eq=False)
class PeerHost:
    """A host with a table in ``[peers]``.

    ``place`` is the place of the table, for messages. Without a URL there, the addresses come from the directory.
    """

    name: str
    place: str
    headers: Mapping[str, str] = field(repr=False)
    addresses: tuple[Address, ...]
    announced: bool
    _user: str
    _pair: str = field(repr=False)
    _digest: bytes = field(repr=False)
    _followers: int = 0
    _reading: asyncio.Task[None] | None = None
    _refused: bool = False

    @classmethod
    def of(cls, name: str, table: PeerConfig, place: str) -> PeerHost:
        """Return the host of a table."""
        secret = table.secret.reveal() if table.secret is not None else ""
        headers = {
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/json",
            "User-Agent": f"agenthost/{__version__}",
        }
        pair = f"{quote(table.user, safe='')}:{quote(secret, safe='')}@"
        url = None if table.url is None else table.url.rstrip("/")
        addresses = () if url is None else (_address(url, url, pair),)
        digest = HashedSecret.of(secret).digest
        return cls(name, place, headers, addresses, url is None, table.user, pair, digest)

    async def read(self, stores: Stores) -> None:
        """Read the addresses from the directory.

        Raises:
            StateUnavailable: the store does not answer.
        """
        if not self.announced:
            return
        entries = await entries_of(directory_of(stores), self.name)
        told = [Announcement.read(self.name, entry, self._user, self._digest) for entry in entries]
        self._note_refused(refused=None in told)
        before = {(each.url, each.calls): each for each in self.addresses}
        agents = {(each.url, each.calls): each.agents for each in told if each}
        if {at: each.agents for at, each in before.items()} != agents:
            self.addresses = tuple(before.get(at) or _address(*at, self._pair) for at in agents)
            for each in self.addresses:
                each.agents = agents[each.url, each.calls]
            _log.info("peer %s is at %s", self.name, " and ".join(url for url, _ in agents) or "no address")

    def _note_refused(self, *, refused: bool) -> None:
        if refused and not self._refused:
            words = "an entry for peer %s in the directory is ignored: it is not signed for the key %s with %s.secret"
            _log.warning(words, self.name, self._user, self.place)
        self._refused = refused

    @asynccontextmanager
    async def followed(self, stores: Callable[[], Stores]) -> AsyncIterator[None]:
        """Keep the addresses up to date during the block, which may be open several times."""
        if not self.announced:
            yield
            return
        with suppress(StateUnavailable, StateRefused):
            await self.read(stores())
        self._followers += 1
        if self._reading is None:
            self._reading = asyncio.create_task(self._keep_reading(stores))
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                self._reading.cancel()
                self._reading = None

    async def _keep_reading(self, stores: Callable[[], Stores]) -> None:
        pause = _EVERY if self.addresses else _SOON
        while True:
            await asyncio.sleep(pause)
            with suppress(StateUnavailable, StateRefused):
                await self.read(stores())
                pause = _EVERY


def _address(url: str, calls: str, pair: str) -> Address:
    at = urlsplit(calls)
    return Address(url, calls, urlunsplit((at.scheme, pair + at.netloc, at.path, "", "")))
