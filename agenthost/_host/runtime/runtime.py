"""The running host: what a request needs to know, ready to be read.

Everything that can be computed before a request comes is computed when a plan is published; publishing replaces one
reference, so requests in flight finish on the plan they began with.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from attrs import evolve, field, frozen

from agenthost._host.access.credentials import Credentials
from agenthost._host.calls.lifespans import Lifespans
from agenthost._host.calls.loop_watchdog import Watchdog, blocker_of
from agenthost._host.calls.observers import Observers
from agenthost._host.calls.stray_work import guarded
from agenthost._host.calls.tool_caller import ToolCaller
from agenthost._host.plan.routes import KEPT, RouteTable
from agenthost._host.runtime.condition import Condition, Named, Phase, Refusal
from agenthost._host.runtime.probing import Asked, Probing
from agenthost._host.runtime.shared_state import HostState
from agenthost._host.runtime.sip_resolver import SipResolver
from agenthost._host.runtime.sip_unmatched import Unmatched
from agenthost._host.runtime.tokens import Tokens
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.failures import Failures, new_error_id
from agenthost._host.telemetry.figures import Figures
from agenthost._host.telemetry.metrics import Metrics
from agenthost._version import __version__
from agenthost.agent.base import declared, overrides, serve_state
from agenthost.health import HostVitals
from agenthost.hosting import Host
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost.swml import Template

__all__ = ["Phase", "Published", "Runtime", "host_allowed"]

_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

_SAMPLED = 1.0
"""Seconds between two looks at what the metrics do not count by themselves."""


_MOST_KEPT = 4
"""Earlier plans that are kept for the calls that began with them."""


def _reveal(value: object) -> object:
    """What ``_encode`` writes for settings of an agent that JSON has no form for."""
    return value.reveal() if isinstance(value, Secret) else repr(value)


_encode = msgspec.json.Encoder(enc_hook=_reveal).encode


@frozen(eq=False)
class Published:
    """A plan, with everything a request needs beside it.

    Args:
        plan: the plan.
        table: its agents by route.
        templates: each route's document; without gaps for the address where the public URL is configured.
        tokens: each route's tokens.
        sip: decides who answers a SIP call.
        named: its agents as the health endpoints name them.
        failed: those that should be served and are not.
        earlier: by path of an agent's endpoint and edition, what was published when calls began that are still kept
            on it.
        pairs: by route, the pairs that open agents which have credentials of their own.
    """

    plan: HostPlan
    table: RouteTable
    templates: Mapping[str, Template]
    tokens: Mapping[str, Tokens]
    sip: SipResolver
    named: tuple[Named, ...] = ()
    failed: tuple[Refusal, ...] = ()
    pairs: Mapping[str, tuple[bytes, ...]] = field(factory=dict, repr=False)
    earlier: Mapping[tuple[str, str], Published] = field(factory=dict, repr=False)


class Runtime:
    """One host in one process.

    Args:
        config: the configuration.
        credentials: what callers present.
        tokens: mints and verifies tool tokens.
    """

    def __init__(self, config: Config, credentials: Credentials, tokens: Tokens) -> None:
        self.metrics = Metrics()
        self.unmatched = Unmatched()
        self.state = HostState(config, self.metrics.stored)
        self.figures = Figures(self.metrics, self.state.stores)
        self.watchdog = Watchdog(self.metrics, self._agents)
        self.probing = Probing(
            self.metrics,
            HostVitals(
                self.state.ping_in_use, lambda: self.watchdog.lag, config.host.state_dir, Secret(config.state.address)
            ),
        )
        self.caller = ToolCaller(
            metrics=self.metrics, observers=lambda: self.observers, held_up=lambda: self.watchdog.held_up
        )
        self.watchdog.listen(self.caller.gates.blocked)
        self._strays = Failures(logging.getLogger("agenthost.tools"))
        self._own_userinfo: Mapping[str, str] = {}
        self.phase = Phase.STARTING
        self.watched = False
        """Whether somebody, such as a balancer, asks for readiness."""
        self.settled = True
        """Whether the workers beside this one live long enough."""
        self.published: Published | None = None
        self.observers: Observers | None = None
        """Who is told of tool calls; None without any, so that nothing is done for them."""
        self.lifespans: Lifespans[Mounted | str] = Lifespans(_described, config.host.build_timeout, self._show)
        self._wanted: HostPlan | None = None
        self._showing = threading.Lock()
        self._kept: tuple[tuple[float, Published], ...] = ()
        self.configure(config, credentials, tokens)

    def configure(self, config: Config, credentials: Credentials, tokens: Tokens) -> None:
        """Go by a configuration from the next ``publish`` on; see the class."""
        self.config = config
        self.credentials = credentials
        self.tokens = tokens
        self._userinfo = credentials.userinfo
        self._origin: tuple[str, str] | None = None
        if config.host.public_url:
            scheme, _, rest = config.host.public_url.partition("://")
            self._origin = (scheme, rest)

    def publish(self, plan: HostPlan, *, keep: float = 0.0) -> None:
        """Serve ``plan`` from now on; an agent that has a lifespan, once that has begun.

        Args:
            plan: the plan.
            keep: seconds in which calls that have begun stay with the agents that they began with.
        """
        with self._showing:
            self.give_state(plan)
            self._wanted = plan
            if keep and self.published is not None:
                self._kept = ((time.monotonic() + keep, evolve(self.published, earlier={})), *self._kept)[:_MOST_KEPT]
            self.lifespans.want(self._makers(plan) | self._still_kept())
            self._publish(self._begun(plan))

    def forget(self) -> None:
        """Let go of what has been kept for its time; calls that still go on are answered by what is served now."""
        with self._showing:
            if self._wanted is not None:
                self.lifespans.want(self._makers(self._wanted) | self._still_kept())
                self._publish(self._begun(self._wanted))

    def _still_kept(self) -> dict[Mounted | str, Callable[[], object]]:
        """The lifespans of agents that calls may still go on with."""
        now = time.monotonic()
        self._kept = tuple(item for item in self._kept if item[0] > now)
        return _lifespans_of(agent for _, published in self._kept for agent in published.plan.agents)

    def _earlier(self, served: frozenset[Mounted], tokens: Mapping[str, Tokens]) -> dict[tuple[str, str], Published]:
        """Where the tokens of agents lead that are no longer served as they were.

        Those of an agent that was built anew and says the same lead to the new one: its own cannot be told from them.

        Args:
            served: the agents that are served now.
            tokens: theirs, by route.
        """
        editions = {(route, each.edition) for route, each in tokens.items()}
        gone = [
            (agent.route, published)
            for _, published in reversed(self._kept)  # the newest has the last word
            for agent in published.plan.agents
            if agent not in served and (agent.route, published.tokens[agent.route].edition) not in editions
        ]
        return {
            (f"{route.rstrip('/')}/{endpoint}", published.tokens[route].edition): published
            for route, published in gone
            for endpoint in KEPT
        }

    async def begin(self, plan: HostPlan) -> HostPlan:
        """Begin what agents and plugins of ``plan`` keep open, on this event loop.

        Returns:
            The plan as it can be served: whose lifespan did not begin is set aside.
        """
        before = self._makers(self._wanted) if self._wanted is not None else {}
        self.lifespans.want(before | self._makers(plan) | self._still_kept())
        await self.lifespans.open()
        return self._begun(plan)

    def _makers(self, plan: HostPlan) -> dict[Mounted | str, Callable[[], object]]:
        makers: dict[Mounted | str, Callable[[], object]] = {}
        if plan.lifespans:
            routes = {agent.key: agent.route for agent in plan.agents}
            host = Host(__version__, self.config.host.public_url, routes, self.state.stores.shared("host"))
            makers |= {key: partial(function, host=host) for key, function in plan.lifespans}
        return makers | _lifespans_of(plan.agents)

    def _begun(self, plan: HostPlan) -> HostPlan:
        """The plan with what has begun; what failed is set aside, what is still beginning is not there yet."""
        for key, _ in plan.lifespans:
            if error := self.lifespans.error(key):
                plan = plan.with_failed_plugin(key, error)
        for agent in plan.agents:
            if error := self.lifespans.error(agent):
                plan = plan.with_failed_agent(agent, error)
        if all(self.lifespans.begun(agent) for agent in plan.agents):
            return plan
        return evolve(plan, agents=tuple(agent for agent in plan.agents if self.lifespans.begun(agent)))

    def _show(self) -> None:
        """Publish again, after a lifespan has begun or failed."""
        with self._showing:
            if self._wanted is not None:
                self._publish(self._begun(self._wanted))

    def _publish(self, plan: HostPlan) -> None:
        if plan.observers and self.observers is None:
            self.observers = Observers(plan.observers, self.metrics)
        own = {agent.route: found for agent in plan.agents if (found := self._own_credentials(agent)) is not None}
        self._own_userinfo = userinfo = {route: credentials.userinfo for route, credentials in own.items()}
        templates = {agent.route: agent.template.located(plan.route_of, userinfo) for agent in plan.agents}
        if self._origin is not None:
            templates = {
                route: template.with_base(self.base(route, "", "").encode()) for route, template in templates.items()
            }
        tokens = {agent.route: self.tokens_of(agent) for agent in plan.agents}
        self.probing.use(_asked(plan))
        sip = SipResolver(plan.routing(), plan.sip, self.metrics)
        named = tuple(Named(agent.key, agent.name, agent.route) for agent in plan.agents)
        failed = tuple(Refusal(item.key, item.distribution, item.version, item.state) for item in plan.failed)
        pairs = {route: credentials.pairs for route, credentials in own.items()}
        served = frozenset(plan.agents)
        earlier = self._earlier(served, tokens)
        table = RouteTable.of(plan.agents)
        self.published = Published(plan, table, templates, tokens, sip, named, failed, pairs, earlier)
        self.caller.gates.forget(lambda agent: agent not in served)
        if self.phase is Phase.STARTING:
            self.phase = Phase.SERVING

    def condition(self, details: bool = False) -> Condition:  # noqa: FBT001, FBT002 - the one question
        """How the host is doing at this moment; from any thread.

        Args:
            details: whether each probe is told by name.
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
            self.probing.known() if details else (),
            frozenset(agent.key for agent in self.caller.gates.broken),
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep the store open with the figures, ask the probes, and watch what agents do, during the block."""
        with guarded(self._owner_of, self._strays, self._stray):
            async with (
                self.state.opened(),
                self.figures.kept(),
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

    def sample(self) -> None:
        """Note in the metrics what they do not count by themselves: how things stand at this moment."""
        self.metrics.load(self.caller.gates.loads())
        published = self.published
        if published is not None:
            states = dict.fromkeys(("quarantined", "conflict", "disabled"), 0) | Counter(
                item.state for item in published.plan.set_aside
            )
            self.metrics.states({"ready": len(published.plan.agents), **states}, ready=self.condition().ready)

    @asynccontextmanager
    async def _sampled(self) -> AsyncIterator[None]:
        """Sample again and again, so that what one worker tells of the others is never old."""
        sampling = asyncio.create_task(self._keep_sampling())
        try:
            yield
        finally:
            sampling.cancel()

    async def _keep_sampling(self) -> None:
        while True:
            self.sample()
            await asyncio.sleep(_SAMPLED)

    def exited(self, error: BaseException) -> None:
        """Take notice of a callback that wanted to end the process, or stopped the event loop, which has been run on.

        Args:
            error: what ``agenthost._host.calls.stray_work.run_on`` tells; its traceback names the agent, if anything
                does.
        """
        error_id, wanted = new_error_id(), isinstance(error, (SystemExit, KeyboardInterrupt))
        owner = self._blocker(error.__traceback__) if wanted else Owner("", "code", "loop.stop()")
        how = f"wanted to end the process: {type(error).__name__}" if wanted else "stopped it"
        self._strays.failed(owner, error, error_id, words=f"a callback of the event loop, {{}}, {how}")
        self.metrics.failed(owner)
        self.caller.gates.exited(owner, error_id)

    def _owner_of(self, failed: threading.ExceptHookArgs) -> Owner:
        """Find the owner of the code that failed in a thread, as far as its traceback tells."""
        return self._blocker(failed.exc_traceback)

    def _blocker(self, trace: TracebackType | None) -> Owner:
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        return blocker_of(trace.tb_frame if trace is not None else None, self._agents())

    def _stray(self, owner: Owner) -> None:
        """Count a failure that nobody waited for."""
        if owner.agent:
            self.metrics.failed(owner)

    def _agents(self) -> tuple[Mounted, ...]:
        return self.published.plan.agents if self.published is not None else ()

    def give_state(self, plan: HostPlan) -> None:
        """Let the agents of a plan reach their state."""
        self.state.use(plan.state)
        for agent in plan.agents:
            serve_state(agent.agent, agent.key, self.state.stores)
            if (elsewhere := declared(agent.agent).elsewhere) is not None:
                elsewhere.follow(self.metrics)

    def _own_credentials(self, agent: Mounted) -> Credentials | None:
        """What opens an agent for which the configuration names a password; the host's does not, then."""
        section = self.config.agents.get(agent.full_key) or self.config.agents.get(agent.key)
        if section is None or not section.accepted_passwords:
            return None
        first, *others = (password.reveal() for password in section.accepted_passwords)
        return Credentials(section.user or self.credentials.user, first, tuple(others))

    def tokens_of(self, agent: Mounted) -> Tokens:
        """The host's tokens, or those of an agent that has a secret or a lifetime of its own."""
        alone = agent.alone
        own = [alone.token_secret.encode()] if alone.token_secret is not None else []
        settings = agent.built.config.settings if agent.built is not None else {}
        edition = self.tokens.name(
            _encode((agent.key, agent.distribution, agent.version, settings, agent.template.parts))
        )
        return Tokens([*own, *self.tokens.keys], alone.token_lifetime or self.tokens.lifetime, edition)

    def base(self, route: str, scheme: str, authority: str) -> str:
        """The address of ``route`` with credentials, as documents carry it.

        It is built from the configured public URL; where there is none, from the address that this very request was
        sent to, which ``host_allowed`` has checked. Nothing of a request is kept.

        Args:
            route: an agent's route.
            scheme: the request's.
            authority: the request's ``Host``, and the path before its routes where there is one.
        """
        scheme, authority = self._origin or (scheme, authority)
        userinfo = self._own_userinfo.get(route, self._userinfo)
        return f"{scheme}://{userinfo}@{authority}{'' if route == '/' else route}"

    def origin(self, scheme: str, authority: str) -> str:
        """The host's own address, without credentials; see ``base``."""
        scheme, authority = self._origin or (scheme, authority)
        return f"{scheme}://{authority}"


def _lifespans_of(agents: Iterable[Mounted]) -> dict[Mounted | str, Callable[[], object]]:
    """The lifespans of those that have one of their own."""
    return {agent: agent.agent.lifespan for agent in agents if overrides(agent.agent, "lifespan")}


def _described(owner: Mounted | str) -> str:
    return f"plugin {owner}" if isinstance(owner, str) else f"agent {owner.key}"


def _asked(plan: HostPlan) -> Iterator[Asked]:
    """The probes of a plan, each with the key of its agent; those of agents that are not served are left out."""
    for agent in plan.agents:
        for probe in agent.probes:
            yield Asked(agent.key, probe)
    for source, probe in plan.probes:
        if probe.agent is None:
            yield Asked(source, probe)
        elif (found := plan.find(probe.agent)) is not None:
            yield Asked(source, probe if probe.agent == found.key else evolve(probe, agent=found.key))


def host_allowed(host: bytes) -> bool:
    """Whether a ``Host`` header is a host name or address with an optional port."""
    return _HOST.fullmatch(host) is not None
