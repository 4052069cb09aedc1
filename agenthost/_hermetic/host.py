"""A host in memory: from agents, plugins and a configuration to a front that serves.

It reads no file and no variable but those that it is given, and opens no port.
"""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen
from packaging.utils import canonicalize_name

from agenthost._discovery import AGENTS, PLUGINS, discover
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import AgentConfig
from agenthost._host.installer.environment import installer
from agenthost._host.packages.plugins import Plugins, PluginState
from agenthost._host.plan.load import load
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.background_thread import in_background_thread
from agenthost._host.runtime.start import make_runtime
from agenthost._web.front import Front
from agenthost.agent.base import declared, release
from agenthost.errors import PlanError
from agenthost.health import ProbeResult
from agenthost.hookspecs import hookimpl
from agenthost.secret import Secret
from agenthost.sip import SipCall
from agenthost.state.memory import memory_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from agenthost._discovery import Candidate
    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan
    from agenthost.agent.base import AgentBase
    from agenthost.conversation.models import ChatModel
    from agenthost.state import Entries, Store

__all__ = ["HostParts", "ServedInMemory"]

_PASSWORD = "for-tests-only"  # noqa: S105 - nothing but the program itself can reach the host
_KEY = "the signing key of a host in memory"
_DISTRIBUTION = "tests"
_MEMORY = "memory://"
_PROVIDER = "agenthost.builtin.state_memory"


@frozen
class HostParts:
    """The parts of a host in memory."""

    toml: str = ""
    """The text of agenthost.toml."""
    variables: Mapping[str, str] = MappingProxyType({})
    """The variables of the environment that the configuration may name."""
    agents: tuple[tuple[AgentBase, str | None], ...] = ()
    """Agents, each with its route, or None for its own."""
    plugins: tuple[tuple[str, object], ...] = ()
    """Plugins by name: objects, modules or classes."""
    distributions: tuple[str, ...] = ()
    """Installed distributions of which agents and plugins are served."""
    clock: Callable[[], float] = field(default=time.time, repr=False)
    """Returns the time in seconds since 1970."""


class _Offering:
    """A plugin that offers agents."""

    def __init__(self, agents: tuple[AgentBase, ...]) -> None:
        self._agents = agents

    @hookimpl
    def agents(self) -> list[AgentBase]:
        return list(self._agents)


class ServedInMemory:
    """A host that serves, see ``opened``."""

    def __init__(self, front: Front, plan: HostPlan) -> None:
        self.app = front
        self._plan = plan
        runtime = front.runtime
        self.user, self.password = runtime.credentials.user, runtime.credentials.password
        self.public_url = runtime.config.host.public_url
        self.sip_path = runtime.config.sip.path

    @classmethod
    @asynccontextmanager
    async def opened(cls, parts: HostParts, directory: Path) -> AsyncIterator[ServedInMemory]:
        """Serve the parts during the block, within their lifespans.

        ``directory`` exists, and is for the host's own files.

        Raises:
            ConfigurationError: the configuration is wrong.
            PlanError: an agent or a plugin fails, or a distribution offers none.
        """
        config = _configured(parts, directory)
        try:
            front, plan = await in_background_thread(lambda: _assembled(config, parts))
            async with front.opened(plan, _accepted) as served:
                yield cls(front, served)
        finally:
            for agent, _ in parts.agents:
                release(agent)

    @property
    def routes(self) -> Mapping[str, str]:
        """The route of each agent by its key."""
        return {agent.key: agent.route for agent in self._plan.agents}

    @property
    def probes(self) -> tuple[str, ...]:
        """The names of all probes, with the keys of their agents before a point."""
        reports = self.app.runtime.probing.reports()
        return tuple(f"{each.agent}.{each.name}" if each.agent is not None else each.name for each in reports)

    @property
    def entries(self) -> Entries:
        """The entries of the store."""
        return self.app.runtime.state

    def route_of(self, name: str) -> str | None:
        """Return the route of an agent by key, name or route."""
        found = self._plan.find(name)
        return name if name.startswith("/") else found.route if found is not None else None

    async def sip_route(self, call: Mapping[str, object]) -> str | None:
        """Return the route of the agent that answers a SIP request, or None."""
        runtime = self.app.runtime
        if runtime.published is None:
            return None
        moment = datetime.fromtimestamp(runtime.settings.clock(), UTC)
        decision = await runtime.published.sip.resolve(SipCall.of(call, moment))
        return self.route_of(decision.agent) if decision.agent is not None else None

    def model_of(self, route: str) -> ChatModel:
        """Return the language model of the agent at a route, else the default one.

        Raises:
            ModelRefused: there is no such model, or it could not be made.
        """
        names = (agent.model for agent in self._plan.agents if agent.route == route)
        return self._plan.models.find(next(names, None))

    def state_of(self, name: str) -> Store | None:
        """Return the store of an agent by key, name or route."""
        found = self._plan.find(name)
        return self.app.runtime.state.stores.agent(found.key) if found is not None else None

    async def probe(self, name: str, agent: str | None) -> ProbeResult | None:
        """Run a probe now, and return None if there is none of this name.

        ``agent`` is a key or a name; None for a probe of the host.
        """
        found = self._plan.find(agent) if agent is not None else None
        outcome = await self.app.runtime.probing.ask(name, found.key if found is not None else agent)
        return ProbeResult(outcome.ok, outcome.reason) if outcome is not None else None


