"""Handlers that a program adds: ``@server.app.get("/ready")`` and the like.

They need no annotations and no framework: a handler takes nothing, or the request, is sync or async, and returns a
value, which is sent as JSON, or any response that is an ASGI application. ``return value, 503`` sets the status.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import frozen
from litestar import Request as LitestarRequest, Response
from litestar.types import Empty

from agenthost._web.request.answers import JSON, send_bytes, send_error, with_headers
from agenthost._web.request.requests import Disconnected, Refused, read_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.types import HTTPScope, Receive, Send

    from agenthost._web.request.site import Site

__all__ = ["Handler"]

_STATUSES = range(200, 600)

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("agenthost.web")


class _Request(LitestarRequest[Any, Any, Any]):
    """A request outside Litestar's own routes, with the usual limit of its body.

    ``most`` is a number of bytes that its body may have.
    """

    def __init__(self, scope: HTTPScope, receive: Receive, send: Send, most: int) -> None:
        super().__init__(scope, receive, send)
        self._most = most

    async def body(self) -> bytes:
        """Return the whole body."""
        if self._body is Empty:
            self._body = await read_body(self.receive, self._most)
        return self._body

    async def json(self) -> Any:
        """Return the body, decoded.

        Raises:
            Refused: 400 if it is not JSON.
        """
        try:
            return msgspec.json.decode(await self.body())
        except msgspec.DecodeError as error:
            raise Refused(400, "the body is not valid JSON") from error


@frozen
class Handler:
    """One handler."""

    function: Callable[..., Any]
    takes_request: bool

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Handler:
        """Make a handler of a function that takes nothing, or one argument."""
        parameters = inspect.signature(function).parameters.values()
        return cls(function, any(parameter.default is parameter.empty for parameter in parameters))

    async def answer(self, site: Site, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Run the function and send its result.

        An exception is logged, and the client gets a 500.

        Raises:
            Refused: 400 or 413 for a body that is not JSON or too large.
            Disconnected: the client disconnected while the body was read.
        """
        request = _Request(scope, receive, send, site.rules.most)
        arguments = (request,) if self.takes_request else ()
        try:
            if inspect.iscoroutinefunction(self.function):
                result = await self.function(*arguments)
            else:
                result = await asyncio.to_thread(self.function, *arguments)
            if isinstance(result, Response):
                result = result.to_asgi_response(None, request)
            result, status = _with_status(result)
            body = b"" if callable(result) else _encode(result)
        except (Refused, Disconnected):
            raise
        except Exception as error:  # noqa: BLE001 - others' code may raise anything
            _log.error("the handler of %s failed", scope["path"], exc_info=error)
            await send_error(send, 500, None, site.rules.shared)
            return
        if callable(result):
            await result(scope, receive, with_headers(send, site.rules.shared))
        else:
            await send_bytes(send, status, [*site.rules.shared, JSON], body)


def _with_status(result: Any) -> tuple[Any, int]:
    """Split ``value, status``, as the field writes it. Other results have the status 200."""
    match result:
        case (value, int(status)) if isinstance(result, tuple) and status in _STATUSES and not isinstance(status, bool):
            return value, status
    return result, 200
