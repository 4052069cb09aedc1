"""Reach: agents with credentials of their own, ways to them, and unknown names."""

from __future__ import annotations

from hashlib import blake2b
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost._host.access.principals import CALL, HOST, TEXT, Principal
from agenthost._host.config.schema import ALL_AGENTS
from agenthost.agent.base import declared
from agenthost.tools.named_agents import constants_given
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from agenthost._host.config.schema import AgentConfig, Config
    from agenthost._host.packages.selection import SelectedAgent
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.agent_names import Named

__all__ = ["SIP", "Reach", "named_in_code", "read_code", "section_of", "unknown_agents"]

SIP = "sip"
"""The host's own SIP endpoint, as ``reachable_from`` names it."""
_EVERYBODY = "*"
_TO_AGENTS, _TO_CONTEXTS = "hand_over", "swml_change_context"
_READ = "__agenthost_names__"
"""The attribute of a class that keeps the names in its code."""
_NO_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def section_of(config: Config, agent: Mounted) -> AgentConfig | None:
    """Return the section of a served agent, if it has one."""
    return config.agents.get(agent.full_key) or config.agents.get(agent.key)


def unknown_agents(config: Config, selected: Iterable[SelectedAgent]) -> Iterator[str]:
    """Yield a sentence about each agent of a key that is not installed."""
    names = {name for agent in selected for name in (agent.key, agent.full_key)}
    for key, table in config.keys.items():
        for number, name in enumerate(table.agents):
            if name != ALL_AGENTS and name not in names:
                place = config.place("keys", key, "agents").at(number)
                yield f"{place}: {name!r}, which the key should open, is not installed. fix: agenthost agents lists all"


@frozen(eq=False)
class Reach:
    """The agents of a plan that have credentials of their own."""

    principals: Mapping[str, str] = field(factory=dict)
    """By route, a name for those who hold the agent's credentials. Agents that the same credentials open share it, and
    it does not change with the password."""
    origins: Mapping[str, frozenset[str]] = field(factory=dict)
    """By route, the agents that may lead a call there, as ``reachable_from`` names them."""

    @classmethod
    def of(cls, config: Config, agents: Iterable[Mounted]) -> Reach:
        """Read the sections of agents."""
        holders: dict[tuple[str, ...], str] = {}
        principals, origins = {}, {}
        for agent in sorted(agents, key=lambda each: each.full_key):
            section = section_of(config, agent)
            if section is None or not section.accepted_passwords:
                continue
            pairs = (section.user or config.host.user, *(each.reveal() for each in section.accepted_passwords))
            name = blake2b(agent.full_key.encode(), digest_size=12).hexdigest()
            principals[agent.route] = holders.setdefault(pairs, name)
            origins[agent.route] = frozenset(section.reachable_from)
        return cls(principals, origins)

    def may(self, principal: Principal, agent: Named | None, what: str) -> bool:
        """Return True if a principal may do something with an agent.

        Nothing else decides this. ``agent`` is None for the host itself, and ``what`` is a scope, such as ``call``.
        """
        if what not in principal.scopes:
            return False
        if agent is None:
            return HOST in principal.holds
        if self.principals.get(agent.route, HOST) in principal.holds:
            return True
        return bool(principal.agents) and not principal.agents.isdisjoint((agent.key, agent.full_key))

    def holder(self, agent: Mounted) -> Principal:
        """Return the principal with an agent's own credentials."""
        name = self.principal(agent)
        return Principal(f"agent {agent.key}", frozenset((CALL, TEXT)), frozenset((name,)), begins=name)

    def principal(self, agent: Mounted | None) -> str:
        """Return the principal that opens an agent, or the host's own endpoints."""
        return HOST if agent is None else self.principals.get(agent.route, HOST)

    def apart(self, origin: Mounted | None, target: Mounted) -> bool:
        """Return True if other credentials open the target than the origin."""
        return bool(self.principals) and self.principal(origin) != self.principal(target)

    def allows(self, origin: Mounted | None, target: Mounted) -> bool:
        """Return True if a call may go from one agent to another.

        An origin of None is the host's SIP endpoint. An agent that the host's credentials open is open to all agents:
        there is nothing that ``reachable_from`` of its own section would guard.
        """
        if not self.apart(origin, target) or target.route not in self.principals:
            return True
        names = {SIP} if origin is None else {origin.key, origin.full_key}
        return not self.origins[target.route].isdisjoint({*names, _EVERYBODY})


def named_in_code(agents: Iterable[Mounted], find: Callable[[str], Mounted | None]) -> Iterator[str]:
    """Yield warnings about names in code that would fail only in a call.

    Args:
        agents: the served agents.
        find: returns a served agent by its key, name or route.
    """
    for agent in agents:
        for name in _named(agent, _TO_AGENTS):
            if find(name) is None:
                yield (
                    f"agent {agent.key!r} hands calls over to {name!r}, which is not served: its callers hear the "
                    "fallback. fix: use a key, name or route that agenthost agents lists"
                )
        contexts = declared(agent.agent).draft.contexts if agent.built_yet else None
        for name in _named(agent, _TO_CONTEXTS):
            other = find(name)
            if other is not None and other is not agent and (contexts is None or name not in contexts.contexts):
                yield (
                    f"agent {agent.key!r} changes to the context {name!r}, which it does not have, so the call stays. "
                    f"{name!r} is another agent. fix: hand_over({other.key!r})"
                )


def _named(agent: Mounted, method: str) -> Iterable[str]:
    """Return the names that an agent's code gives to a method."""
    if not agent.built_yet or declared(agent.agent).own_process is not None:
        return ()
    by_others = (name for function in _other_functions(agent) for name in constants_given(function, method))
    return dict.fromkeys((*read_code(type(agent.agent)).get(method, ()), *by_others))


def _other_functions(agent: Mounted) -> Iterator[Callable[..., Any]]:
    """Yield functions of an agent and its tools that its class does not have."""
    yield from (value for value in vars(agent.agent).values() if isinstance(value, FunctionType))
    own = vars(type(agent.agent))
    for tool in declared(agent.agent).draft.tools.values():
        if isinstance(tool, Tool):
            function = getattr(tool.handler, "__func__", None)
            if function is None or own.get(function.__name__) is not function:
                yield tool.handler


def _own_functions(cls: type) -> Iterator[Callable[..., Any]]:
    for kind in cls.__mro__:
        if kind is not object and not kind.__module__.startswith("agenthost."):
            yield from (value for value in vars(kind).values() if callable(value))


def read_code(cls: type) -> Mapping[str, tuple[str, ...]]:
    """Return the names that the code of a class gives, by method.

    A class keeps them for all its agents.
    """
    kept: Mapping[str, tuple[str, ...]] | None = vars(cls).get(_READ)
    if kept is None:
        functions = [*_own_functions(cls)]
        given = {
            method: tuple(name for function in functions for name in constants_given(function, method))
            for method in (_TO_AGENTS, _TO_CONTEXTS)
        }
        kept = {method: names for method, names in given.items() if names} or _NO_NAMES
        setattr(cls, _READ, kept)
    return kept
