"""The choice of the process that answers a request, by the generation of its call."""

from __future__ import annotations

import asyncio
import logging
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from litestar.enums import ScopeType

from agenthost._host.access.call_credentials import token_in
from agenthost._host.access.tokens import generation_of
from agenthost._web.older.relay import hand_over
from agenthost._web.request.requests import query_value
from agenthost.swml import GENERATION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from litestar.types import HTTPScope, Receive, Scope, Send

__all__ = ["HandOver", "generation_named"]

_OF_CALLS = (b"/swaig", b"/post_prompt")
"""The last segments of paths whose requests have a token in the query."""
_OF_EVENTS = b"/debug_events"
"""The last segment of a path whose requests name the generation itself."""
_GENERATION = GENERATION.encode()
_OF_ONE_CALL = b"Y2Fsb"
"""The beginning of the user name of credentials for one call, ``call``, as their header has it (Base64)."""
_HTTP = ScopeType.HTTP  # an attribute lookup on the class costs as much as the rest
_NONE: Mapping[str, str] = MappingProxyType({})

TRIED_FOR = 3.0
"""Seconds in which a process of the generation must be found, while one that is named has just ended."""
_PAUSE = 0.02

_log = logging.getLogger("agenthost.workers")


class HandOver:
    """An application (ASGI) that lets other processes answer for calls of their generation.

    While there are none, this costs one comparison, and otherwise a search for their names in the query.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], key: bytes) -> None:
        self._app = app
        self._key = key
        self._others = _NONE
        self._names: tuple[bytes, ...] = ()

    @property
    def others(self) -> Mapping[str, str]:
        """The sockets of processes of other generations, by generation."""
        return self._others

    @others.setter
    def others(self, others: Mapping[str, str]) -> None:
        self._others = others
        self._names = tuple(name.encode() for name in others)

    def __call__(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request (ASGI 3)."""
        if self._names and scope["type"] == _HTTP and self._may_name(scope):
            generation = generation_named(scope)
            if generation in self._others:
                return self._elsewhere(generation, scope, receive, send)
        return self._app(scope, receive, send)

    def _may_name(self, scope: HTTPScope) -> bool:
        """Return True if it is worth to parse the token of a request.

        ``find`` takes a third of the time of ``in``, which tries a number first.
        """
        query = scope["query_string"]
        if query:
            for name in self._names:
                if query.find(name) >= 0:
                    return True
        for name, value in scope["headers"]:
            if name == b"authorization":
                return value.find(_OF_ONE_CALL) >= 0
        return False

    async def _elsewhere(self, generation: str, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Let a process of a generation answer.

        The named one may be ending. Another one takes its place, or none is named any more.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + TRIED_FOR
        while path := self._others.get(generation):
            if await hand_over(path, self._key, scope, receive, send):
                return
            if loop.time() >= until:
                break
            await asyncio.sleep(_PAUSE)
        _log.warning("no process of an older generation answers: this one does")
        await self._app(scope, receive, send)


def generation_named(scope: HTTPScope) -> str:
    """Return the generation that a request's token or credentials name, unverified, or an empty text."""
    query = scope["query_string"]
    if query:
        path = scope["raw_path"].rstrip(b"/")
        if path.endswith(_OF_CALLS) and (token := query_value(query, b"__token", b"token")):
            return generation_of(token)
        if path.endswith(_OF_EVENTS):
            return query_value(query, _GENERATION) or ""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return generation_of(token_in(value))
    return ""
