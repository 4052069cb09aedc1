"""Canary: a new version, built where it will run, and compared with the served one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from agenthost_ray.contents import digest_of, digest_of_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["READY", "CanaryError", "build", "built_agents", "changes", "losses", "members", "on_cluster"]

READY = "ready"
_FAILED = ("quarantined", "conflict")
_SECONDS = 120.0
_OTHER = {
    "settings": "other settings",
    "members": "other members",
    "scale": "another scale",
    "runtime_env": "another environment",
}


class CanaryError(Exception):
    """The agents cannot be built at all, with the reason."""


def build(config: str | None) -> list[dict[str, Any]]:
    """Build the agents in a new process, and return a row for each.

    Args:
        config: the path of the configuration file, or None.

    Raises:
        CanaryError: the process failed.
    """
    words = [sys.executable, "-m", "agenthost", "agents", "--load", "--json", *(("--config", config) if config else ())]
    try:
        done = subprocess.run(  # noqa: S603 - in a process of its own, as it imports the packages
            words, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise CanaryError(f"agenthost agents --load takes longer than {_SECONDS:.0f} seconds") from error
    if done.returncode != 0:
        raise CanaryError(done.stderr.strip() or f"agenthost agents --load ended with {done.returncode}")
    settings = digest_of_settings(config)
    rows = [
        {**row, "digest": digest_of(row["package"]), "settings": settings}
        for row in json.loads(done.stdout)
        if row["state"] not in ("elsewhere", "disabled")
    ]
    return [{**row, "members": members(row, rows)} for row in rows]


def members(row: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the agents that a workflow calls, and those that they call.

    Its replicas serve them, too. Each has ``agent``, ``version`` and ``digest``.

    Args:
        row: the workflow, or another agent, which calls none.
        rows: all agents of the same environment.
    """
    served = [each for each in rows if each["state"] == READY]
    known = {name: each for each in served for name in (each["agent"], each["route"])}
    found: dict[str, dict[str, str]] = {row["agent"]: {}}
    waiting = [row]
    while waiting:
        for name in waiting.pop().get("members") or ():
            member = known.get(name)
            if member is not None and member["agent"] not in found:
                found[member["agent"]] = {key: member[key] for key in ("agent", "version", "digest")}
                waiting.append(member)
    return [each for each in found.values() if each]


def on_cluster(config: str | None, runtime_env: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Build the agents as a task of the cluster, in a runtime environment.

    Raises:
        CanaryError: the environment or the process failed.
    """
    import ray  # noqa: PLC0415 - Ray takes seconds to import
    from ray.exceptions import RayError, RayTaskError  # noqa: PLC0415 - as above

    try:
        task = ray.remote(build).options(num_cpus=0, max_retries=0, runtime_env=dict(runtime_env))
        rows: list[dict[str, Any]] = ray.get(task.remote(config))
    except RayTaskError as error:
        raise CanaryError(str(error.cause)) from error
    except (RayError, TypeError, ValueError) as error:
        raise CanaryError(str(error)) from error
    return rows


def built_agents(
    environments: Mapping[str, Mapping[str, Any]],
    build_in: Callable[[Mapping[str, Any]], list[dict[str, Any]]],
) -> dict[str, dict[str, Any]]:
    """Return the row of each agent, built in its environment or the cluster's.

    Args:
        environments: the agents with an environment of their own.
        build_in: builds the agents of an environment.

    Raises:
        CanaryError: an environment failed.
    """
    rows = {row["agent"]: row for row in build_in({})}
    apart: dict[str, list[str]] = {}
    for name, environment in environments.items():
        apart.setdefault(json.dumps(environment, sort_keys=True), []).append(name)
    for written, names in apart.items():
        rows.update({row["agent"]: row for row in build_in(json.loads(written)) if row["agent"] in names})
    return rows


def losses(
    before: Iterable[Mapping[str, Any]], failed: Iterable[str], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield sentences about what a new version loses.

    It loses an agent that is served and would not be, or would be of another package; and it has one that fails, and
    did not fail before.

    Args:
        before: the rows of the served agents.
        failed: the keys of the agents that failed then.
        after: the rows of the new version, by key.
    """
    served = {row["agent"]: row for row in before}
    for key, row in served.items():
        now = after.get(key)
        if now is None:
            again = f"install {row['package']}=={row['version']} again"
            yield f"{key}: {row['package']} offers it no longer. fix: --accept goes on without it, or {again}"
        elif now["state"] == READY and now["package"] != row["package"]:
            use = f'[agents.{key}] use = "{row["package"]}:{key}"'
            yield f"{key}: it would move from {row['package']} to {now['package']}. fix: {use} keeps it"
    known = set(failed)
    for key, row in after.items():
        if row["state"] in _FAILED and key not in known:
            yield f"{key}: {row['state']}: {row.get('reason', '')}. fix: {row.get('remedy', '')}"


def changes(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield lines about what differs between served and new agents."""
    was, now = ({row["agent"]: row for row in rows} for rows in (before, after))
    for key in sorted({*was, *now}):
        if key not in was:
            yield f"{key}: new, {now[key]['package']} {now[key]['version']} at {now[key]['route']}"
        elif key not in now:
            yield f"{key}: removed"
        elif words := list(_differences(was[key], now[key])):
            yield f"{key}: {', '.join(words)}"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before["version"] != after["version"]:
        yield f"{after['package']} {before['version']} → {after['version']}"
    elif before["digest"] != after["digest"]:
        yield f"{after['package']} {after['version']} with other contents"
    if before["route"] != after["route"]:
        yield f"{before['route']} → {after['route']}"
    for name, noun in (("tools", "tool"), ("sip", "SIP alias")):
        yield from (f"new {noun} {each}" for each in after[name] if each not in before[name])
        yield from (f"{noun} {each} gone" for each in before[name] if each not in after[name])
    yield from (words for name, words in _OTHER.items() if before[name] != after[name])