def _configured(parts: HostParts, directory: Path) -> Config:
    file = directory / "agenthost.toml"
    file.write_text(parts.toml, encoding="utf-8")
    file.chmod(0o600)
    config = load_config(str(file), parts.variables, {"state_dir": str(directory / "state")})
    host = evolve(
        config.host,
        kept_password=None if config.host.accepted_passwords else Secret(_PASSWORD),
        kept_key=None if config.host.token_keys else Secret(_KEY),
    )
    state = config.state if config.state.url is not None else evolve(config.state, url=Secret(_MEMORY))
    agents = dict(config.agents)
    for agent, route in parts.agents:
        if route is not None:
            name = declared(agent).name
            agents[name] = evolve(agents.get(name, AgentConfig()), route=route)
    return evolve(config, host=host, state=state, agents=agents)


def _assembled(config: Config, parts: HostParts) -> tuple[Front, HostPlan]:
    """Return a host with the plan that it will serve."""
    front = Front(make_runtime(config, parts.clock), sip_path=config.sip.path)
    plan = _accepted(front.assemble(_plan(config, parts)))
    front.behind.litestar  # noqa: B018 - imports Litestar here, as the event loop is watched
    return front, plan


def _plan(config: Config, parts: HostParts) -> HostPlan:
    """Load the parts, and plan them as ``agenthost run`` does.

    Raises:
        PlanError: a distribution offers nothing.
    """
    candidates = _offered(parts.distributions)
    plugins = Plugins.load(config, candidates)
    for name, plugin in parts.plugins:
        plugins.add(plugin, PluginState(name, _DISTRIBUTION, "", "ready"), config)
    offering = _Offering(tuple(agent for agent, _ in parts.agents))
    plugins.add(offering, PluginState("agents of this host", _DISTRIBUTION, "", "ready"), config)
    loaded = load(config, candidates, plugins=plugins)
    memory = memory_provider(parts.clock)
    providers = tuple(
        (key, memory if key == _PROVIDER else provider) for key, provider in loaded.extensions.state_providers
    )
    return make_plan(config, evolve(loaded, extensions=evolve(loaded.extensions, state_providers=providers)))


def _offered(distributions: tuple[str, ...]) -> list[Candidate]:
    """Return the agents and plugins that distributions offer.

    Raises:
        PlanError: one offers nothing.
    """
    if not distributions:
        return []
    wanted = {canonicalize_name(distribution): distribution for distribution in distributions}
    found = [each for each in discover((AGENTS, PLUGINS)) if each.distribution in wanted]
    if missing := wanted.keys() - {each.distribution for each in found}:
        name = wanted[min(missing)]
        msg = f"no installed distribution {name!r} offers agents or plugins. fix: {installer().install(name)}"
        raise PlanError(msg)
    return found


def _accepted(plan: HostPlan) -> HostPlan:
    """Return the plan, if everything in it is served.

    Raises:
        PlanError: something is not.
    """
    failed = [(item.key, item.distribution, item.diagnosis) for item in plan.failed]
    failed += [(plugin.name, plugin.distribution, plugin.diagnosis) for plugin in plan.plugins]
    reasons = [
        f"{key}: {why.reason}." if distribution == _DISTRIBUTION else f"{key}: {why.reason}. fix: {why.remedy}"
        for key, distribution, why in failed
        if why is not None
    ]
    if plan.state.problem is not None:
        reasons.append(plan.state.problem)
    if reasons := [*reasons, *plan.refusals]:
        raise PlanError("; ".join(reasons))
    return plan
