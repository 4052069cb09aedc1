"""The runtime of a host in one process: its plan, and what runs beside requests."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from attrs import evolve

from agenthost._host.access.host_facts import ConfiguredFacts
from agenthost._host.calls.lifespans import Lifespans
from agenthost._host.calls.loop_watchdog import Watchdog
from agenthost._host.calls.observers import Observers
from agenthost._host.calls.tool_caller import ToolCaller
from agenthost._host.peers.directory import announcing
from agenthost._host.plan.reach import Reach, section_of
from agenthost._host.published.earlier_plans import EarlierPlans
from agenthost._host.published.published import Published, tokens_of
from agenthost._host.published.sip_unmatched import UnmatchedUsers
from agenthost._host.runtime.condition import Condition, Phase
from agenthost._host.runtime.probing import Probing, sourced_probes
from agenthost._host.runtime.shared_state import HostState
from agenthost._host.runtime.stray_failures import StrayFailures
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.figures import Figures
from agenthost._host.telemetry.metrics import Metrics
from agenthost._host.telemetry.recent_calls import CallNotes
from agenthost._version import __version__
from agenthost.agent.base import declared, serve_facts, serve_state
from agenthost.agent.state_use import may_use_state
from agenthost.errors import AgentHostError
from agenthost.health import HostVitals
from agenthost.hosting import Host
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from agenthost._host.access.credentials import Credentials
    from agenthost._host.access.open_calls import OpenCalls
    from agenthost._host.access.tokens import Tokens
    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan, Replaced
    from agenthost._host.published.settings import Settings
    from agenthost.hosting import TurnSteps

__all__ = ["Runtime"]

_SAMPLED = 1.0
"""Seconds between two samples of gauges."""


class Runtime:
    """One host in one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        config = settings.config
        self.metrics = Metrics()
        self.unmatched = UnmatchedUsers()
        self.notes = CallNotes(lambda: self.settings.config.recording.days > 0)
        self.state = HostState(lambda: self.config, self.metrics.stored, self.notes.changed)
        self.figures = Figures(self.metrics, self.state.stores)
        self.watchdog = Watchdog(self.metrics, self._agents)
        self.probing = Probing(
            self.metrics,
            HostVitals(
                self.state.probe_in_use, lambda: self.watchdog.lag, config.host.state_dir, Secret(config.state.address)
            ),
        )
        self.caller = ToolCaller(
            metrics=self.metrics,
            observers=lambda: self.observers,
            held_up=lambda: self.watchdog.held_up,
            note=self.notes.tool_ended,
        )
        self.watchdog.listen(self.caller.gates.blocked)
        self.resume_turn: Callable[[HostPlan, object, TurnSteps, int], Awaitable[None]] | None = None
        """Goes on with a turn of a process that has died; None until conversations can be served."""
        self.strays = StrayFailures(self._agents, self.metrics, self.caller.gates)
        self.reach = Reach()
        self.phase = Phase.STARTING
        self._stopping = False
        self.generation = ""
        """The name of this generation of processes in tokens, if there may be others."""
        self.calls: OpenCalls | None = None
        self.watched = False
        """True if something, such as a load balancer, asks for readiness."""
        self.replaced = False
        """True once another process takes all requests, so that nothing has to be announced."""
        self.settled = True
        """True while the other workers live long enough."""
        self.differing: set[str] = set()
        """Distributions whose files have changed since they were loaded."""
        self.published: Published | None = None
        self.observers: Observers | None = None
        """The observers of tool calls, or None, so that calls without observers cost nothing."""
        self.lifespans: Lifespans[Mounted | str] = Lifespans(
            _owner_of, lambda: self.config.host.build_timeout, self._show
        )
        self._wanted: HostPlan | None = None
        self._overriding: WeakKeyDictionary[HostPlan, dict[Mounted | str, Callable[[], object]]] = WeakKeyDictionary()
        self._showing = threading.Lock()
        self._earlier = EarlierPlans()
        self._uses_state: WeakKeyDictionary[Mounted, bool] = WeakKeyDictionary()

    @property
    def config(self) -> Config:
        """The configuration that is served by."""
        return self.settings.config

    @property
    def credentials(self) -> Credentials:
        """The credentials that callers present."""
        return self.settings.credentials

    @property
    def tokens(self) -> Tokens:
        """Mints and verifies tool tokens."""
        return self.settings.tokens

    @property
    def wanted(self) -> HostPlan | None:
        """The plan that is served, with agents whose lifespan has not started yet."""
        return self._wanted

    def publish(
        self,
        plan: HostPlan,
        *,
        keep: float = 0.0,
        settings: Settings | None = None,
        replaced: Replaced | None = None,
    ) -> None:
        """Serve ``plan`` from now on.

        An agent with a lifespan is served once that has started. Any thread may call this: requests see a change only
        when everything is ready.

        ``keep`` is a number of seconds in which calls that have begun stay with the agents that they began with.
        ``settings`` are the ones to serve by; None for the present ones. ``replaced`` is the only agent that differs
        from the plan before, if that is known.
        """
        settings = settings or self.settings
        with self._showing:
            before = self.published
            one = replaced if before is not None and replaced is not None and before.plan is replaced.plan else None
            self.give_state(plan, settings, None if one is None else one.by)
            self._wanted = plan
            if keep and before is not None:
                self._earlier.keep(before, keep)
            self.lifespans.want(self._makers(plan) | self._still_kept())
            begun = self._begun(plan)
            if before is not None and one is not None and begun is plan:
                self._publish_one(before, plan, settings, one.by)
            else:
                self._publish(begun, settings)

    def forget(self) -> None:
        """Discard earlier plans whose time is over.

        Calls that still use them continue with the present plan.
        """
        with self._showing:
            plan, published = self._wanted, self.published
            if plan is None or published is None:
                return
            self.lifespans.want(self._makers(plan) | self._still_kept())
            begun = self._begun(plan)
            if begun is published.plan:
                self._serve(published, self.settings)
            else:
                self._publish(begun, self.settings)

    def _still_kept(self) -> dict[Mounted | str, Callable[[], object]]:
        """Return the lifespans of agents of earlier plans that calls may still use."""
        return {agent: maker for plan in self._earlier.plans() for agent, maker in self._lifespans_of(plan).items()}

    async def begin(self, plan: HostPlan) -> HostPlan:
        """Start the lifespans of the agents and plugins of ``plan``, on this event loop.

        Returns:
            The plan without agents whose lifespan failed, which are quarantined.
        """
        before = self._makers(self._wanted) if self._wanted is not None else {}
        beginning = [agent for agent in self._lifespans_of(plan) if not isinstance(agent, str) and agent not in before]
        if beginning:
            reach = Reach.of(self.config, plan.agents)
            for agent in beginning:
                self._give_state_to(agent, reach)
        self.lifespans.want(before | self._makers(plan) | self._still_kept())
        await self.lifespans.open()
        return self._begun(plan)

    def _makers(self, plan: HostPlan) -> dict[Mounted | str, Callable[[], object]]:
        makers: dict[Mounted | str, Callable[[], object]] = {}
        if plan.extensions.lifespan:
            routes = {agent.key: agent.route for agent in plan.agents}
            state = self.state.stores.shared("host")
            host = Host(__version__, self.config.host.public_url, routes, state, self._resume)
            makers |= {key: partial(function, host=host) for key, function in plan.extensions.lifespan}
        return makers | self._lifespans_of(plan)

    async def _resume(self, turn: object, steps: TurnSteps, attempt: int) -> None:
        """Go on with a turn whose process has died.

        Raises:
            AgentHostError: the host does not serve yet.
        """
        if self.resume_turn is None or self.published is None:
            raise AgentHostError("the host does not serve yet: a turn cannot go on.")
        await self.resume_turn(self.published.plan, turn, steps, attempt)

    def _lifespans_of(self, plan: HostPlan) -> dict[Mounted | str, Callable[[], object]]:
        """Return the lifespans of agents that override it, or have skills that do.

        They are looked for once in each plan, as there may be thousands of agents.
        """
        found = self._overriding.get(plan)
        if found is None:
            found = self._overriding[plan] = {
                agent: make for agent in plan.agents if (make := agent.lifespan) is not None
            }
        return found

    def _begun(self, plan: HostPlan) -> HostPlan:
        """Return the plan of agents whose lifespan has started.

        Failed ones are quarantined, and starting ones are left out.
        """
        for key, _ in plan.extensions.lifespan:
            if error := self.lifespans.error(key):
                plan = plan.with_failed_plugin(key, error)
        own = [agent for agent in self._lifespans_of(plan) if not isinstance(agent, str)]
        for agent in own:
            if error := self.lifespans.error(agent):
                plan = plan.with_failed_agent(agent, error)
        if all(self.lifespans.begun(agent) for agent in own):
            return plan
        return evolve(plan, agents=tuple(agent for agent in plan.agents if self.lifespans.begun(agent)))

    def _show(self) -> None:
        """Publish again, after a lifespan has started or failed.

        One of a plan that is not served yet changes nothing.
        """
        with self._showing:
            if self._wanted is None:
                return
            plan = self._begun(self._wanted)
            if self.published is None or self.published.plan is not plan:
                self._publish(plan, self.settings)

    def _publish(self, plan: HostPlan, settings: Settings) -> None:
        if plan.extensions.tool_called and self.observers is None:
            self.observers = Observers(plan.extensions.tool_called, self.metrics)
        before = self.published if settings.tokens == self.settings.tokens else None
        published = Published.of(plan, settings, self.generation, self.metrics, before)
        self.probing.use(sourced_probes(plan))
        self._serve(published, settings)
        if self.phase is Phase.STARTING:
            self.phase = Phase.DRAINING if self._stopping else Phase.SERVING

    def _publish_one(self, before: Published, plan: HostPlan, settings: Settings, agent: Mounted) -> None:
        """Publish a plan in which one agent has replaced another, see ``Published.replacing``."""
        if before.table.agents[agent.route].probes or agent.probes:
            self.probing.use(sourced_probes(plan))
        self._serve(before.replacing(plan, settings, self.generation, agent), settings)

    def _serve(self, published: Published, settings: Settings) -> None:
        """Publish with the present earlier plans, without gates of removed agents.

        Everything is computed first, so that no request sees new settings with an old plan.
        """
        served = frozenset(published.plan.agents)
        published = self._earlier.added_to(published, served)
        self.settings, self.reach, self.published = settings, published.reach, published
        self.caller.gates.forget(lambda agent: agent not in served)

    def drain(self) -> None:
        """Tell clients to leave, as the host stops.

        A host that has served nothing yet is still starting: it has no agents to tell about.
        """
        self._stopping = True
        if self.phase is Phase.SERVING:
            self.phase = Phase.DRAINING

    def condition(self, details: bool = False) -> Condition:  # noqa: FBT001, FBT002 - the only argument
        """Return the present condition of the host.

        Any thread may call this.
        """
        published = self.published
        return Condition(
            self.phase,
            published.named if published is not None else (),
            published.failed if published is not None else (),
            self.probing.verdict,
            self.state.ready,
            self.settled,
            self.watchdog.stands_still,
            self.probing.reports() if details else (),
            frozenset(agent.key for agent in self.caller.gates.broken),
            frozenset(self.differing),
            self._built(),
            self.state.problem,
            published.quarantined if published is not None else (),
            frozenset() if self.state.ready or published is None else self._without_state(published.plan),
        )

    def _without_state(self, plan: HostPlan) -> frozenset[str]:
        return frozenset(agent.key for agent in plan.agents if not self.may_use_state(agent))

    def may_use_state(self, agent: Mounted) -> bool:
        """Return False if no code of an agent is known to use shared state."""
        if agent.key in self.state.users:
            return True
        known = self._uses_state.get(agent)
        if known is None:
            known = self._uses_state[agent] = not agent.built_yet or may_use_state(agent.agent)
        return known

    def _built(self) -> int | None:
        published = self.published
        if published is None or self.config.host.build == "eager":
            return None
        return len(published.plan.agents) - len(published.pending)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Run store, figures, probes and watchdog during the block."""
        with self.strays.guarding():
            async with (
                self.state.opened(),
                announcing(lambda: self.config, self.state.stores, self._announced),
                self.figures.stored_regularly(),
                self.probing.asking(),
                self.watchdog.watching(),
                self._sampled(),
            ):
                self.caller.loop = asyncio.get_running_loop()
                try:
                    yield
                finally:
                    self.caller.loop = None
                    self.metrics.count()
                    await self.lifespans.close()
                    if self.observers is not None:
                        self.observers.close()
                        self.observers = None

    def _announced(self) -> tuple[str, ...]:
        """Return the agents that this process serves, without those of other hosts."""
        published = self.published
        if published is None or self.phase is not Phase.SERVING or self.replaced:
            return ()
        from agenthost._host.peers.peer_agent import PeerAgent  # noqa: PLC0415 - only for hosts that are announced

        agents = published.plan.agents
        return tuple(each.key for each in agents if not (each.built_yet and isinstance(each.agent, PeerAgent)))

    def sample(self) -> None:
        """Update the gauges of the metrics."""
        self.metrics.load(self.caller.gates.loads())
        published = self.published
        if published is not None:
            states = dict.fromkeys(("quarantined", "conflict", "disabled", "elsewhere"), 0) | Counter(
                item.state for item in published.plan.set_aside
            )
            self.metrics.states({"ready": len(published.plan.agents), **states}, ready=self.condition().ready)
            self.metrics.packages(changed=len(self.differing), quarantined=len(published.quarantined))

    @asynccontextmanager
    async def _sampled(self) -> AsyncIterator[None]:
        """Update the gauges regularly, so that those of every worker are fresh."""
        sampling = asyncio.create_task(self._keep_sampling())
        try:
            yield
        finally:
            sampling.cancel()

    async def _keep_sampling(self) -> None:
        while True:
            self.sample()
            await asyncio.sleep(_SAMPLED)

    def _agents(self) -> tuple[Mounted, ...]:
        return self.published.plan.agents if self.published is not None else ()

    def give_state(self, plan: HostPlan, settings: Settings | None = None, only: Mounted | None = None) -> None:
        """Connect the agents of a plan, or only one of them, to their state."""
        self.state.use(plan.state)
        reach = self.reach if only is not None else Reach.of((settings or self.settings).config, plan.agents)
        if self.published is None:
            self.reach = reach
        for agent in (only,) if only is not None else plan.agents:
            self._give_state_to(agent, reach)

    def _give_state_to(self, agent: Mounted, reach: Reach) -> None:
        principal, stores = reach.principal(agent), self.state.stores
        serve_state(agent.agent, agent.key, stores.within(principal) if principal else stores)
        serve_facts(agent.agent, agent.route, partial(self._facts_of, agent))
        if (own_process := declared(agent.agent).own_process) is not None:
            own_process.follow(self.metrics)

    def _facts_of(self, agent: Mounted) -> ConfiguredFacts:
        secret = agent.serving.token_secret
        return ConfiguredFacts(self.config, agent.route, section_of(self.config, agent), secret, lambda config: config)

    def tokens_of(self, agent: Mounted) -> Tokens:
        """Return the host's tokens, or those with an agent's own secret or lifetime."""
        return tokens_of(agent, self.settings, self.generation)

    def base(self, route: str, scheme: str, authority: str, userinfo: str | None = None) -> str:
        """Return the URL of ``route`` with credentials, as in documents.

        It is built from the configured public URL, or without one, from the address of this request, which
        ``host_allowed`` has checked. Nothing of a request is stored.

        ``authority`` is the request's ``Host``, and the path before its routes where there is one. ``userinfo`` is
        other credentials than those that open the agent for good.
        """
        scheme, authority = self.settings.origin or (scheme, authority)
        if userinfo is None and self.published is not None:
            userinfo = self.published.userinfo.get(route)
        return self.settings.base(scheme, authority, route, userinfo)

    def origin(self, scheme: str, authority: str) -> str:
        """Return the host's own URL, without credentials, see ``base``."""
        scheme, authority = self.settings.origin or (scheme, authority)
        return f"{scheme}://{authority}"


def _owner_of(lifespan: Mounted | str) -> Owner:
    return Owner("", "plugin", lifespan) if isinstance(lifespan, str) else Owner(lifespan.key, "lifespan")
