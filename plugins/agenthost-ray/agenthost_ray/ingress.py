"""Ingress: leads requests to the replicas of their agents, and answers all others."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from starlette.responses import JSONResponse, Response, StreamingResponse

from agenthost_ray.answers import (
    ENDED,
    InProcess,
    called_user,
    in_request,
    model_of,
    refused,
    response,
    until_its_end,
)
from agenthost_ray.replicas import AGENT, DRAINING, Replica
from agenthost_ray.reports import replica_name, totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ray.serve import Application
    from ray.serve.handle import DeploymentHandle
    from starlette.requests import Request

__all__ = ["FALLBACK", "Ingress", "application"]

FALLBACK = "I am sorry, I cannot do that right now."
"""For callers of an agent without one."""
TOOLS, SIP = "swaig", "sip"
_WITH_EFFECTS = (TOOLS, "post_prompt", "check_for_input", "debug_events", "mcp")
"""Last segments of paths whose requests are sent once."""
_METRICS, _MODELS, _TURNS = "/metrics", "/v1/models", ("/v1/chat/completions", "/v1/responses")
_TEXT = "/v1/"
_BY_NAME = ("/ready/", "/health/", f"{_MODELS}/")
"""Beginnings of paths of the host that end with the name of an agent."""
_ATTEMPTS = 3
_WAIT = 5.0
"""Seconds for replicas to list their agents."""
_OK = 200
_log = logging.getLogger("agenthost.ray")


class Ingress(Replica):
    """Leads requests to the replicas of agents, and answers for a replica that ends.

    Args:
        known: what is placed on the cluster: the rows of the ``agents``, the keys of ``failed`` ones, the number of
            ``replicas`` of the ingress, and the digest of the ``settings``.
        config: the path of the configuration file, or None.
    """

    def __init__(self, known: Mapping[str, Any], config: str | None) -> None:
        self._known, agents = known, known["agents"]
        self._by_route: dict[str, Mapping[str, Any]] = {row["route"]: row for row in agents}
        self._by_name: dict[str, Mapping[str, Any]] = {
            name: row for row in agents for name in (row["agent"], row["route"])
        }
        self._apart = [row for row in agents if row["apart"]]
        self._aliases = {name.lower(): row for row in self._apart for name in (row["agent"], *row["sip"])}
        self._handles: dict[str, DeploymentHandle[Any]] = {}
        digests = {row["agent"]: row["digest"] for row in agents if not row["apart"]}
        super().__init__(list(digests), config, {**digests, "": known["settings"]})

    async def served(self) -> Mapping[str, Any]:
        """Return what is placed on the cluster."""
        return self._known

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        asked = await in_request(request)
        path, reads = asked["scope"]["path"], request.method == "GET"
        if reads and path == _METRICS:
            return await self._metrics(asked)
        if reads and path == _MODELS and self._apart:
            return await self._models(asked)
        row = self._agent_of(path, asked["body"])
        return await self._itself(asked) if row is None else await self._by_agent(row, asked)

    def _agent_of(self, path: str, body: bytes) -> Mapping[str, Any] | None:
        """Return the agent whose replicas answer a request, or None for the ingress."""
        if path in _TURNS:
            return self._by_name.get(model_of(body))
        if path == f"/{SIP}":
            return self._aliases.get(called_user(body)) if self._aliases else None
        for beginning in _BY_NAME:
            if path.startswith(beginning):
                return self._by_name.get(path.removeprefix(beginning))
        return self._agent_at(path)

    def _agent_at(self, path: str) -> Mapping[str, Any] | None:
        """Return the agent of a route, or of an endpoint below it."""
        path = path.rstrip("/") or "/"
        if row := self._by_route.get(path):
            return row
        route, text, _ = path.partition(_TEXT)
        if text:
            return self._by_route.get(route) if route else None
        route, _, endpoint = path.rpartition("/")
        if not route and endpoint not in _WITH_EFFECTS:
            return None
        row = self._by_route.get(route or "/")
        return row if row is not None and (endpoint != SIP or row["apart"]) else None  # SIP may reach another agent

    async def _itself(self, asked: Mapping[str, Any]) -> Response:
        """Answer as the host in this process does."""
        return InProcess(await self.host.opened(), asked)

    async def _metrics(self, asked: Mapping[str, Any]) -> Response:
        """Return the metrics of all replicas, to those who may read those of the host."""
        status, headers, body = await self.host.answer(asked)
        if status == _OK:
            try:
                await totals().push.remote(replica_name(), body.decode())
                body = (await totals().text.remote()).encode()
            except RayError as error:
                return refused(f"the metrics cannot be added up: {_first_line(error)}", in_text=False, repeat=True)
            headers = [each for each in headers if each[0] != b"content-length"]
        return response(status, headers, body)

    async def _models(self, asked: Mapping[str, Any]) -> Response:
        """Return all agents that the caller may ask, as models."""
        status, headers, body = await self.host.answer(asked)
        if status != _OK:
            return response(status, headers, body)
        asking = (asyncio.wait_for(self._handle(row).answer.remote(asked), _WAIT) for row in self._apart)
        found = await asyncio.gather(*asking, return_exceptions=True)
        listed = [body, *(each[2] for each in found if isinstance(each, tuple) and each[0] == _OK)]
        models = {each["id"]: each for text in listed for each in json.loads(text)["data"]}
        return JSONResponse({"object": "list", "data": [models[name] for name in sorted(models)]})

    async def _by_agent(self, row: Mapping[str, Any], asked: Mapping[str, Any]) -> Response:
        """Answer as the agent's replicas do.

        A tool call runs once: if its replica ends, the caller gets the fallback. Documents have no effects, and are
        asked for again.
        """
        path = asked["scope"]["path"]
        last, in_text = path.rstrip("/").rpartition("/")[2], _TEXT in path
        once = in_text or last in _WITH_EFFECTS
        for attempt in range(1 if once else _ATTEMPTS):
            try:
                return await self._streamed(row, asked) if in_text else await self._whole(row, asked)
            except BackPressureError:
                return refused("the agent is busy", in_text=in_text, repeat=True)
            except (RayError, RayServeException) as error:
                _log.warning("agent %s: %s: %s", row["agent"], ENDED, _first_line(error))
                await asyncio.sleep(0.1 * attempt)
        if last == TOOLS:
            return JSONResponse({"response": row["fallback"] or FALLBACK})
        return refused(ENDED, in_text=in_text, repeat=not once)

    async def _whole(self, row: Mapping[str, Any], asked: Mapping[str, Any]) -> Response:
        return response(*await self._handle(row).answer.remote(asked))

    async def _streamed(self, row: Mapping[str, Any], asked: Mapping[str, Any]) -> Response:
        """Return an answer whose pieces are sent as they come."""
        pieces: Any = self._handle(row).options(stream=True).pieces.remote(asked)
        status, headers = await anext(pieces)
        made = StreamingResponse(until_its_end(pieces), status)
        made.raw_headers = headers
        return made

    def _handle(self, row: Mapping[str, Any]) -> DeploymentHandle[Any]:
        name = row["application"]
        if name not in self._handles:
            self._handles[name] = serve.get_deployment_handle(AGENT, name)
        return self._handles[name]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def application(args: Mapping[str, Any]) -> Application:
    """Bind the ingress of a cluster, see ``agenthost_ray.front``."""
    options = {"max_ongoing_requests": 1024, **DRAINING, **args.get("options", {})}
    ingress: Any = serve.deployment(name="Ingress", **options)(Ingress)
    made: Application = ingress.bind(dict(args["known"]), args.get("config"))
    return made
