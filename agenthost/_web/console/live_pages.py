"""Live pages: server-sent events with the content of a page, each time that it changes.

A page is rendered at most once a second for everybody who may see the same.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from agenthost._host.runtime.condition import Phase
from agenthost._web.console.texts import gettext, language
from agenthost._web.request.answers import NO_STORE
from agenthost._web.request.requests import BASIC, Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar.types import Send

    from agenthost._web.request.site import Answer, Request

    Render = Callable[[Request, str], Awaitable[Answer]]

__all__ = ["LivePages"]

_EVERY = 1.0
"""Seconds between two looks at a page."""
_ALIVE = 15
"""Looks after which an unchanged page sends a comment, so that proxies keep the connection."""
_LONGEST = 600
"""Looks after which the browser has to connect again."""
_MOST = 32
"""The most events at a time. Other pages stay as they are."""
_EVENTS = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
_OK = 200


@define
class LivePages:
    """The live pages of one worker.

    ``may_enter`` returns True if the caller of a request may see pages, and ``render`` answers for a page at a path.
    """

    may_enter: Callable[[Request], bool]
    render: Render
    _open: int = 0
    _latest: dict[tuple[str, ...], tuple[float, bytes]] = field(factory=dict)

    async def serve(self, request: Request, path: str, send: Send) -> None:
        """Send the content of a page until the browser closes it, or the host stops.

        Raises:
            Refused: there is no such page, the caller may not see it, or too many are open.
        """
        if self._open >= _MOST:
            raise Refused(503, gettext("too many live pages are open"), [(b"retry-after", b"10")])
        content = await self._content(request, path)
        self._open += 1
        closed = asyncio.ensure_future(_disconnected(request))
        try:
            headers = [*request.rules.shared, NO_STORE, *_EVENTS]
            start: Any = {"type": "http.response.start", "status": _OK, "headers": headers}
            await send(start)
            await self._follow(request, path, content, send, closed)
            await send(_body(b"", more=False))
        finally:
            self._open -= 1
            closed.cancel()

    async def _follow(
        self, request: Request, path: str, content: bytes, send: Send, closed: asyncio.Future[Any]
    ) -> None:
        runtime = request.site.runtime
        await send(_body(_event(content)))
        for look in range(1, _LONGEST):
            await asyncio.wait([closed], timeout=_EVERY)
            if runtime.phase is not Phase.SERVING or runtime.replaced or runtime.published is None:
                return
            if closed.done():
                return
            now = evolve(request, rules=request.site.rules, published=runtime.published)
            try:
                found = await self._content(now, path)
            except Refused:
                return
            if found != content:
                content = found
                await send(_body(_event(content)))
            elif look % _ALIVE == 0:
                await send(_body(b": alive\n\n"))

    async def _content(self, request: Request, path: str) -> bytes:
        """Return the content of a page, as it is now or was a moment ago.

        Raises:
            Refused: there is none for this caller.
        """
        if not self.may_enter(request):
            raise Refused(401, "Unauthorized", BASIC)
        asked = path, request.scope["query_string"].decode("latin-1"), request.principal.name, language()
        then, content = self._latest.get(asked, (0.0, b""))
        if time.monotonic() - then < _EVERY:
            return content
        status, _, body = await self.render(request, path)
        if status != _OK:
            raise Refused(status)
        content = body.partition(b"<main")[2].partition(b">")[2].partition(b"</main>")[0]
        for old in [each for each, (when, _) in self._latest.items() if time.monotonic() - when > 2 * _EVERY]:
            del self._latest[old]
        self._latest[asked] = time.monotonic(), content
        return content


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _event(content: bytes) -> bytes:
    return b"data: " + json.dumps(content.decode()).encode() + b"\n\n"


def _body(piece: bytes, *, more: bool = True) -> Any:
    return {"type": "http.response.body", "body": piece, "more_body": more}
