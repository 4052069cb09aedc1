"""Serverless: one request at a time, as AWS Lambda and CGI bring them, to the same front as everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.types import HTTPScope, Receive, Send

    from agenthost._web.front import Front

__all__ = ["answer_cgi", "answer_lambda"]

_INSTALL = "Install it: pip install 'agenthost[serverless]'."


def answer_lambda(front: Front, event: Mapping[str, Any], context: Any) -> Any:
    """Answer an event of AWS Lambda: API Gateway (REST v1, HTTP v2), a function URL or a load balancer.

    Args:
        front: the host.
        event: Lambda's.
        context: Lambda's.

    Returns:
        Lambda's response object.

    Raises:
        ConfigurationError: Mangum is not installed.
    """
    try:
        from mangum import Mangum  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = f"AWS Lambda needs mangum, which is not installed. {_INSTALL}"
        raise ConfigurationError(msg) from error
    prefix, stripped = _stage(event)

    async def app(scope: HTTPScope, receive: Receive, send: Send) -> None:
        await front({**scope, "root_path": prefix, "path": prefix + scope["path"]}, receive, send)

    return Mangum(app, lifespan="off", api_gateway_base_path=stripped)(event, context)  # type: ignore[arg-type]


def answer_cgi(front: Front) -> None:
    """Answer the request in this process's environment and standard input (RFC 3875).

    Raises:
        ConfigurationError: a2wsgi is not installed.
    """
    try:
        from a2wsgi import ASGIMiddleware  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = f"CGI needs a2wsgi, which is not installed. {_INSTALL}"
        raise ConfigurationError(msg) from error
    from wsgiref.handlers import CGIHandler  # noqa: PLC0415 - only here

    CGIHandler().run(ASGIMiddleware(front))  # type: ignore[arg-type]


def _stage(event: Mapping[str, Any]) -> tuple[str, str]:
    """The path that callers write before a route, and the part of it that the event's path still has.

    REST v1 takes the stage off ``path`` and leaves it in ``requestContext.path``; HTTP v2 leaves it in ``rawPath``.
    """
    context = event.get("requestContext") or {}
    if event.get("version") == "2.0":
        stage = context.get("stage", "$default")
        named = f"/{stage}" if stage != "$default" and str(event.get("rawPath", "")).startswith(f"/{stage}") else ""
        return named, named or "/"
    whole, path = str(context.get("path") or ""), str(event.get("path") or "")
    return (whole[: -len(path)] if path and whole.endswith(path) else ""), "/"
