"""Approval: the installed packages that are not as the lock file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._discovery import dependencies
from agenthost._host.generations.manifest import by_distribution, modules_of
from agenthost._host.packages.diagnosis import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenthost._discovery import Candidate
    from agenthost._host.generations.contents import Readings
    from agenthost._host.generations.locked import Lock

__all__ = ["unapproved"]


def unapproved(candidates: Iterable[Candidate], lock: Lock | None, readings: Readings) -> dict[str, Diagnosis]:
    """Return the packages that a lock file keeps from being loaded, each with the reason.

    ``lock`` is the lock file; None approves everything.
    """
    if lock is None:
        return {}
    remedy = "agenthost diff shows what has changed, and agenthost lock takes it"
    known = by_distribution(candidates)
    other = _other_dependencies(known, lock) if lock.closed else {}
    found = {
        distribution: Diagnosis(reason, remedy)
        for distribution, offers in known.items()
        if (reason := _reason(offers, lock, readings) or other.get(distribution))
    }
    readings.keep()
    return found


def _other_dependencies(known: Mapping[str, list[Candidate]], lock: Lock) -> dict[str, str]:
    """Return the reasons of packages that require other versions than the lock file has."""
    now = dependencies(known)
    other = {name for name, version in now.items() if lock.dependencies.get(name) != version}
    found = {}
    for distribution, offers in known.items() if other else ():
        for name in sorted(other & dependencies([distribution]).keys()):
            locked = lock.dependencies.get(name) or "none"
            package = f"{distribution} {offers[0].version}".rstrip()
            found[distribution] = f"{package} requires {name} {now[name]}, and agenthost.lock has {locked}"
            break
    return found


def _reason(offers: list[Candidate], lock: Lock, readings: Readings) -> str:
    distribution, version = offers[0].distribution, offers[0].version
    locked = lock.distributions.get(distribution)
    if locked is None:
        return f"{distribution} {version} is not in agenthost.lock"
    if locked.version != version:
        return f"{distribution} {version} is not in agenthost.lock, which has {locked.version}"
    if readings.of(offers[0].location, modules_of(offers)).digest not in locked.hashes:
        return f"{distribution} {version} has other contents than agenthost.lock says"
    return ""
