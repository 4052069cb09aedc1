"""A host for asynchronous tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar

from agenthost.state import Store
from agenthost.testing.host_core import HostCore

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from types import TracebackType

    from agenthost.health import ProbeResult
    from agenthost.testing.requests import Response

__all__ = ["AsyncHermeticHost"]

T = TypeVar("T")


class AsyncHermeticHost(HostCore):
    """A ``HermeticHost`` for asynchronous tests.

    It runs on an event loop of its own, so that it serves tests on any asyncio loop.

    Args:
        clock: as of ``HermeticHost``.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> Self:
        """Start to serve, if it does not serve yet.

        Returns:
            The host itself.

        Raises:
            ConfigurationError: the configuration is wrong.
            PlanError: an agent or a plugin fails.
        """
        await self._wait(self._start())
        return self

    async def aclose(self) -> None:
        """Leave the lifespans, and stop."""
        await asyncio.to_thread(self.close)

    async def routes(self) -> Mapping[str, str]:
        """Return the routes of the agents, by their keys."""
        return await self._wait(self._routes())

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        credentials: bool = True,
    ) -> Response:
        """Send a request to the host, see ``HermeticHost.request``."""
        return await self._wait(self._request(method, path, json, headers, credentials=credentials))

    async def state(self, agent: str) -> Store:
        """Return the store of an agent.

        Args:
            agent: its key or name.

        Raises:
            LookupError: there is no such agent.
        """
        store = await self._wait(self._state(agent))
        return Store(self._across(), store.scope)

    async def probe(self, name: str, agent: str | None = None) -> ProbeResult:
        """Run a probe now, see ``HermeticHost.probe``."""
        return await self._wait(self._probe(name, agent))

    async def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return await self._own_loop().wait(coroutine)
