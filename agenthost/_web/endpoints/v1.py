"""``/v1``: agents in text, in the form of OpenAI's API, for its clients.

The agent is the model's name. ``POST /v1/chat/completions`` answers a turn, at once or as a stream of events. ``GET
/v1/models`` lists the agents. The password of the host is the API key; HTTP Basic is accepted too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from agenthost._web.endpoints.chat.access import opened
from agenthost._web.endpoints.chat.completions import COMPLETIONS, complete
from agenthost._web.endpoints.chat.models import MODELS, models
from agenthost._web.endpoints.chat.refusals import ChatRefused
from agenthost._web.endpoints.chat.requests import read
from agenthost._web.request.answers import send_bytes
from agenthost._web.request.requests import Refused
from agenthost.tools.swaig import MalformedRequest

if TYPE_CHECKING:
    from litestar.types import Send

    from agenthost._web.request.site import Request

__all__ = ["PATHS", "PREFIX", "serve"]

PREFIX = "/v1/"
PATHS = (COMPLETIONS, MODELS)
"""The beginnings of paths with an endpoint."""
_encode = msgspec.json.Encoder().encode


async def serve(request: Request, path: str, send: Send) -> None:
    """Answer a request below ``/v1/``."""
    method = request.scope["method"]
    methods = {COMPLETIONS: ("POST", "OPTIONS"), MODELS: ("GET", "HEAD", "OPTIONS")}.get(
        path, ("GET", "HEAD", "OPTIONS") if path.startswith(f"{MODELS}/") else ()
    )
    headers: list[tuple[bytes, bytes]] = []
    try:
        if not methods:
            raise ChatRefused(404, "there is no such path.")  # noqa: TRY301 - one form of answer for all
        if method not in methods:
            headers.append((b"allow", ", ".join(methods).encode()))
            raise ChatRefused(405, "this path does not take the method.")  # noqa: TRY301
        if method == "OPTIONS":
            await send_bytes(send, 204, [*request.rules.shared, (b"allow", ", ".join(methods).encode())], b"")
            return
        opens = opened(request)
        if path == COMPLETIONS:
            await complete(request, await read(request, opens), send)
        else:
            await send_bytes(
                send, 200, request.rules.json, _encode(models(filter(opens, request.published.plan.agents), path))
            )
    except ChatRefused as refused:
        headers += refused.headers
        body, status = refused.body, refused.status
    except Refused as refused:
        headers += refused.headers
        body, status = ChatRefused(refused.status, refused.sentence or "the request is refused.").body, refused.status
    except MalformedRequest as malformed:
        body, status = ChatRefused(400, f"{malformed}.").body, 400
    else:
        return
    await send_bytes(send, status, [*request.rules.json, *headers], _encode(body))
