"""The agents of workflows, and the faults in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agenthost._host.packages.diagnosis import Diagnosis
from agenthost._host.plan.agent_names import by_name
from agenthost.agent.base import AgentBase, declared
from agenthost.conversation.classifiers import Choice
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["choice_of", "circle_diagnosis", "find_circle", "members_first", "members_of", "no_members_diagnosis"]

T = TypeVar("T")


def members_of(agent: AgentBase) -> tuple[str, ...]:
    """Return the agents that an agent calls, which only a workflow has."""
    return agent.members if isinstance(agent, Workflow) else ()


def choice_of(key: str, agent: AgentBase) -> Choice:
    """Return an agent as a choice of a classifier."""
    own = declared(agent)
    return Choice(key, own.description, own.examples)


def members_first(items: Iterable[T], agent_of: Callable[[T], AgentBase], key_of: Callable[[T], str]) -> list[T]:
    """Sort items so that each follows those it calls, as far as possible."""
    items = list(items)
    known = by_name((key_of(item), declared(agent_of(item)).name, item) for item in items)
    ordered: list[T] = []
    begun: set[int] = set()
    for item in sorted(items, key=lambda item: bool(members_of(agent_of(item)))):
        _place(item, known, agent_of, begun, ordered)
    return ordered


def _place(
    item: T, known: Mapping[str, T], agent_of: Callable[[T], AgentBase], begun: set[int], ordered: list[T]
) -> None:
    """Place an item after those it calls.

    A function within the other would refer to itself, and keep all items until a full collection.
    """
    if id(item) in begun:
        return
    begun.add(id(item))
    for name in members_of(agent_of(item)):
        if (member := known.get(name)) is not None:
            _place(member, known, agent_of, begun, ordered)
    ordered.append(item)


def find_circle(key: str, agents: Mapping[str, AgentBase]) -> tuple[str, ...]:
    """Return a path from an agent back to itself, both ends included, or nothing."""
    known = by_name((other, declared(agent).name, other) for other, agent in agents.items())
    return _way_back(key, (key,), agents, known, set())


def _way_back(
    at: str, way: tuple[str, ...], agents: Mapping[str, AgentBase], known: Mapping[str, str], seen: set[str]
) -> tuple[str, ...]:
    for name in members_of(agents[at]):
        if (member := known.get(name)) is None:
            continue
        if member == way[0]:
            return (*way, member)
        if member not in seen:
            seen.add(member)
            if found := _way_back(member, (*way, member), agents, known, seen):
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
