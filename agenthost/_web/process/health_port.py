"""The health endpoints on a separate port, answered by a separate thread.

This thread answers even if the host's event loop is blocked: it reads values that the host publishes, and waits for
nothing.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from litestar.enums import ScopeType

from agenthost._host.access.principals import NOBODY
from agenthost._web.endpoints.health import Asker, answer
from agenthost._web.process.connections import Server, protocol_for, uvicorn_config
from agenthost._web.request.answers import send_bytes, send_error
from agenthost._web.request.forwarding import UNKNOWN
from agenthost._web.request.requests import Head, Refused, raw_path, sent_path
from agenthost._web.request.rules import login_guard

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from litestar.types import HTTPScope, Receive, Send

    from agenthost._host.access.login_guard import LoginGuard
    from agenthost._host.access.principals import Principal
    from agenthost._host.runtime.condition import Condition
    from agenthost._web.request.rules import Rules
    from agenthost._web.request.site import Answer

__all__ = ["HealthEndpoints", "health_port"]

Ask: TypeAlias = "Callable[[str, bool], Condition]"
"""Returns the host's condition for a path, with or without probes by name. Called on the thread."""

_METHODS = ("GET", "HEAD")
_ALLOW = (b"allow", b"GET, HEAD, OPTIONS")
_STOPPING = 2.0
"""Timeout of the thread's end, in seconds."""

_log = logging.getLogger("agenthost.health")


class HealthEndpoints:
    """The health endpoints as a separate ASGI application.

    ``guard`` is the guard before the comparison of credentials, of this thread alone.
    """

    def __init__(self, condition: Ask, rules: Callable[[], Rules], guard: LoginGuard) -> None:
        self._condition = condition
        self._rules = rules
        self._guard = guard

    async def __call__(self, scope: HTTPScope, _: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] != ScopeType.HTTP:
            return
        try:
            status, headers, body = self._answer(scope)
            await send_bytes(send, status, [*self._rules().shared, *headers], body)
        except Refused as refused:
            await send_error(send, refused.status, refused.sentence, [*self._rules().shared, *refused.headers])

    def _answer(self, scope: HTTPScope) -> Answer:
        """Answer a request.

        Raises:
            Refused: the request breaks the rules, or there is no such path.
        """
        rules = self._rules()
        path = raw_path(sent_path(scope))
        head = Head.read(scope["headers"], scope["http_version"])
        asker = Asker.of(scope, self._principal(scope, head.authorization, rules))
        answered = answer(path, self._condition(path, asker.observes), rules.settings.config.health, asker)
        if answered is None:
            raise Refused(404)
        if scope["method"] == "OPTIONS":
            return 204, [_ALLOW], b""
        if scope["method"] not in _METHODS:
            raise Refused(405, None, [_ALLOW])
        return answered

    def _principal(self, scope: HTTPScope, header: bytes | None, rules: Rules) -> Principal:
        if header is None:
            return NOBODY
        client: str = (scope["client"] or (UNKNOWN,))[0]
        _, found = self._guard.log_in((client, header), client, header, rules.door, rules.keys)
        return found or NOBODY


@contextmanager
def health_port(opened: socket.socket | None, condition: Ask, rules: Callable[[], Rules]) -> Iterator[None]:
    """Serve the health endpoints on an open port and a separate thread, during the block.

    ``opened`` is None if there is no such port, and nothing to do.
    """
    if opened is None:
        yield
        return
    guard = login_guard(lambda: rules().settings)
    guard.keep_in(rules().settings.config.host.state_dir)
    endpoints = HealthEndpoints(condition, rules, guard)
    server = Server(uvicorn_config(endpoints, protocol_for(rules), loop="asyncio"))
    thread = threading.Thread(target=server.run, args=([opened],), name="agenthost-health", daemon=True)
    thread.start()
    _log.info("health endpoints on port %d of %s", opened.getsockname()[1], opened.getsockname()[0])
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_STOPPING)
        opened.close()
