"""Spans of requests, as children of the caller's ``traceparent`` (W3C Trace Context)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar.enums import ScopeType

from agenthost._host.telemetry.spans import request_span, tracing
from agenthost._web.request.requests import Refused, raw_path, sent_path

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Receive, Send

    from agenthost._web.front import Front

__all__ = ["with_spans"]

_PASSED_ON = (b"traceparent", b"tracestate")
_SERVER_ERROR = 500
_PROBES = frozenset({"live", "ready", "startup", "health", "metrics"})
"""First segments of the paths that machines poll, without a trace of their own."""


def with_spans(front: Front) -> Any:
    """Wrap the host in a span for each request, if tracing is on."""
    if not tracing():
        return front

    async def answer(scope: HTTPScope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await front(scope, receive, send)
            return
        caller = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _PASSED_ON}
        if not caller and _polled(scope):
            await front(scope, receive, send)
            return
        attributes = {"http.request.method": scope["method"], "url.scheme": scope["scheme"]}
        route = _route(front, scope)
        if route is not None:
            attributes["http.route"] = route
        with request_span(f"{scope['method']} {route}" if route else scope["method"], attributes, caller) as span:

            async def noting(message: Any) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= _SERVER_ERROR:
                        span.set_attribute("error.type", str(message["status"]))
                await send(message)

            await front(scope, receive, noting)

    return answer


def _polled(scope: HTTPScope) -> bool:
    first = sent_path(scope).removeprefix(b"/").partition(b"/")[0]
    return first.decode("latin-1") in _PROBES


def _route(front: Front, scope: HTTPScope) -> str | None:
    """Return the agent's route with the endpoint.

    Unlike paths, these are few.
    """
    published = front.runtime.published
    if published is None:
        return None
    try:
        found = published.table.find(raw_path(sent_path(scope)))
    except Refused:
        return None
    return f"{found[0].route.rstrip('/')}/{found[1]}".rstrip("/") or "/" if found else None
