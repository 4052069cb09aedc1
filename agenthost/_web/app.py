"""The Litestar application behind the front, for everything that is not an agent."""

from __future__ import annotations

import logging
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.static_files import create_static_files_router

from agenthost._web.endpoints.health import health_routes
from agenthost._web.request.answers import error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from litestar.config.app import AppConfig

    from agenthost._host.runtime.runtime import Runtime

__all__ = ["make_app"]

_log = logging.getLogger("agenthost.web")


def make_app(
    runtime: Runtime, configure: Iterable[Callable[..., object]] = (), static: Mapping[str, str] = MappingProxyType({})
) -> Litestar:
    """Make the application.

    ``configure`` has the plugins' ``configure_app``, which are called in order.
    """

    def apply(config: AppConfig) -> AppConfig:
        for function in configure:
            function(app_config=config)
        return config

    return Litestar(
        route_handlers=[
            *health_routes(runtime),
            *(create_static_files_router(path, [directory]) for path, directory in static.items()),
        ],
        exception_handlers={HTTPException: _http_error, Exception: _failure},
        on_app_init=[apply],
        openapi_config=None,
        logging_config=None,
    )


def _http_error(_: Request[Any, Any, Any], exception: HTTPException) -> Response[bytes]:
    """Convert Litestar's errors to the common form, without their details."""
    status = exception.status_code
    headers = {name: value for name, value in (exception.headers or {}).items() if name.lower() == "allow"}
    return Response(
        error(HTTPStatus(status).phrase), status_code=status, media_type="application/json", headers=headers
    )


def _failure(_: Request[Any, Any, Any], exception: Exception) -> Response[bytes]:
    _log.error("an endpoint failed", exc_info=exception)
    return Response(error(HTTPStatus(500).phrase), status_code=500, media_type="application/json")
