"""Health endpoints: what a balancer, a person and Kubernetes are told (wire.md, section 5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from litestar import HttpMethod, Response, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery  # noqa: TC002 - Litestar reads the hints

from agenthost._host.runtime import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.handlers import HTTPRouteHandler

    from agenthost._host.runtime import Runtime

__all__ = ["health_routes", "is_ready", "summary"]

_WORDS = {"routes": "ok", "names": "healthy"}


def health_routes(runtime: Runtime) -> Sequence[HTTPRouteHandler]:
    """The handlers of ``/live``, ``/startup``, ``/ready`` and ``/health``, for GET and HEAD."""
    read = [HttpMethod.GET, HttpMethod.HEAD]

    @route("/live", http_method=read, sync_to_thread=False)
    def live() -> Response[dict[str, Any]]:
        """Whether this process answers at all; depends on nothing."""
        return _answer(200, {"status": "ok"})

    @route("/startup", http_method=read, sync_to_thread=False)
    def startup() -> Response[dict[str, Any]]:
        """Whether every agent has been built or set aside."""
        if runtime.phase is Phase.STARTING:
            return _answer(503, {"status": "starting"})
        return _answer(200, {"status": "started"})

    @route("/ready", http_method=read, sync_to_thread=False)
    def ready() -> Response[dict[str, Any]]:
        """Whether this host should get requests."""
        return _readiness(is_ready(runtime), _serving(runtime))

    @route("/ready/{agent:str}", http_method=read, sync_to_thread=False)
    def agent_ready(agent: FromPath[str]) -> Response[dict[str, Any]]:
        """Whether one agent should get requests."""
        served = _served(runtime, agent)
        return _readiness(served and runtime.phase is Phase.SERVING, int(served))

    @route("/health", http_method=read, sync_to_thread=False)
    def health(shape: FromQuery[str | None] = None) -> Response[dict[str, Any]]:
        """The host in a few words."""
        return _answer(200 if _serving(runtime) else 503, summary(runtime, shape))

    @route("/health/{agent:str}", http_method=read, sync_to_thread=False)
    def agent_health(agent: FromPath[str]) -> Response[dict[str, Any]]:
        """One agent, in a word."""
        return _answer(200, {"status": "ok"}) if _served(runtime, agent) else _answer(503, {"status": "failing"})

    return [live, startup, ready, agent_ready, health, agent_health]


def is_ready(runtime: Runtime) -> bool:
    """Whether the host's own checks let it be sent requests."""
    return runtime.phase is Phase.SERVING and _serving(runtime) > 0 and runtime.state.ready


def summary(runtime: Runtime, shape: str | None = None) -> dict[str, Any]:
    """What ``/health`` says.

    Args:
        runtime: the host.
        shape: ``routes`` or ``names``; anything else is configuration's.
    """
    config = runtime.config.health
    shape = shape if shape in _WORDS else config.shape
    agents = runtime.published.plan.agents if runtime.published is not None else ()
    told: dict[str, Any] = {"status": _status(runtime, _WORDS[shape])}
    if config.public == "full" and shape == "names":
        told["agents"] = [agent.name for agent in agents]
    elif config.public != "status":
        told["agents"] = len(agents)
        if config.public == "full":
            told["routes"] = [agent.route for agent in agents]
    told["timestamp"] = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return told


def _status(runtime: Runtime, well: str) -> str:
    if runtime.published is None:
        return "starting"
    plan = runtime.published.plan
    if not plan.agents:
        return "failing"
    return "degraded" if plan.failed else well


def _serving(runtime: Runtime) -> int:
    return len(runtime.published.plan.agents) if runtime.published is not None else 0


def _served(runtime: Runtime, name: str) -> bool:
    """Whether the agent of this key or name is served.

    Raises:
        NotFoundException: nothing asks for an agent of this name.
    """
    published = runtime.published
    if published is None:
        return False
    if published.plan.find(name):
        return True
    if any(item.key == name for item in published.plan.failed):
        return False
    raise NotFoundException


def _readiness(ready: bool, agents: int) -> Response[dict[str, Any]]:  # noqa: FBT001 - the answer itself
    return _answer(200 if ready else 503, {"status": "ready" if ready else "not ready", "agents": agents})


def _answer(status: int, body: dict[str, Any]) -> Response[dict[str, Any]]:
    headers = {"cache-control": "no-store"} | ({"retry-after": "1"} if status == 503 else {})  # noqa: PLR2004
    return Response(body, status_code=status, headers=headers)
