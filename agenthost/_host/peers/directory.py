"""The directory: entries in the shared store about hosts, their addresses and their agents.

Each serving process has an entry of its own and renews it. One that is not renewed for a lease is gone. An entry is
signed for each key of its host, so that only a host that knows the key of a peer can announce itself to that peer.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import define, field, frozen

from agenthost.errors import StateRefused, StateUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from agenthost._host.config.host_table import HostConfig
    from agenthost._host.config.schema import Config
    from agenthost.state import Store, Stores

__all__ = ["Announcement", "announcing", "directory_of", "entries_of"]

_SCOPE = "directory of hosts"
_TICK = 0.5
"""The most seconds between two looks for changes of the served agents."""
_RENEWALS = 3
"""Renewals of an entry within its lease."""
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("agenthost.peers")


def directory_of(stores: Stores) -> Store:
    """Return the store of the directory."""
    return stores.own(_SCOPE)


async def entries_of(store: Store, host: str) -> list[object]:
    """Return the entries under the name of a host.

    Raises:
        StateUnavailable: the store does not answer.
    """
    keys = [key async for key in store.scan(f"{host}/")]
    entries = await asyncio.gather(*(store.get(key) for key in sorted(keys)))
    return [entry for entry in entries if entry is not None]


@frozen
class Announcement:
    """The addresses of a host for text and for calls, and its agents."""

    host: str
    url: str
    calls: str
    agents: tuple[str, ...]

    def signed(self, config: Config) -> dict[str, Any]:
        """Return the entry, signed for each key of the host."""
        signatures = {
            user: [self._signature(user, secret.digest) for secret in key.secret] for user, key in config.keys.items()
        }
        return {"url": self.url, "calls": self.calls, "agents": list(self.agents), "signed": signatures}

    @classmethod
    def read(cls, host: str, entry: object, user: str, digest: bytes) -> Announcement | None:
        """Return an entry that is signed for a key, or None.

        ``digest`` is that of the key's secret.
        """
        match entry:
            case {"url": str(url), "calls": str(calls), "agents": [*agents], "signed": {**signed}} if all(
                isinstance(agent, str) for agent in agents
            ):
                told, given = cls(host, url, calls, tuple(map(str, agents))), signed.get(user)
            case _:
                return None
        expected = told._signature(user, digest).encode()
        signatures = given if isinstance(given, list) else []
        return told if any(compare_digest(str(each).encode(), expected) for each in signatures) else None

    def _signature(self, user: str, digest: bytes) -> str:
        content = _encode((self.host, self.url, self.calls, self.agents, user))
        return blake2b(content, key=digest, digest_size=32, person=b"agenthost peer").hexdigest()


@asynccontextmanager
async def announcing(
    config: Callable[[], Config], stores: Stores, served: Callable[[], Sequence[str]]
) -> AsyncIterator[None]:
    """Announce this host during the block, if it is configured.

    ``served`` returns the keys of the agents to announce, and none before the host serves and once it stops.
    """
    host = config().host
    if host.announce is None:
        yield
        return
    entry = _Entry(host, config, directory_of(stores), served, f"{host.announce}/{secrets.token_hex(8)}")
    renewing = asyncio.create_task(entry.keep())
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(StateUnavailable, StateRefused):
            await entry.withdraw()


@define(eq=False)
class _Entry:
    """The entry of this process, by the configuration that it was started with."""

    _host: HostConfig
    _config: Callable[[], Config]
    _store: Store
    _served: Callable[[], Sequence[str]]
    _key: str
    _told: tuple[Config, Sequence[str]] | None = None
    _due: float = 0.0
    _failed: bool = field(default=False)

    async def keep(self) -> None:
        """Keep the entry up to date."""
        while True:
            try:
                await self._look()
                self._failed = False
            except (StateUnavailable, StateRefused) as error:
                if not self._failed:
                    _log.warning("this host is not announced to its peers: %s", error)
                self._failed = True
            await asyncio.sleep(min(_TICK, self._host.announce_lease / _RENEWALS))

    async def _look(self) -> None:
        config, agents, now = self._config(), self._served(), time.monotonic()
        if not agents:
            await self.withdraw()
        elif self._told != (config, agents) or now >= self._due:
            host = self._host
            url, calls = (str(host.announce_url or host.public_url), str(host.public_url or host.announce_url))
            told = Announcement(str(host.announce), url.rstrip("/"), calls.rstrip("/"), tuple(agents))
            await self._store.set(self._key, told.signed(config), ttl=host.announce_lease)
            if self._told is None:
                _log.info("this host is announced as %s at %s", told.host, told.url)
            self._told, self._due = (config, agents), now + host.announce_lease / _RENEWALS

    async def withdraw(self) -> None:
        """Remove the entry."""
        if self._told is not None:
            await self._store.delete(self._key)
            self._told = None
