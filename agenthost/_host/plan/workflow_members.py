"""The agents of workflows, and the faults in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from agenthost._host.packages.diagnosis import Diagnosis
from agenthost._host.plan.agent_names import Named, by_name
from agenthost.agent.base import AgentBase, declared
from agenthost.conversation.classifiers import Choice
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["choice_of", "circle_diagnosis", "find_circle", "members_first", "members_of", "no_members_diagnosis"]


class Planned(Named, Protocol):
    """An agent by all that names it, with the agent itself."""

    @property
    def agent(self) -> AgentBase:
        """The agent."""


P = TypeVar("P", bound=Planned)


def members_of(agent: AgentBase) -> tuple[str, ...]:
    """Return the agents that an agent calls, which only a workflow has."""
    return agent.members if isinstance(agent, Workflow) else ()


def choice_of(key: str, agent: AgentBase) -> Choice:
    """Return an agent as a choice of a classifier."""
    own = declared(agent)
    return Choice(key, own.description, own.examples)


def members_first(items: Iterable[P]) -> list[P]:
    """Sort agents so that each follows those it calls, as far as possible."""
    items = list(items)
    known = by_name(items)
    ordered: list[P] = []
    begun: set[int] = set()
    for item in sorted(items, key=lambda item: bool(members_of(item.agent))):
        _place(item, known, begun, ordered)
    return ordered


def _place(item: P, known: Mapping[str, P], begun: set[int], ordered: list[P]) -> None:
    """Place an item after those it calls.

    A function within the other would refer to itself, and keep all items until a full collection.
    """
    if id(item) in begun:
        return
    begun.add(id(item))
    for name in members_of(item.agent):
        if (member := known.get(name)) is not None:
            _place(member, known, begun, ordered)
    ordered.append(item)


def find_circle(start: Planned, agents: Mapping[str, Planned]) -> tuple[str, ...]:
    """Return the keys from an agent back to itself, both ends included, or nothing.

    ``agents`` are all agents by key.
    """
    known = by_name({**agents, start.key: start}.values())
    return _way_back(start, (start.key,), known, set())


def _way_back(at: Planned, way: tuple[str, ...], known: Mapping[str, Planned], seen: set[str]) -> tuple[str, ...]:
    for name in members_of(at.agent):
        if (member := known.get(name)) is None:
            continue
        if member.key == way[0]:
            return (*way, member.key)
        if member.key not in seen:
            seen.add(member.key)
            if found := _way_back(member, (*way, member.key), known, seen):
                return found
    return ()


def circle_diagnosis(way: Sequence[str]) -> Diagnosis:
    """Return the diagnosis of a workflow that would call itself."""
    through = f" by way of {', '.join(way[1:-1])}" if way[1:-1] else ""
    remedy = f"take {way[1]!r} out of the agents of workflow {way[0]!r}"
    return Diagnosis(f"this workflow calls itself{through}", remedy)


def no_members_diagnosis(missing: Mapping[str, str]) -> Diagnosis:
    """Return the diagnosis of a workflow without served agents."""
    reasons = "; ".join(f"{name} ({why})" for name, why in missing.items())
    return Diagnosis(f"none of its agents is served: {reasons}", "agenthost agents --load lists those that are")
