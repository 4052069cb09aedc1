"""A published plan: everything that requests read, computed once.

Publishing replaces one reference, so that requests in flight finish with the plan they started with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from attrs import evolve, field, frozen

from agenthost._host.access.credentials import Credentials
from agenthost._host.access.principals import Door
from agenthost._host.access.tokens import LIFETIME
from agenthost._host.plan.reach import Reach, section_of
from agenthost._host.plan.routes import RouteTable
from agenthost._host.published.sip_resolver import SipResolver
from agenthost._host.published.what_is_served import QuarantinedPlugin, ServedAgent, UnservedAgent
from agenthost.agent.base import declared
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.access.tokens import Tokens
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.published.settings import Settings
    from agenthost._host.telemetry.metrics import Metrics
    from agenthost.swml import Template

__all__ = ["Published", "tokens_of"]


def _reveal(value: object) -> object:
    """Convert a setting that is not JSON, for ``_encode``."""
    return value.reveal() if isinstance(value, Secret) else repr(value)


_encode = msgspec.json.Encoder(enc_hook=_reveal).encode


@frozen(eq=False, kw_only=True)
class Published:
    """A plan, with everything that requests need."""

    plan: HostPlan
    table: RouteTable
    templates: Mapping[str, Template]
    """Each route's document; without gaps for the address where the public URL is configured."""
    tokens: Mapping[str, Tokens]
    sip: SipResolver
    named: tuple[ServedAgent, ...] = ()
    failed: tuple[UnservedAgent, ...] = ()
    doors: Mapping[str, Door] = field(factory=dict, repr=False)
    """By route, the pairs that open agents which have credentials of their own."""
    userinfo: Mapping[str, str] = field(factory=dict, repr=False)
    """By route, the credentials of those agents in the form of URLs."""
    reach: Reach = field(factory=Reach, repr=False)
    crossing: frozenset[str] = frozenset()
    """Routes of agents whose document names an agent that other credentials open."""
    earlier: Mapping[tuple[str, str], Published] = field(factory=dict, repr=False)
    """By path of an agent's endpoint and edition, what was published when calls began that are still kept on it."""
    pending: tuple[Mounted, ...] = ()
    """Agents that have not been built."""
    quarantined: tuple[QuarantinedPlugin, ...] = ()

    @classmethod
    def of(
        cls, plan: HostPlan, settings: Settings, generation: str, metrics: Metrics, before: Published | None
    ) -> Published:
        """Compute everything for a plan, without earlier plans.

        ``before`` was published with the same tokens of the host; its agents keep theirs.
        """
        agents = (*plan.agents, *plan.broken)
        own = {agent.route: found for agent in agents if (found := _own_credentials(agent, settings)) is not None}
        userinfo = {route: credentials.userinfo for route, credentials in own.items()}
        reach = Reach.of(settings.config, agents)
        return cls(
            plan=plan,
            table=RouteTable.of(plan.agents),
            templates={agent.route: _template(agent, plan, settings, userinfo, generation) for agent in plan.agents},
            tokens={agent.route: _tokens(agent, settings, generation, before) for agent in agents},
            sip=SipResolver(plan.routing(), plan.extensions.resolve_sip, metrics),
            named=tuple(ServedAgent(agent.key, agent.name, agent.route, agent.full_key) for agent in plan.agents),
            failed=tuple(UnservedAgent(item.key, item.distribution, item.version, item.state) for item in plan.failed),
            doors={
                agent.route: Door(own[agent.route].pairs, reach.holder(agent)) for agent in agents if agent.route in own
            },
            userinfo=userinfo,
            reach=reach,
            crossing=frozenset(agent.route for agent in plan.agents if _names_apart(plan, reach, agent)),
            pending=plan.pending,
            quarantined=tuple(
                QuarantinedPlugin(each.name, each.distribution, each.version)
                for each in plan.plugins
                if each.state == "quarantined"
            ),
        )

    def replacing(self, plan: HostPlan, settings: Settings, generation: str, agent: Mounted) -> Published:
        """Compute what changes in a plan in which one agent has replaced another.

        Both have the same names and the same credentials. What follows from the names of agents stays as it is: routes,
        aliases, ways between agents.
        """
        route = agent.route
        crosses = _names_apart(plan, self.reach, agent)
        return evolve(
            self,
            plan=plan,
            table=self.table.replacing(agent),
            templates={**self.templates, route: _template(agent, plan, settings, self.userinfo, generation)},
            tokens={**self.tokens, route: tokens_of(agent, settings, generation)},
            crossing=self.crossing | {route} if crosses else self.crossing - {route},
        )


def tokens_of(agent: Mounted, settings: Settings, generation: str) -> Tokens:
    """Return the host's tokens, or those with an agent's own secret or lifetime."""
    shared, serving = settings.tokens, agent.serving
    edition = shared.name(
        _encode((agent.key, agent.distribution, agent.version, agent.config.settings, agent.template.parts))
    )
    lifetime = serving.token_lifetime or shared.lifetime
    longest = max(lifetime, _longest_call(agent))
    return shared.of_agent(serving.token_secret, lifetime, longest, edition, generation)


def _tokens(agent: Mounted, settings: Settings, generation: str, before: Published | None) -> Tokens:
    if before is not None and before.table.agents.get(agent.route) is agent:
        return before.tokens[agent.route]
    return tokens_of(agent, settings, generation)


def _template(
    agent: Mounted, plan: HostPlan, settings: Settings, userinfo: Mapping[str, str], generation: str
) -> Template:
    """Return an agent's document, without gaps for the address where that is configured."""
    template = agent.template.located(plan.route_of, userinfo).of_generation(generation)
    if settings.origin is None:
        return template
    base = settings.base(*settings.origin, agent.route, userinfo.get(agent.route))
    return template.with_base(base.encode())


def _own_credentials(agent: Mounted, settings: Settings) -> Credentials | None:
    """Return an agent's own credentials, if its section has a password.

    They replace the host's.
    """
    section = section_of(settings.config, agent)
    if section is None or not section.accepted_passwords:
        return None
    first, *others = (password.reveal() for password in section.accepted_passwords)
    return Credentials(section.user or settings.credentials.user, first, tuple(others))


def _longest_call(agent: Mounted) -> int:
    """Return the longest duration of an agent's calls, in seconds.

    It is the ``max_duration`` of the agent's ``answer``, else four hours.
    """
    longest = (declared(agent.agent).draft.answer or {}).get("max_duration")
    if not isinstance(longest, int) or longest <= 0:
        return LIFETIME
    return max(longest, LIFETIME) if agent.dynamic else longest  # a call may be configured to last longer


def _names_apart(plan: HostPlan, reach: Reach, agent: Mounted) -> bool:
    """Return True if an agent's document names another one that other credentials open."""
    named = (plan.find(name) for _, name in agent.template.siblings)
    return any(reach.apart(agent, each) for each in named if each is not None)
