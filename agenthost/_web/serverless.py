"""Serverless: single requests of AWS Lambda, CGI and WSGI, through the same front."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, unquote

from agenthost._host.installer.environment import installer
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from litestar.types import HTTPScope, Receive, Send

    from agenthost._web.front import Front

__all__ = ["WSGIApplication", "answer_cgi", "answer_lambda", "as_wsgi"]

WSGIApplication: TypeAlias = "Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]"
"""PEP 3333."""

_log = logging.getLogger("agenthost.web")
_PLAIN = "/-._~!$&'()*+,;=:@"
"""Unescaped characters of a path, besides letters and digits (RFC 3986, section 3.3)."""


def _fix() -> str:
    return f"fix: {installer().install('agenthost[serverless]')}."


def answer_lambda(front: Front, event: Mapping[str, Any], context: Any) -> Any:
    """Answer an event of AWS Lambda.

    It may come from API Gateway (REST v1, HTTP v2), a function URL or a load balancer.

    Returns:
        Lambda's response object; 400 for an event that is not a request, such as a schedule's.

    Raises:
        ConfigurationError: Mangum is not installed.
    """
    if not _is_request(event):
        _log.warning("the event of AWS Lambda is not an HTTP request: it has %s", _keys_of(event))
        body = '{"error":"not an HTTP request of API Gateway, a function URL or a load balancer"}'
        return {"statusCode": 400, "headers": {"content-type": "application/json"}, "body": body}
    try:
        from mangum import Mangum  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = f"AWS Lambda needs mangum, which is not installed. {_fix()}"
        raise ConfigurationError(msg) from error
    prefix, path = _place(event)

    async def app(scope: HTTPScope, receive: Receive, send: Send) -> None:
        whole = prefix + path
        placed = {"root_path": prefix, "path": unquote(whole), "raw_path": whole.encode()}
        await front({**scope, **placed}, receive, send)

    return Mangum(app, lifespan="off")(event, context)  # type: ignore[arg-type]


def as_wsgi(front: Front) -> WSGIApplication:
    """Return the host as a WSGI application.

    Its event loop runs on a separate thread.

    Raises:
        ConfigurationError: a2wsgi is not installed.
    """
    try:
        from a2wsgi import ASGIMiddleware  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = f"CGI and WSGI need a2wsgi, which is not installed. {_fix()}"
        raise ConfigurationError(msg) from error
    inner = ASGIMiddleware(front)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass a request on.

        Its path is escaped again, so that the rules see the form a client may have sent.
        """
        sent = {name: value for name, value in environ.items() if value or not name.startswith("CONTENT_")}
        sent["PATH_INFO"] = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe=_PLAIN)
        return inner(sent, start_response)  # type: ignore[arg-type]

    return app


def answer_cgi(front: Front) -> None:
    """Answer the CGI request in the environment and on standard input (RFC 3875).

    Raises:
        ConfigurationError: a2wsgi is not installed.
    """
    from wsgiref.handlers import CGIHandler  # noqa: PLC0415 - only here

    CGIHandler().run(as_wsgi(front))


def _is_request(event: object) -> bool:
    if not isinstance(event, dict) or not isinstance(context := event.get("requestContext"), dict):
        return False
    return "httpMethod" in event or "http" in context


def _keys_of(event: object) -> str:
    if not isinstance(event, dict):
        return f"the type {type(event).__name__}"
    return f"the keys {', '.join(sorted(map(str, event))[:8])}" if event else "no keys"


def _place(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the public path before a route, and the path from there on.

    An HTTP API leaves a named stage in the path, and has a ``version``. A REST API removes it from ``path`` and leaves
    it in ``requestContext.path``. A load balancer has none.
    """
    context = event.get("requestContext") or {}
    path = str(event.get("rawPath") or event.get("path") or "/")
    if "version" in event:
        stage = f"/{context.get('stage') or '$default'}"
        return (stage, path[len(stage) :]) if f"{path}/".startswith(f"{stage}/") else ("", path)
    whole, end = str(context.get("path") or "").rstrip("/"), path.rstrip("/")
    return (whole[: len(whole) - len(end)] if whole.endswith(end) else ""), path
