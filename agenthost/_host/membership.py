"""Membership: which agents the workflows of a host have, and which of them cannot be what they are configured to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agenthost._host.remedies import Diagnosis
from agenthost.agent import AgentBase, declared
from agenthost.classifiers import Choice
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["choice_of", "circle", "in_a_circle", "members_first", "members_of", "nobody_left"]

T = TypeVar("T")


def members_of(agent: AgentBase) -> tuple[str, ...]:
    """The agents that an agent calls; none unless it is a workflow."""
    return agent.members if isinstance(agent, Workflow) else ()


def choice_of(key: str, agent: AgentBase) -> Choice:
    """An agent as one that is chosen."""
    own = declared(agent)
    return Choice(key, own.description, own.examples)


def members_first(items: Iterable[T], agent_of: Callable[[T], AgentBase], key_of: Callable[[T], str]) -> list[T]:
    """The same in an order in which each stands behind those that it calls, as far as that can be."""
    items = list(items)
    by_name = _by_name(items, agent_of, key_of)
    ordered: list[T] = []
    begun: set[int] = set()

    def place(item: T) -> None:
        if id(item) in begun:
            return
        begun.add(id(item))
        for name in members_of(agent_of(item)):
            if (member := by_name.get(name)) is not None:
                place(member)
        ordered.append(item)

    for item in sorted(items, key=lambda item: bool(members_of(agent_of(item)))):
        place(item)
    return ordered


def circle(key: str, agents: Mapping[str, AgentBase]) -> tuple[str, ...]:
    """The way from an agent back to itself, both ends included; empty when there is none.

    Args:
        key: the agent.
        agents: all agents, by key.
    """
    by_name = _by_name(list(agents.items()), lambda item: item[1], lambda item: item[0])
    seen: set[str] = set()

    def back(at: str, way: tuple[str, ...]) -> tuple[str, ...]:
        for name in members_of(agents[at]):
            if (member := by_name.get(name)) is None:
                continue
            if member[0] == key:
                return (*way, key)
            if member[0] not in seen:
                seen.add(member[0])
                if found := back(member[0], (*way, member[0])):
                    return found
        return ()

    return back(key, (key,))


def in_a_circle(way: Sequence[str]) -> Diagnosis:
    """What is said of a workflow that would call itself."""
    through = f" by way of {', '.join(way[1:-1])}" if way[1:-1] else ""
    remedy = f"take {way[1]!r} out of the agents of workflow {way[0]!r}"
    return Diagnosis(f"this workflow calls itself{through}", remedy)


def nobody_left(missing: Mapping[str, str]) -> Diagnosis:
    """What is said of a workflow none of whose agents is served.

    Args:
        missing: why each of them is not, by name.
    """
    reasons = "; ".join(f"{name} ({why})" for name, why in missing.items())
    return Diagnosis(f"none of its agents is served: {reasons}", "agenthost agents --load lists those that are")


def _by_name(items: Sequence[T], agent_of: Callable[[T], AgentBase], key_of: Callable[[T], str]) -> dict[str, T]:
    """Items by key, and by the names that only one has."""
    names: dict[str, list[T]] = {}
    for item in items:
        names.setdefault(declared(agent_of(item)).name, []).append(item)
    return {
        **{name: found[0] for name, found in names.items() if len(found) == 1},
        **{key_of(item): item for item in items},
    }
