"""Requests to a host in this process."""

from __future__ import annotations

import asyncio
import json as _json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

__all__ = ["Response", "exchange"]


@frozen
class Response:
    """The response of a host.

    Args:
        status: its status.
        headers: its headers, with names in lower case.
        body: its body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            ValueError: it is not JSON.
        """
        return _json.loads(self.body)


async def exchange(
    app: Callable[..., Awaitable[None]], method: str, url: str, json: Any, headers: Mapping[str, str]
) -> Response:
    """Send a request to an ASGI application, and return its response.

    Args:
        app: the application.
        method: the method.
        url: the URL, with a query if it has one.
        json: the body, unless it is None.
        headers: further headers.
    """
    parts = urlsplit(url)
    body = b"" if json is None else _json.dumps(json).encode()
    given = {"host": parts.netloc, "content-length": str(len(body)), "content-type": "application/json"}
    if json is None:
        del given["content-length"], given["content-type"]
    given |= {name.lower(): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()],
        "client": ("127.0.0.1", 50000),
        "server": (parts.hostname, 80),
        "state": {},
    }
    sent: list[dict[str, Any]] = []
    pending: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if pending:
            return pending.pop()
        await asyncio.Event().wait()  # the client stays connected
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Response(start["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))
