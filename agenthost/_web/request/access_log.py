"""The access log: a line for each request, without secrets."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from agenthost._web.request.requests import sent_path

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Message, Send

    from agenthost._host.access.principals import Principal
    from agenthost._web.request.forwarding import TrustedProxies

__all__ = ["logged", "note_key", "note_request", "request_id"]

_KEY = "agenthost.key"
_REQUEST = "agenthost.request_id"

_log = logging.getLogger("agenthost.access")


def logged(scope: HTTPScope, send: Send, proxies: TrustedProxies) -> Send:
    """Wrap ``send`` to log client, method, path, status and duration.

    Query strings have tokens, and headers and bodies have callers' data, so none of them is logged.
    """
    began = time.perf_counter()

    async def noting(message: Any) -> None:
        if message["type"] == "http.response.start":
            path = sent_path(scope).decode("latin-1").encode("unicode_escape").decode()
            client = proxies.forwarded(scope).client
            took = time.perf_counter() - began
            fields = {"client": client, "method": scope["method"], "path": path, "status": message["status"]}
            if key := scope.get(_KEY, ""):
                fields["key"] = key
            if request := request_id(scope):
                fields["request_id"] = request
            _log.info(
                "%s %s %s %d %.1f ms%s",
                *(client, scope["method"], path, message["status"], took * 1000, f", key {key}" if key else ""),
                extra={"fields": fields | {"duration": round(took, 6)}},
            )
        passed: Message = message
        await send(passed)

    return noting


def note_key(scope: HTTPScope, principal: Principal) -> None:
    """Add the name of a key to the entry of a request."""
    if principal.key:
        scope[_KEY] = principal.key  # type: ignore[literal-required]


def note_request(scope: HTTPScope, name: str) -> None:
    """Add the ID of a request to its entry."""
    scope[_REQUEST] = name  # type: ignore[literal-required]


def request_id(scope: HTTPScope) -> str | None:
    """Return the ID of a request, if it has one."""
    found = scope.get(_REQUEST)
    return found if isinstance(found, str) else None
