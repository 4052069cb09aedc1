"""The problems of a host, the worst first, each with its fix."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["problems_of"]

_MOST_NAMED = 5
"""The most agents that are named."""
_MOST_USERS = 5
"""The most unmatched SIP users that are named."""
_SAID_SO = "ProbeResult"
"""Error of a probe that returned a result instead of raising."""
_STORE_FIXES = {
    "its disk is full": "free space on the disk of the store",
    "its disk returns errors": "replace the disk of the store; the kernel's log has the errors",
    "its memory is full": "raise maxmemory of the server, or remove keys from it",
    "it cannot save to its disk": "free space on the disk of the server; its log has the reason",
    "too few of its replicas": "start the replicas, or lower min-replicas-to-write of the server",
    "it is read-only": "name the primary server in [state] url",
    "no permission to write": "grant the user of [state] url permission to write",
}
"""Fixes for the causes that the words of the store name."""
_PROBE_FIXES = {"disk": "free space on the disk of the state file, where less than 64 MiB are left"}
"""Fixes for the host's own probes."""
_BROKEN = {"quarantined": "is quarantined", "conflict": "has a conflict"}


def problems_of(status: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the problems of a host, each as ``problem`` and ``fix``.

    ``status`` is that of ``host_status``, without them.
    """
    found = [
        *_store(status["store"]),  # a cause of the next
        *_workers(status),
        *_agents(status["agents"]),
        *_disabled(status["disabled"]),
        *_probes(status["probes"]),
        *_packages(status),
        *_callers(status["sip_unmatched"]["users"]),
    ]
    return [{"problem": problem, "fix": fix} for problem, fix in found]


def _workers(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    workers = status["workers"]
    serving = sum(bool(each["ready"]) for each in workers)
    if serving < status["wanted_workers"]:
        yield (
            f"{serving} of {status['wanted_workers']} workers are ready",
            "agenthost logs says why the others are not",
        )
    for each in workers:
        if each["restarts"]:
            number = "a worker" if each["restarts"] == 1 else f"{each['restarts']} workers"
            yield (
                f"{number} ended within the last hour, where process {each['process']} is now",
                "the log of agenthost.workers has the exit code, and the kernel's log an end for lack of memory",
            )


def _store(store: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if store is not None and store["problem"]:
        users = store["agents"]
        more = f" and {len(users) - _MOST_NAMED} more" if len(users) > _MOST_NAMED else ""
        named = f" (agents that may use it: {', '.join(users[:_MOST_NAMED])}{more})" if users else ""
        fixes = (fix for cause, fix in _STORE_FIXES.items() if cause in store["problem"])
        yield f"{store['problem']}{named}", next(fixes, "agenthost doctor tries it and says what is wrong")


def _agents(agents: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for agent in agents:
        if agent["state"] in _BROKEN:
            yield f"agent {agent['agent']} {_BROKEN[agent['state']]}: {agent['reason']}", agent["remedy"]
        elif agent.get("breakers"):
            latest = agent["last_failure"]
            why = f": {latest['part']}: {latest['words']}" if latest is not None else ""
            yield (
                f"agent {agent['agent']} is not called for now, as it kept failing{why}",
                f"agenthost logs --error {agent['breakers'][0]} shows the traceback",
            )
        elif agent.get("failures"):
            latest = agent["last_failure"] or {"error_id": "", "part": "a part", "words": "it failed"}
            times = "once" if agent["failures"] == 1 else f"{agent['failures']} times"
            last = f"the last time in {latest['part']}: {latest['words']}"
            yield (
                f"agent {agent['agent']} failed {times} in 5 minutes, {last}",
                _where(agent["agent"], latest["error_id"]),
            )


def _disabled(agents: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in agents:
        yield (
            f"agent {each['agent']} was disabled in the console by {each['by']}",
            f"enable it in the console at /-/acts/enable/{each['agent']}, or set enabled = false in agenthost.toml",
        )


def _where(agent: str, error_id: str) -> str:
    found = f"--error {error_id}" if error_id else f"--agent {agent}"
    return f"agenthost logs {found} shows the traceback"


def _probes(probes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for probe in probes:
        if probe["status"] == "failing":
            whose = f" of agent {probe['agent']}" if probe["agent"] else ""
            raised = f" with {probe['error']}" if probe["error"] not in (None, _SAID_SO) else ""
            own = None if probe["agent"] else _PROBE_FIXES.get(probe["probe"])
            yield (
                f"probe {probe['probe']}{whose} fails{raised}",
                own or "agenthost logs has the reason, by agenthost.health",
            )


def _packages(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for plugin in status["plugins"]:
        yield f"plugin {plugin['plugin']} is not used: {plugin['reason']}", plugin["remedy"]
    if status["differing"]:
        names = ", ".join(status["differing"])
        yield f"these packages have changed since they were loaded: {names}", "agenthost reload takes them"


def _callers(users: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    lost = [each for each in users if each["answered_by"] is None][:_MOST_USERS]
    for each in lost:
        times = "a call" if each["times"] == 1 else f"{each['times']} calls"
        yield (
            f"{times} to SIP user {each['user']!r} reached no agent",
            f"agenthost sip resolve {quote(each['user'])} explains it; a rule in [[sip.rules]] gives it to an agent",
        )
