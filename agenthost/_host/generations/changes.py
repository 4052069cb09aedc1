"""Changes between a lock file and the installed packages, in an operator's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenthost._host.generations.locked import Lock, LockedAgent, LockedDistribution

__all__ = ["Change", "DependencyChange", "changes", "dependency_changes"]

_LISTS = (("tools", "tool"), ("sip", "SIP alias"), ("settings", "setting key"), ("variables", "variable"))
_OFFERS = (("hooks", "hook"), ("skills", "skill"), ("commands", "command"))


@frozen
class Change:
    """One distribution that is not as it was locked."""

    distribution: str
    before: str
    """Its locked version; empty where it is new."""
    after: str
    """Its installed version; empty where it is gone."""
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.before:
            versions = f"{self.distribution} {self.after}: new"
        elif not self.after:
            versions = f"{self.distribution} {self.before}: not installed any more"
        elif self.before == self.after:
            versions = f"{self.distribution} {self.after}: other contents under the same version"
        else:
            versions = f"{self.distribution} {self.before} → {self.after}"
        separator = ", " if not self.before or not self.after or self.before == self.after else ": "
        return separator.join((versions, ", ".join(self.details))) if self.details else versions


@frozen
class DependencyChange(Change):
    """One dependency of hosted distributions that has another version."""

    def __str__(self) -> str:
        if not self.after:
            return f"dependency {self.distribution} {self.before}: not required any more"
        return f"dependency {super().__str__()}"


def changes(locked: Lock, installed: Lock) -> tuple[Change, ...]:
    """Return the distributions that differ, sorted by name."""
    names = sorted({*locked.distributions, *installed.distributions})
    found = []
    for name in names:
        before, after = locked.distributions.get(name), installed.distributions.get(name)
        if before is None or after is None:
            offers = tuple(_added(after)) if after is not None else ()
            found.append(Change(name, before.version if before else "", after.version if after else "", offers))
        elif before.version != after.version or not {*after.hashes} <= {*before.hashes}:
            found.append(Change(name, before.version, after.version, tuple(_details(before, after))))
    return tuple(found)


def dependency_changes(locked: Lock, installed: Lock) -> tuple[DependencyChange, ...]:
    """Return the dependencies whose versions differ, sorted by name."""
    names = sorted({*locked.dependencies, *installed.dependencies})
    pairs = ((name, locked.dependencies.get(name, ""), installed.dependencies.get(name, "")) for name in names)
    return tuple(DependencyChange(name, before, after) for name, before, after in pairs if before != after)


def _added(new: LockedDistribution) -> Iterator[str]:
    for agent in new.agents.values():
        yield f"new agent {agent.key}" + (f" at {agent.route}" if agent.route else "")
    for attribute, noun in _OFFERS:
        yield from (f"new {noun} {each}" for each in getattr(new, attribute))


def _details(before: LockedDistribution, after: LockedDistribution) -> Iterator[str]:
    yield from _named(before.agents, after.agents, "agent")
    for name in sorted(before.agents.keys() & after.agents.keys()):
        words = tuple(_of_agent(before.agents[name], after.agents[name]))
        if len(after.agents) == 1:
            yield from words or ("route unchanged",)
        else:
            yield from (f"{name}: {each}" for each in words)
    for attribute, noun in _OFFERS:
        yield from _named(getattr(before, attribute), getattr(after, attribute), noun)


def _of_agent(before: LockedAgent, after: LockedAgent) -> Iterator[str]:
    for attribute, noun in _LISTS:
        yield from _named(getattr(before, attribute), getattr(after, attribute), noun)
    if before.route != after.route:
        yield f"route {before.route or 'its own'} → {after.route or 'its own'}"


def _named(before: Iterable[str], after: Iterable[str], noun: str) -> Iterator[str]:
    old, new = set(before), set(after)
    yield from (f"new {noun} {name}" for name in sorted(new - old))
    yield from (f"{noun} {name} gone" for name in sorted(old - new))
