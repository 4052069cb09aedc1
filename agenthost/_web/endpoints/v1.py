"""``/v1``: agents in text, in the form of OpenAI's API, for its clients.

The agent is the model's name. ``POST /v1/chat/completions`` and ``POST /v1/responses`` answer a turn, at once or as a
stream of events. ``GET /v1/models`` lists the agents. The password of the host is the API key; HTTP Basic is accepted
too. Below an agent's own route, the same paths answer for that agent alone.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._host.peers.crossing import crossed_by
from agenthost._host.telemetry.current_call import requesting
from agenthost._web.endpoints.chat.access import opened
from agenthost._web.endpoints.chat.completions import COMPLETIONS, complete
from agenthost._web.endpoints.chat.models import MODELS, models
from agenthost._web.endpoints.chat.refusals import ChatRefused, refusal_of
from agenthost._web.endpoints.chat.requests import read
from agenthost._web.endpoints.responses.endpoint import RESPONSES, create, delete, find
from agenthost._web.request.access_log import note_request
from agenthost._web.request.answers import send_bytes, with_headers
from agenthost._web.request.requests import Refused
from agenthost.errors import StateUnavailable
from agenthost.tools.swaig import MalformedRequest

if TYPE_CHECKING:
    from litestar.types import Send

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Request

__all__ = ["PATHS", "serve"]

PATHS = (COMPLETIONS, MODELS, RESPONSES)
"""The beginnings of paths with an endpoint."""
_LEGACY = "/v1/completions"
_log = logging.getLogger("agenthost.web")
_encode = msgspec.json.Encoder().encode


async def serve(request: Request, path: str, send: Send, agent: Mounted | None = None) -> None:
    """Answer a request below ``/v1/``, of the host or of one agent.

    Its ID is in the answer, and in every line of the log that is written for it.
    """
    name = f"req_{secrets.token_hex(12)}"
    note_request(request.scope, name)
    before = requesting.set(name)
    try:
        await _serve(request, path, send, agent, name)
    finally:
        requesting.reset(before)


async def _serve(request: Request, path: str, send: Send, agent: Mounted | None, name: str) -> None:
    asks = any(header == b"access-control-request-method" for header, _ in request.scope["headers"])
    preflight = b"GET, POST, DELETE" if asks and request.scope["method"] == "OPTIONS" else None
    cross = request.rules.origins.headers(request.scope["headers"], preflight)
    send = with_headers(send, [(b"x-request-id", name.encode()), *cross])
    headers: list[tuple[bytes, bytes]] = []
    try:
        methods = _methods(path)
        if request.scope["method"] not in methods:
            headers.append((b"allow", ", ".join(methods).encode()))
            raise ChatRefused(405, "this path does not take the method.")  # noqa: TRY301 - one form of answer for all
        if request.scope["method"] == "OPTIONS":
            await send_bytes(send, 204, [*request.rules.shared, (b"allow", ", ".join(methods).encode())], b"")
            return
        await _answer(request, path, send, agent)
    except ChatRefused as refused:
        headers += refused.headers
        body, status = refused.body, refused.status
    except Refused as refused:
        headers += refused.headers
        body, status = ChatRefused(refused.status, refused.sentence or "the request is refused.").body, refused.status
    except StateUnavailable as unavailable:
        body, status = refusal_of(request, "", unavailable).body, 503
    except MalformedRequest as malformed:
        body, status = ChatRefused(400, f"{malformed}.").body, 400
    else:
        return
    if status >= 500:  # noqa: PLR2004 - HTTP's
        _log.warning("request %s has no answer: %s", name, body["error"]["message"], extra={"request_id": name})
    await send_bytes(send, status, [*request.rules.json, *headers], _encode(body))


def _methods(path: str) -> tuple[str, ...]:
    """Return the methods of a path.

    Raises:
        ChatRefused: there is no such path.
    """
    if path in (COMPLETIONS, RESPONSES):
        return ("POST", "OPTIONS")
    if path == MODELS or path.startswith(f"{MODELS}/"):
        return ("GET", "HEAD", "OPTIONS")
    if path.startswith(f"{RESPONSES}/") and "/" not in path.removeprefix(f"{RESPONSES}/"):
        return ("GET", "HEAD", "DELETE", "OPTIONS")
    if path == _LEGACY:
        raise ChatRefused(404, f"agents answer at {COMPLETIONS} and {RESPONSES}, not at {_LEGACY}.", "unknown_url")
    raise ChatRefused(404, "there is no such path.", "unknown_url")


async def _answer(request: Request, path: str, send: Send, agent: Mounted | None) -> None:
    may, plan = opened(request), request.published.plan

    def opens(other: Mounted) -> bool:
        return (agent is None or other is agent) and may(other)

    if path in (COMPLETIONS, RESPONSES):
        answer_turn = complete if path == COMPLETIONS else create
        with crossed_by(request.scope["headers"]):
            await answer_turn(request, *await read(request, opens, agent), send)
        return
    body: dict[str, Any]
    if path.startswith(RESPONSES):
        agents = filter(opens, plan.agents)
        answer = delete if request.scope["method"] == "DELETE" else find
        body = await answer(request, agents, path.removeprefix(f"{RESPONSES}/"))
    else:
        body = models(plan, opens, path)
    await send_bytes(send, 200, [*request.rules.json], _encode(body))
