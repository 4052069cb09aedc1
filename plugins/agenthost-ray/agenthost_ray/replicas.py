"""Replicas: the deployments of one agent's application."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from ray import serve
from ray.exceptions import RayActorError
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ray.serve import Application
    from ray.serve.handle import DeploymentHandle
    from starlette.requests import Request

__all__ = ["Agent", "Gate", "application", "whole_path"]

FALLBACK = "I am sorry, I cannot do that right now."
TOOLS = "swaig"
_WITH_EFFECTS = (TOOLS, "post_prompt", "check_for_input", "debug_events", "mcp", "completions", "responses")
"""Last segments of paths whose requests are sent once."""
_ATTEMPTS = 3


class Agent:
    """Serves one agent with the whole host around it: credentials, tokens, limits, state.

    Args:
        agent: the agent's key.
        config: the path of the configuration file, or None.
    """

    def __init__(self, agent: str, config: str | None) -> None:
        self._agent, self._config = agent, config
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._app: Any = None

    async def opened(self) -> Any:
        """Return the host as an ASGI application, built at the first call."""
        async with self._opening:
            if self._app is None:
                os.environ["AGENTHOST_AGENTS"] = self._agent  # a replica is a process of its own
                from litestar import Litestar  # noqa: PLC0415 - as above

                from agenthost import AgentHostPlugin  # noqa: PLC0415 - in the replica, by its own runtime_env

                made = Litestar(plugins=[AgentHostPlugin(config=self._config)])
                await self._stack.enter_async_context(made.lifespan())
                self._app = made
        return self._app

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

    async def __del__(self) -> None:
        """Close the host when Ray stops the replica."""
        await self._stack.aclose()


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
            except RayActorError:
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
    made: Application = gate.bind(agents.bind(args["agent"], args.get("config")), args.get("fallback") or FALLBACK)
    return made
