"""A host for tests that are not asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from agenthost.testing.host_core import HostCore

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from types import TracebackType

    from agenthost.health import ProbeResult
    from agenthost.state import SyncStore
    from agenthost.testing.requests import Response

__all__ = ["HermeticHost"]

T = TypeVar("T")


class HermeticHost(HostCore):
    """A complete host in this process, which ignores its surroundings.

    It has a memory store and keys of its own, reads no ``agenthost.toml`` and no environment variables, and opens no
    port. It starts with its first request, enters the lifespans of agents and plugins, and runs until ``close`` or the
    end of its ``with`` block. It fails where ``agenthost run`` would set an agent or a plugin aside.

    Args:
        clock: the clock for the expiry of stored values and tokens, and for the hours of SIP rules. Defaults to one
            that stands still on Monday, 5 January 2026, at 9:00 UTC.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Self:
        """Start to serve, if it does not serve yet.

        Returns:
            The host itself.

        Raises:
            ConfigurationError: the configuration is wrong.
            PlanError: an agent or a plugin fails.
        """
        self._run(self._start())
        return self

    @property
    def routes(self) -> Mapping[str, str]:
        """The routes of the agents, by their keys."""
        return self._run(self._routes())

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        credentials: bool = True,
    ) -> Response:
        """Send a request to the host.

        Args:
            method: the method, such as ``POST``.
            path: the path, with a query if it needs one, or a URL from one of the host's documents.
            json: the body, unless it is None.
            headers: further headers.
            credentials: whether the request has credentials: those in the URL, else the host's.
        """
        return self._run(self._request(method, path, json, headers, credentials=credentials))

    def state(self, agent: str) -> SyncStore:
        """Return the store of an agent.

        Args:
            agent: its key or name.

        Raises:
            LookupError: there is no such agent.
        """
        return self._run(self._state(agent)).sync

    def probe(self, name: str, agent: str | None = None) -> ProbeResult:
        """Run a probe now.

        Args:
            name: its name.
            agent: key or name of its agent. None for a probe of the host.

        Raises:
            LookupError: there is no such probe.
        """
        return self._run(self._probe(name, agent))

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._own_loop().run(coroutine)
