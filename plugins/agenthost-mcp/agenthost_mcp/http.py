"""Streamable HTTP without sessions and streams, so that any worker can answer."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from agenthost_mcp.server import server_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from agenthost import McpOffer, McpRequest

__all__ = ["answer"]

_INVALID = b"Validation error"
"""The beginning of the SDK's words for a request that is not a message."""
_ACCEPT = b"application/json, text/event-stream"
for _name in ("streamable_http", "streamable_http_manager"):  # they log the start and end of each request
    logging.getLogger(f"mcp.server.{_name}").setLevel(logging.WARNING)


async def answer(offer: McpOffer, request: McpRequest) -> tuple[int, Sequence[tuple[bytes, bytes]], bytes]:
    """Answer a request.

    Args:
        offer: the agents that the caller may use.
        request: the request, which the host has checked.
    """
    manager = StreamableHTTPSessionManager(server_of(offer), json_response=True, stateless=True)
    response = _Response()
    async with manager.run():
        await manager.handle_request(_scope(request), _Body(request.body).receive, response.send)
    return int(response.status), response.headers, _without_values(response.body)


def _without_values(body: bytes) -> bytes:
    """Return a response without the values that the SDK repeats of a request."""
    if _INVALID not in body:
        return body
    told = json.loads(body)
    if isinstance(error := told.get("error"), dict) and str(error.get("message")).startswith(_INVALID.decode()):
        told["error"] = {"code": error["code"], "message": "this is not a message of the protocol"}
        return json.dumps(told).encode()
    return body


def _scope(request: McpRequest) -> dict[str, Any]:
    headers = [(name, value) for name, value in request.headers if name not in (b"accept", b"content-length")]
    headers += [(b"accept", _ACCEPT), (b"content-length", b"%d" % len(request.body))]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": None,
    }


class _Body:
    """The body of a request, which is never followed by anything."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def receive(self) -> MutableMapping[str, Any]:
        body, self._body = self._body, None
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}


class _Response:
    """The response to a request."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")
