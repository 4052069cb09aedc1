"""The Litestar application behind the front, for everything that is not an agent."""

from __future__ import annotations

import logging
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from litestar import HttpMethod, Litestar, Request, Response, route
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the hints
from litestar.static_files import create_static_files_router

from agenthost._host.access.principals import NOBODY, Principal
from agenthost._web.endpoints.health import ASKING, RUNTIME, Asker, answer
from agenthost._web.request.answers import error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from litestar.config.app import AppConfig
    from litestar.handlers import HTTPRouteHandler

    from agenthost._host.runtime.runtime import Runtime

__all__ = ["health_routes", "make_app", "prepare_app"]

_log = logging.getLogger("agenthost.web")


def make_app(
    runtime: Runtime, configure: Iterable[Callable[..., object]] = (), static: Mapping[str, str] = MappingProxyType({})
) -> Litestar:
    """Make the application.

    ``configure`` has the plugins' ``configure_app``, which are called in order.
    """
    app = prepare_app(configure, static)
    app.state[RUNTIME] = runtime
    return app


def prepare_app(
    configure: Iterable[Callable[..., object]] = (), static: Mapping[str, str] = MappingProxyType({})
) -> Litestar:
    """Make an application that lacks only its runtime.

    The runtime belongs into its state, under ``RUNTIME``. For the arguments, see ``make_app``.
    """

    def apply(config: AppConfig) -> AppConfig:
        for function in configure:
            function(app_config=config)
        return config

    return Litestar(
        route_handlers=[
            *health_routes(),
            *(create_static_files_router(path, [directory]) for path, directory in static.items()),
        ],
        exception_handlers={HTTPException: _http_error, Exception: _failure},
        on_app_init=[apply],
        openapi_config=None,
        logging_config=None,
    )


def health_routes() -> Sequence[HTTPRouteHandler]:
    """Return the handlers of ``/live``, ``/startup``, ``/ready`` and ``/health``."""
    read = [HttpMethod.GET, HttpMethod.HEAD]

    def of_host(path: str) -> HTTPRouteHandler:
        @route(path, http_method=read, sync_to_thread=False)
        def host(request: Request[Any, Any, Any]) -> Response[bytes]:
            return respond(request, path)

        return host

    def of_agent(path: str) -> HTTPRouteHandler:
        @route(f"{path}/{{agent:str}}", http_method=read, sync_to_thread=False)
        def one(request: Request[Any, Any, Any], agent: FromPath[str]) -> Response[bytes]:
            return respond(request, f"{path}/{agent}")

        return one

    def respond(request: Request[Any, Any, Any], path: str) -> Response[bytes]:
        principal = request.scope.get(ASKING)
        asker = Asker.of(request.scope, principal if isinstance(principal, Principal) else NOBODY)
        runtime: Runtime = request.app.state[RUNTIME]
        runtime.watched = runtime.watched or path == "/ready"
        answered = answer(path, runtime.condition(asker.observes), runtime.config.health, asker)
        if answered is None:
            raise NotFoundException
        status, headers, body = answered
        told = {name.decode(): value.decode() for name, value in headers}
        return Response(body, status_code=status, headers=told, media_type=told.pop("content-type"))

    hosts = [of_host(path) for path in ("/live", "/startup", "/ready", "/health")]
    return [*hosts, *(of_agent(path) for path in ("/ready", "/health"))]


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
