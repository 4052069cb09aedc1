"""Health endpoints for balancers, people and Kubernetes (wire.md, section 5).

``answer`` is a function of the host's condition, so that all can use it: the host itself, its thread next to the event
loop, and the supervisor of workers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
from attrs import frozen

from agenthost._host.access.principals import NOBODY, OBSERVE, Principal
from agenthost._host.plan.reach import Reach
from agenthost._host.runtime.condition import Phase
from agenthost._web.request.answers import JSON, NO_STORE, RETRY, error
from agenthost._web.request.requests import BASIC, query_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from litestar.types import HTTPScope

    from agenthost._host.config.schema import HealthConfig
    from agenthost._host.published.what_is_served import ServedAgent
    from agenthost._host.runtime.condition import Condition
    from agenthost._host.runtime.probing import ProbeReport
    from agenthost._web.request.site import Answer

__all__ = ["ASKING", "RUNTIME", "Asker", "answer"]

ASKING = "agenthost.principal"
"""The key of a scope in which the front puts the principal of a request."""
RUNTIME = "agenthost_runtime"
"""The key of the runtime in the state of an application."""

_WORDS = {"routes": "ok", "names": "healthy"}
_BY_NAME = Reach()  # those who observe the host observe all of its agents
_HEALTH_JSON = b"application/health+json"
_GRADES = {"ok": "pass", "pending": "warn", "failing": "fail"}
_OK, _UNAVAILABLE = 200, 503
_encode = msgspec.json.Encoder().encode
_UNAUTHORIZED: Answer = 401, [JSON, *BASIC, NO_STORE], error("Unauthorized")
"""The same for an agent that exists and one that does not."""


@frozen
class Asker:
    """The parts of a request that decide its answer."""

    principal: Principal = NOBODY
    accept: bytes = b""
    """Its ``Accept``."""
    query: bytes = b""

    @classmethod
    def of(cls, scope: HTTPScope, principal: Principal) -> Asker:
        """Read the parts from a request."""
        accept = [value for name, value in scope["headers"] if name == b"accept"]
        return cls(principal, accept[-1] if accept else b"", scope["query_string"])

    @property
    def observes(self) -> bool:
        """True if it may see any details."""
        return OBSERVE in self.principal.scopes

    def may_see(self, agent: ServedAgent | None = None) -> bool:
        """Return True if it may see details of an agent, or of the host."""
        return _BY_NAME.may(self.principal, agent, OBSERVE)


def answer(path: str, condition: Condition, config: HealthConfig, asker: Asker) -> Answer | None:
    """Return the answer of a health endpoint.

    ``path`` is a path such as ``/ready`` or ``/health/sales``. ``condition`` has the probes for those who may see them.

    Returns:
        The answer, or None if there is no such path.
    """
    endpoint, _, name = path.removeprefix("/").partition("/")
    seen = asker.may_see()
    silent = config.public == "status" and not seen
    if name and endpoint in ("ready", "health"):
        hidden = silent and not asker.may_see(condition.find(name))
        return _UNAUTHORIZED if hidden else _of_agent(endpoint, name, condition, asker)
    if name:
        return None
    nothing = () if seen else None
    match endpoint:
        case "live":
            alive = condition.stands_still < config.live_after
            return _answered(_code(alive), {"status": "ok" if alive else "failing"}, asker, nothing)
        case "startup":
            body: dict[str, Any] = {"status": "started" if condition.started else "starting"}
            return _answered(_code(condition.started), body, asker, nothing)
        case "ready":
            agents, built = (None, None) if silent else (len(condition.agents), condition.built)
            return _readiness(condition.ready, agents, asker, nothing, built)
        case "health":
            body = _summary(condition, config, asker)
            probes = condition.probes if seen else None
            return _answered(_code(condition.status in ("ok", "degraded")), body, asker, probes)
    return None


def _of_agent(endpoint: str, name: str, condition: Condition, asker: Asker) -> Answer | None:
    agent = condition.find(name)
    if condition.phase is not Phase.STARTING and agent is None and not condition.knows(name):
        return None
    status = "failing" if agent is None else condition.status_of(agent)
    if endpoint == "ready":
        ready = condition.phase is Phase.SERVING and status in ("ok", "degraded")
        return _readiness(ready, int(agent is not None), asker, () if asker.may_see(agent) else None)
    probes = _probes_of(agent, condition.probes) if asker.may_see(agent) else None
    return _answered(_code(status in ("ok", "degraded")), {"status": status}, asker, probes)


def _probes_of(agent: ServedAgent | None, probes: Iterable[ProbeReport]) -> tuple[ProbeReport, ...]:
    return () if agent is None else tuple(probe for probe in probes if probe.agent == agent.key)


def _summary(condition: Condition, config: HealthConfig, asker: Asker) -> dict[str, Any]:
    """Return the body of ``/health``.

    The shape in the query, ``routes`` or ``names``, overrides the configuration.
    """
    wanted = query_value(asker.query, b"shape")
    shape = wanted if wanted in _WORDS else config.shape
    seen = asker.may_see()
    public = "full" if seen else config.public
    status = condition.status
    told: dict[str, Any] = {"status": _WORDS[shape] if status == "ok" else status}
    if public == "full" and shape == "names":
        told["agents"] = [agent.name for agent in condition.agents]
    elif public != "status":
        told["agents"] = len(condition.agents)
        if public == "full":
            told["routes"] = [agent.route for agent in condition.agents]
    if seen:
        told["failed"] = [attrs.asdict(item) for item in condition.failed]
        if condition.plugins:
            told["quarantined_plugins"] = [attrs.asdict(each) for each in condition.plugins]
        if condition.differing:
            told["changed_packages"] = sorted(condition.differing)
    told["timestamp"] = _time(None)
    return told


def _readiness(
    ready: bool,  # noqa: FBT001 - the only flag
    agents: int | None,
    asker: Asker,
    nothing: tuple[()] | None,
    built: int | None = None,
) -> Answer:
    body: dict[str, Any] = {"status": "ready" if ready else "not ready"}
    if agents is not None:
        body["agents"] = agents
    if built is not None:
        body["built"] = built
    return _answered(_code(ready), body, asker, nothing)


def _code(well: bool) -> int:  # noqa: FBT001 - the only argument
    return _OK if well else _UNAVAILABLE


def _answered(status: int, body: dict[str, Any], asker: Asker, probes: Sequence[ProbeReport] | None) -> Answer:
    """Return the answer in the requested form.

    ``probes`` is None for an asker who may not see details.
    """
    headers = [NO_STORE] if status == _OK else [NO_STORE, *RETRY]
    if _HEALTH_JSON in asker.accept.lower():
        grade = "fail" if status != _OK else "warn" if body["status"] == "degraded" else "pass"
        told: dict[str, Any] = {"status": grade}
        if probes is not None:
            told["checks"] = _checks(probes)
        return status, [(b"content-type", _HEALTH_JSON), *headers], _encode(told)
    if probes:
        body["probes"] = [attrs.asdict(probe) for probe in probes]
    return status, [JSON, *headers], _encode(body)


def _checks(probes: Iterable[ProbeReport]) -> dict[str, list[dict[str, Any]]]:
    """Return the probes in the form of draft-inadarei-api-health-check-06, section 4."""
    checks: dict[str, list[dict[str, Any]]] = {}
    for probe in probes:
        told: dict[str, Any] = {"componentId": probe.agent or probe.source, "status": _grade(probe)}
        if probe.seconds is not None:
            told |= {"observedValue": round(probe.seconds * 1000, 3), "observedUnit": "ms", "time": _time(probe.since)}
        if probe.error is not None:
            told["output"] = probe.error
        checks.setdefault(probe.name, []).append(told)
    return checks


def _grade(probe: ProbeReport) -> str:
    grade = _GRADES[probe.status]
    return "warn" if grade == "fail" and not probe.critical else grade


def _time(seconds: float | None) -> str:
    then = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return then.isoformat(timespec="seconds").replace("+00:00", "Z")
