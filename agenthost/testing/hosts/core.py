"""The common part of both hosts for tests: parts, start, end, and requests."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote, urlsplit

from attrs import evolve

from agenthost._hermetic.host import HostParts, ServedInMemory
from agenthost.agent.base import AgentBase
from agenthost.errors import DefinitionError
from agenthost.testing.clock import Clock
from agenthost.testing.hosts.own_loop import Across, OwnLoop
from agenthost.testing.hosts.requests import Response, exchange
from agenthost.testing.platform import AsgiClient, Platform, PlatformOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agenthost.conversation.models import ChatModel
    from agenthost.health import ProbeResult
    from agenthost.state import Entries, Store
    from agenthost.testing.platform import Call as EngineCall

__all__ = ["URL", "HostCore"]

URL = "http://agenthost.test"
"""The address of a host for tests, which answers only in its own process."""
_OWN_PATH = re.compile(r"https?://[^/\"]++([^\"?]*+)")
"""The path of a URL in JSON."""
_OWN_ENDPOINTS = ("/swaig", "/post_prompt")
"""The ends of the URLs of an agent's tools and summary."""


class HostCore:
    """The parts of a host, and the host once it serves.

    Args:
        clock: the clock for the expiry of stored values and tokens, and for the hours of SIP rules.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        if clock is not None and not isinstance(clock, Clock):
            given = type(clock).__name__
            raise DefinitionError(f"the clock of a host is a Clock, not {given}. fix: .add(agent) adds an agent")
        self.clock = clock or Clock()
        """The clock of the host. It stands still until it is set."""
        self._parts = HostParts(clock=self.clock)
        self._loop: OwnLoop | None = None
        self._ended = asyncio.Event()
        self._started: asyncio.Future[ServedInMemory] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._served: ServedInMemory | None = None
        self._calls: list[EngineCall] = []
        self._talks = 0

    def add(self, agent: AgentBase | Callable[[], AgentBase], *, route: str | None = None) -> Self:
        """Add an agent.

        Args:
            agent: the agent, or a class or function that makes one.
            route: its route. Defaults to the one that it declares, else ``/`` and its name.

        Returns:
            The host itself.

        Raises:
            DefinitionError: the object is not an agent, or the host serves already.
        """
        made = agent if isinstance(agent, AgentBase) else agent()
        if not isinstance(made, AgentBase):
            msg = f"a host takes agents, not {type(made).__name__}. fix: pass an object of a subclass of AgentBase"
            raise DefinitionError(msg)
        return self._with(agents=(*self._parts.agents, (made, route)))

    def add_plugin(self, plugin: object, name: str | None = None) -> Self:
        """Add a plugin.

        Args:
            plugin: a module or an object with hook implementations, or a class, which is built with its settings.
            name: its name, as in ``[plugins.NAME]``. Defaults to the last part of its module's or class's name.

        Returns:
            The host itself.

        Raises:
            DefinitionError: the host serves already.
        """
        named = getattr(plugin, "__name__", type(plugin).__name__)
        return self._with(plugins=(*self._parts.plugins, (name or named.rpartition(".")[2], plugin)))

    def installed(self, *distributions: str) -> Self:
        """Add the agents and plugins of installed packages, through their entry points.

        Args:
            distributions: names of distributions, such as ``agenthost-dental``.

        Returns:
            The host itself.

        Raises:
            DefinitionError: the host serves already.
        """
        return self._with(distributions=(*self._parts.distributions, *distributions))

    def config(self, toml: str, variables: Mapping[str, str] | None = None) -> Self:
        """Set the configuration, in place of an earlier one.

        Args:
            toml: the text of ``agenthost.toml``.
            variables: the environment variables that it names, as in ``{ env = "NAME" }``. No others exist.

        Returns:
            The host itself.

        Raises:
            DefinitionError: the host serves already.
        """
        return self._with(toml=toml, variables=dict(variables or {}))

    @property
    def url(self) -> str:
        """The address of the host, which answers only in this process."""
        return URL

    def close(self) -> None:
        """Leave the lifespans, and stop."""
        try:
            if self._loop is not None:
                self._loop.run(self._stop())
        finally:
            if self._loop is not None:
                self._loop.close()
                self._loop = None

    def _with(self, **parts: Any) -> Self:
        if self._served is not None:
            raise DefinitionError("the host serves already. fix: add everything before its first request")
        self._parts = evolve(self._parts, **parts)
        return self

    async def _start(self) -> ServedInMemory:
        """Serve, on the loop of the host."""
        if self._started is None:
            loop = asyncio.get_running_loop()
            self._started = loop.create_future()
            self._ended, self._serving = asyncio.Event(), loop.create_task(self._serve(self._started))
        self._served = await asyncio.shield(self._started)  # which several requests may wait for
        return self._served

    async def _serve(self, started: asyncio.Future[ServedInMemory]) -> None:
        """Open the host, and close it in the same task, as lifespans require."""
        try:
            with tempfile.TemporaryDirectory(prefix="agenthost-testing-") as folder:
                async with ServedInMemory.opened(self._parts, Path(folder)) as served:
                    started.set_result(served)
                    await self._ended.wait()
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _stop(self) -> None:
        self._served, self._started, serving, self._serving = None, None, self._serving, None
        for call in self._calls:
            await call.close()
        self._calls.clear()
        if serving is not None:
            self._ended.set()
            await serving

    def _own_loop(self) -> OwnLoop:
        if self._loop is None:
            self._loop = OwnLoop("agenthost-testing-host")
        return self._loop

    def _next_conversation(self) -> str:
        """Return the ID of another conversation, the same in each run."""
        self._talks += 1
        return f"conversation-{self._talks}"

    def _across(self) -> Entries:
        """Return the entries of the store, for any event loop."""
        assert self._served is not None
        return Across(self._served.entries, self._own_loop())

    async def _request(
        self, method: str, path: str, json: Any, headers: Mapping[str, str] | None, *, credentials: bool
    ) -> Response:
        served = await self._start()
        parts = urlsplit(path)
        pair = parts.netloc.rpartition("@")[0] or f"{quote(served.user)}:{quote(served.password)}"
        given = dict(headers or {})
        if credentials:
            encoded = base64.b64encode(unquote(pair).encode()).decode()
            given.setdefault("authorization", f"Basic {encoded}")
        below = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return await exchange(AsgiClient(served.app, URL), method, f"{URL}{below}", json, given)

    async def _begin(
        self,
        kind: str,
        target: str,
        options: PlatformOptions | None,
        model: ChatModel | None,
        **caller: Any,
    ) -> tuple[EngineCall, Mapping[str, str]]:
        """Begin a call of the simulated platform: ``call``, ``sip`` or ``chat``.

        Return it with the paths of agents whose documents were found at other paths.
        """
        served = await self._start()
        route = target if kind == "sip" else served.route_of(target)
        if route is None:
            raise LookupError(_no_agent(served, target))
        given = options if options is not None else PlatformOptions()
        placed = evolve(given, start=int(self.clock()), sip_path=served.sip_path)
        address = f"http://{quote(served.user, safe='')}:{quote(served.password, safe='')}@{URL.partition('://')[2]}"
        client = AsgiClient(served.app, address, (served.public_url,) if served.public_url else ())
        platform = Platform(client, placed, model=model or served.model_of(route))
        begin: Callable[..., Awaitable[EngineCall]] = getattr(platform, kind)
        call = await begin(route, **caller)
        self._calls.append(call)
        return call, await _named(served, call) if kind == "sip" else {}

    async def _routes(self) -> Mapping[str, str]:
        return (await self._start()).routes

    async def _state(self, agent: str) -> Store:
        served = await self._start()
        store = served.state_of(agent)
        if store is None:
            raise LookupError(_no_agent(served, agent))
        return store

    async def _probe(self, name: str, agent: str | None) -> ProbeResult:
        served = await self._start()
        result = await served.probe(name, agent)
        if result is None:
            whose = f"agent {agent!r}" if agent is not None else "the host"
            msg = f"{whose} has no probe {name!r}. There are: {', '.join(served.probes) or 'none'}"
            raise LookupError(msg)
        return result


def _no_agent(served: ServedInMemory, name: str) -> str:
    return f"there is no agent {name!r}. There are: {', '.join(served.routes) or 'none'}"


async def _named(served: ServedInMemory, call: EngineCall) -> Mapping[str, str]:
    """Return the path of the agent that a SIP address has led to."""
    for event in call.trace.of("document"):
        if event.data["agent_path"] == served.sip_path:
            paths = _OWN_PATH.findall(json.dumps(event.data["document"]))
            own = next((path for path in paths if path.endswith(_OWN_ENDPOINTS)), None)
            if own is not None:
                found = own.rpartition("/")[0] or "/"
            else:
                found = await served.sip_route(call.exchanges[0].body["call"])
            return {served.sip_path: found} if found is not None else {}
    return {}
