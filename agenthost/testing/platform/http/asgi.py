"""Client of an ASGI application in this process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from agenthost.testing.platform.http.client import HttpRequest, HttpResponse, UnreachableError, origin_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from types import TracebackType

__all__ = ["AsgiClient"]


class AsgiClient:
    """A client of an ASGI application, without a socket.

    As an asynchronous context manager, it runs the application's lifespan.

    Args:
        app: the application.
        base_url: URL of the host, with credentials if it needs some.
        public_urls: further URLs that the host's documents name as its own.
    """

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        base_url: str = "http://127.0.0.1:3000",
        public_urls: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._base_url = base_url
        self._origins = tuple(origin_of(url) for url in (base_url, *public_urls))
        self._lifespan: _Lifespan | None = None

    @property
    def base_url(self) -> str:
        """The host's URL."""
        return self._base_url

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that are the application."""
        return self._origins

    async def __aenter__(self) -> Self:
        self._lifespan = _Lifespan(self._app)
        await self._lifespan.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lifespan is not None:
            await self._lifespan.stop()
            self._lifespan = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request to the application.

        Raises:
            UnreachableError: the application raises, sends no answer, or takes too long.
        """
        exchange = _Exchange(request)
        try:
            async with asyncio.timeout(request.timeout):
                await self._app(_scope(request), exchange.receive, exchange.send)
        except TimeoutError:
            msg = f"no answer within {request.timeout:g} s"
            raise UnreachableError(msg) from None
        except Exception as error:
            msg = f"the application raised {type(error).__name__}"
            raise UnreachableError(msg) from error
        if exchange.status is None:
            raise UnreachableError("the application sent no answer")
        return HttpResponse(exchange.status, tuple(exchange.headers), bytes(exchange.body))


class _Exchange:
    """The two channels of one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request: bytes | None = request.body
        self._done = asyncio.Event()
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()

    async def receive(self) -> dict[str, Any]:
        if self._request is not None:
            body, self._request = self._request, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._done.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message.get("headers", ())
            ]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                self._done.set()


class _Lifespan:
    """The lifespan of an application, in a task of its own."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app
        self._to: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the application.

        Raises:
            UnreachableError: it refuses to start.
        """
        self._task = asyncio.create_task(self._run())
        answer = await self._ask("lifespan.startup")
        if answer == "lifespan.startup.failed":
            await asyncio.gather(self._task, return_exceptions=True)
            raise UnreachableError("the application did not start")

    async def stop(self) -> None:
        """Stop the application."""
        if self._task is not None:
            await self._ask("lifespan.shutdown")
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        await self._app(scope, self._to.get, self._from.put)

    async def _ask(self, kind: str) -> str:
        """Send a message, and return the kind of the answer, or empty text."""
        assert self._task is not None
        await self._to.put({"type": kind})
        answer = asyncio.ensure_future(self._from.get())
        await asyncio.wait([answer, self._task], return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return str(answer.result()["type"])
        answer.cancel()
        return ""


def _scope(request: HttpRequest) -> dict[str, Any]:
    parts = urlsplit(request.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
    path = parts.path or "/"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote(path),
        "raw_path": path.encode("ascii", "replace"),
        "query_string": parts.query.encode("ascii", "replace"),
        "root_path": "",
        "headers": [(b"host", parts.netloc.encode("ascii", "replace")), *headers],
        "client": ("127.0.0.1", 50000),
        "server": (parts.hostname, port),
        "state": {},
        "extensions": {},
    }
