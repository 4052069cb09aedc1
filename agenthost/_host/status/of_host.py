"""The status of a host: its processes together, with its problems first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost._host.status.problems import problems_of
from agenthost._host.telemetry.durations import quantile
from agenthost._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["host_status"]

_MOST_CHANGES = 10
_SUMS = ("running", "waiting", "limit", "calls", "failures")


def host_status(host: Mapping[str, Any], processes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the status of a host, as ``agenthost status --json`` shows it.

    Args:
        host: what the supervisor knows: ``since``, ``started``, ``generation``, ``wanted_workers``, ``held``, and
            ``workers``, each with ``process``, ``generation``, ``since`` and ``restarts``. It may have ``changes``.
        processes: the status of each worker that has answered, as ``status_of`` gives it.
    """
    first: Mapping[str, Any] = processes[0] if processes else {}
    told: dict[str, Any] = {
        "version": __version__,
        **host,
        "workers": [_worker(each, processes) for each in host["workers"]],
        "agents": _agents(processes),
        "plugins": list(first.get("plugins", ())),
        "probes": _probes(processes),
        "store": _store(processes),
        "sip_unmatched": _unmatched(processes),
        "failed_logins": sum(each.get("failed_logins", 0) for each in processes),
        "changes": _changes([host, *processes]),
        "disabled": list(first.get("disabled", ())),
        "differing": sorted({name for each in processes for name in each["differing"]}),
    }
    if not host["started"]:
        return {"status": "starting", "problems": [], **told}
    problems = problems_of(told)
    ready = any(each["ready"] for each in processes)
    status = "failing" if not ready else "degraded" if problems else "ok"
    return {"status": status, "problems": problems, **told}


def _worker(known: Mapping[str, Any], processes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    answered = next((each for each in processes if each["process"] == known["process"]), None)
    if answered is None:
        return {**known, "status": "silent", "ready": False, "lag": None, "memory": None}
    return {**known, **{name: answered[name] for name in ("status", "ready", "lag", "memory")}}


def _agents(processes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each agent once, with the sums over all workers."""
    together: dict[str, dict[str, Any]] = {}
    for process in processes:
        for agent in process["agents"]:
            known = together.get(agent["agent"])
            if known is None:
                together[agent["agent"]] = {**agent, "breakers": [agent["breaker"]] if agent.get("breaker") else []}
            elif "slots" in agent and "slots" in known:
                _add(known, agent)
    return [_with_p95(agent) for agent in together.values()]


def _add(known: dict[str, Any], agent: Mapping[str, Any]) -> None:
    for name in _SUMS:
        known[name] += agent[name]
    known["slots"] = {
        slot: known["slots"].get(slot, 0) + agent["slots"].get(slot, 0) for slot in {*known["slots"], *agent["slots"]}
    }
    known["breakers"] += [agent["breaker"]] if agent["breaker"] else []
    failures = [each for each in (known["last_failure"], agent["last_failure"]) if each is not None]
    known["last_failure"] = max(failures, key=lambda each: float(each["when"]), default=None)


def _with_p95(agent: dict[str, Any]) -> dict[str, Any]:
    agent.pop("breaker", None)
    slots = agent.pop("slots", None)
    return agent if slots is None else {**agent, "p95_seconds": quantile(slots, 0.95)}


def _probes(processes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each probe once: as it fails, where it fails in one of the workers."""
    together: dict[tuple[str | None, str], dict[str, Any]] = {}
    for process in processes:
        for probe in process["probes"]:
            at = probe["agent"], probe["probe"]
            if at not in together or probe["status"] == "failing":
                together[at] = dict(probe)
    return list(together.values())


def _store(processes: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not processes:
        return None
    return {
        "scheme": processes[0]["store"]["scheme"],
        "ready": all(each["store"]["ready"] for each in processes),
        "problem": next((each["store"]["problem"] for each in processes if each["store"]["problem"]), ""),
        "agents": list(dict.fromkeys(key for each in processes for key in each["store"]["agents"])),
    }


def _changes(told: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the latest lines about changes of the host, the last one first."""
    lines = {(line["timestamp"], line["event"]): line for each in told for line in each.get("changes", ())}
    return sorted(lines.values(), key=lambda line: str(line["timestamp"]), reverse=True)[:_MOST_CHANGES]


def _unmatched(processes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the SIP users that reached no agent of their own, the most frequent first."""
    users: dict[str, dict[str, Any]] = {}
    total = 0
    for process in processes:
        total += process["sip_unmatched"]["total"]
        for seen in process["sip_unmatched"]["users"]:
            known = users.setdefault(seen["user"], {**seen, "times": 0})
            known["times"] += seen["times"]
            if seen["last"] >= known["last"]:
                known["last"], known["answered_by"] = seen["last"], seen["answered_by"]
    listed = sorted(users.values(), key=lambda seen: seen["last"], reverse=True)
    return {"total": total, "users": sorted(listed, key=lambda seen: -seen["times"])}
