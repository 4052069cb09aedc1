"""Replicas: the deployments of one agent's application."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping, Sequence

    from ray.serve import Application
    from ray.serve.handle import DeploymentHandle
    from starlette.requests import Request

__all__ = ["Agent", "Gate", "application", "whole_path"]

FALLBACK = "I am sorry, I cannot do that right now."
TOOLS = "swaig"
_WITH_EFFECTS = (TOOLS, "post_prompt", "check_for_input", "debug_events", "mcp", "completions", "responses")
"""Last segments of paths whose requests are sent once."""
_ATTEMPTS = 3
_log = logging.getLogger("agenthost.ray")


class Agent:
    """Serves one agent with the whole host around it: credentials, tokens, limits, state.

    Args:
        agents: the agent's key, and those of the agents that it calls as a workflow.
        config: the path of the configuration file, or None.
    """

    def __init__(self, agents: Sequence[str], config: str | None) -> None:
        self._agents, self._config = tuple(agents), config
        self._opening = asyncio.Lock()
        self._over = asyncio.Event()
        self._living: asyncio.Task[None] | None = None
        self._app: Any = None

    async def opened(self) -> Any:
        """Return the host as an ASGI application, built at the first call.

        Raises:
            RuntimeError: an agent is not served here, with the reason.
            AgentHostError: the configuration cannot be used here.
        """
        async with self._opening:
            if self._app is None:
                built = asyncio.get_running_loop().create_future()
                self._living = asyncio.create_task(self._live(built))
                self._app = await built
        return self._app

    async def _live(self, built: asyncio.Future[Any]) -> None:
        """Keep the host open, in one task from its beginning to its end."""
        os.environ["AGENTHOST_AGENTS"] = ",".join(self._agents)  # a replica is a process of its own
        from litestar import Litestar  # noqa: PLC0415 - in the replica, by its own runtime_env

        from agenthost import AgentHostPlugin  # noqa: PLC0415 - as above

        try:
            plugin = AgentHostPlugin(config=self._config)
            app = Litestar(plugins=[plugin])
            async with app.lifespan():
                self._refuse(plugin.report()["agents"])
                built.set_result(app)
                await self._over.wait()
        except Exception as error:
            if built.done():
                raise
            built.set_exception(_cause(error))

    def _refuse(self, rows: Iterable[Mapping[str, Any]]) -> None:
        found = {row["agent"]: row for row in rows}
        for key in self._agents:
            row = found.get(key, {"state": "not installed"})
            if row["state"] != "ready":
                fix = row.get("remedy") or "install its package on every machine, or in its runtime_env"
                why = ": ".join(filter(None, (row["state"], row.get("reason"))))
                raise RuntimeError(f"agent {key} is not served here: {why}. fix: {fix}")

    async def check_health(self) -> None:
        """Build the host, so that Ray routes nothing to a replica without an agent."""
        await self.opened()

    async def answer(self, request: Mapping[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Return status, headers and body of the answer to a request."""
        app, status, headers, body = await self.opened(), 500, [], bytearray()
        sent = False
        over = asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await over.wait()
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": request["body"], "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], [(bytes(k), bytes(v)) for k, v in message.get("headers", ())]
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "root_path": "",
            **request["scope"],
        }
        try:
            await app(scope, receive, send)
        finally:
            over.set()
        return status, headers, bytes(body)

    async def close(self) -> None:
        """End the lifespans."""
        self._over.set()
        if self._living is not None:
            await self._living

    def __del__(self) -> Awaitable[None] | None:
        """Return what Ray awaits when it stops the replica."""
        return None if self._living is None or self._over.is_set() else self.close()


def _cause(error: Exception) -> Exception:
    """Return the error in the groups that task groups of a lifespan put it into."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


class Gate:
    """Passes requests to replicas, and answers for one that ends.

    Args:
        agents: the replicas of the agent.
        fallback: the sentence for a caller whose replica ends during a tool call.
    """

    def __init__(self, agents: DeploymentHandle[Any], fallback: str) -> None:
        self._agents, self._fallback = agents, fallback

    async def __call__(self, request: Request) -> Response:
        """Answer a request.

        A tool call runs once: if its replica ends, the caller gets the fallback. Documents have no effects, and are
        asked for again.
        """
        path = whole_path(request.scope)
        last = path.rstrip("/").rpartition("/")[2]
        scope = {name: request.scope[name] for name in ("method", "scheme", "query_string", "client", "server")}
        headers = [tuple(each) for each in request.scope["headers"]]
        scope |= {"path": path, "raw_path": path.encode(), "headers": headers}
        asked = {"scope": scope, "body": await request.body()}
        for attempt in range(1 if last in _WITH_EFFECTS else _ATTEMPTS):
            try:
                status, answered, body = await self._agents.answer.remote(asked)
            except BackPressureError:
                return JSONResponse({"error": "the agent is busy"}, 503, {"Retry-After": "1"})
            except (RayError, RayServeException) as error:
                _log.warning("%s: %s", path, str(error).partition("\n")[0])
                await asyncio.sleep(0.1 * attempt)
                continue
            answer = Response(body, status)
            answer.raw_headers = answered
            return answer
        if last == TOOLS:
            return JSONResponse({"response": self._fallback})
        return JSONResponse({"error": "the replica of the agent ended"}, 503, {"Retry-After": "1"})


def whole_path(scope: Mapping[str, Any]) -> str:
    """Return the path of a request with the route, even if Ray has removed that."""
    root, path = scope.get("root_path", "").rstrip("/"), scope["path"]
    return str(path if path == root or path.startswith(f"{root}/") else f"{root}{path}")


def application(args: Mapping[str, Any]) -> Application:
    """Bind the deployments of one agent, see ``agenthost_ray.app``."""
    options = {"max_ongoing_requests": 64, "graceful_shutdown_timeout_s": 40.0, **args.get("agents", {})}
    agents: Any = serve.deployment(name="Agent", **options)(Agent)
    gate: Any = serve.deployment(name="Gate", max_ongoing_requests=256, ray_actor_options={"num_cpus": 0.1})(Gate)
    made: Application = gate.bind(
        agents.bind([args["agent"], *args.get("members", ())], args.get("config")), args.get("fallback") or FALLBACK
    )
    return made
