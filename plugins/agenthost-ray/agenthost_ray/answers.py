"""Requests on their way to replicas, and answers on their way back."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from starlette.responses import JSONResponse, Response

from agenthost_ray.host import run_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

__all__ = ["ENDED", "InProcess", "called_user", "in_request", "model_of", "refused", "response", "until_its_end"]

ENDED = "the replica of the agent ended"
_WITHOUT_BODY = (204, 304)
_log = logging.getLogger("agenthost.ray")


class InProcess(Response):
    """The answer of an ASGI application in this process.

    Args:
        app: the application.
        asked: the request, see ``in_request``.
    """

    def __init__(self, app: Any, asked: Mapping[str, Any]) -> None:
        super().__init__()
        self._app, self._asked = app, asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it has its own
        """Let the application answer."""
        await run_request(self._app, self._asked, receive, send)


async def in_request(request: Request) -> dict[str, Any]:
    """Return a request as it travels to a replica: ``scope`` and ``body``."""
    given = request.scope
    path = _whole_path(given)
    scope = {name: given.get(name) for name in ("method", "scheme", "query_string", "client", "server")}
    headers = [(bytes(name), bytes(value)) for name, value in given["headers"]]
    raw = given.get("raw_path") or path.encode()
    return {"scope": {**scope, "path": path, "raw_path": raw, "headers": headers}, "body": await request.body()}


def _whole_path(scope: Mapping[str, Any]) -> str:
    """Return the path of a request with the route, even if Ray has removed that."""
    root, path = scope.get("root_path", "").rstrip("/"), scope["path"]
    return str(path if path == root or path.startswith(f"{root}/") else f"{root}{path}")


def model_of(body: bytes) -> str:
    """Return the agent that a turn names as its model, or an empty text."""
    return _text(body, "model")


def called_user(body: bytes) -> str:
    """Return the user of the called SIP address, or an empty text."""
    address = _text(body, "call", "to").strip().lower()
    return address.partition(":")[2].partition("@")[0].partition(";")[0] if ":" in address else address


def _text(body: bytes, *keys: str) -> str:
    try:
        found = json.loads(body)
        for key in keys:
            found = found[key]
    except (ValueError, LookupError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def response(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> Response:
    """Return the whole answer of a replica."""
    made = Response(body, status)
    if status not in _WITHOUT_BODY and not any(name == b"content-length" for name, _ in headers):
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    made.raw_headers = headers
    return made


def refused(why: str, *, in_text: bool, repeat: bool) -> Response:
    """Return 503, for a client in text or for the platform."""
    headers = {"Retry-After": "1"} if repeat else {"x-should-retry": "false"}
    return JSONResponse(_error(why) if in_text else {"error": why}, 503, headers)


def _error(why: str) -> dict[str, Any]:
    return {"error": {"message": why, "type": "server_error", "param": None, "code": None}}


async def until_its_end(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a stream, and an error if its replica ends."""
    try:
        async for piece in pieces:
            yield piece
    except (RayError, RayServeException) as error:
        _log.warning("a stream was cut off: %s", str(error).partition("\n")[0])
        yield b"data: " + json.dumps(_error(ENDED)).encode() + b"\n\n"
