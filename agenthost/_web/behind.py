"""Answers behind the front: to everything but agents and the host's endpoints.

Functions of programs, clients in text, and the console come first, and then a Litestar application, which has the
health endpoints, static files, and the routes of plugins.
"""

from __future__ import annotations

import logging
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from agenthost._host.access.principals import NOBODY
from agenthost._host.packages.guarded_run import Failed, run_guarded
from agenthost._host.plan.routes import normalise
from agenthost._host.runtime.condition import Phase
from agenthost._web.doors import CONSOLE, is_text, reached_in_text
from agenthost._web.endpoints.health import ASKING, RUNTIME
from agenthost._web.request.access_log import note_key
from agenthost._web.request.answers import RETRY, with_headers
from agenthost._web.request.requests import Refused, read_body
from agenthost._web.request.site import Request
from agenthost.tools.swaig import check_depth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from litestar import Litestar
    from litestar.routes import BaseRoute
    from litestar.types import HTTPScope, Receive, Send

    from agenthost._host.access.principals import Principal
    from agenthost._host.plan.plan import HostPlan
    from agenthost._web.console.console import Console
    from agenthost._web.handlers import Handler
    from agenthost._web.request.requests import Head
    from agenthost._web.request.site import Site

__all__ = ["WHILE_STARTING", "Behind"]

WHILE_STARTING = ("/live", "/startup", "/health", "/ready")
"""Paths that are answered before the host serves."""
_TELLING_MORE = ("/health", "/ready")
"""Paths with more details for callers with credentials."""

F = TypeVar("F", bound="Callable[..., Any]")

_log = logging.getLogger("agenthost.web")


class Behind:
    """Answers what the front passes on.

    ``prepared`` is an application of ``prepare_app``; None makes one at its first use.
    """

    def __init__(self, site: Site, prepared: Litestar | None) -> None:
        self._site = site
        self._runtime = site.runtime
        self._static: dict[str, str] = {}
        self._handlers: dict[str, dict[str, Handler]] = {}
        self._litestar = prepared
        if prepared is not None:
            prepared.state[RUNTIME] = site.runtime

    @property
    def litestar(self) -> Litestar:
        """The application behind the front, made and imported at its first use."""
        if self._litestar is None:
            self._litestar = self._make_app()
        return self._litestar

    def _make_app(self, configure: Sequence[Callable[..., object]] = ()) -> Litestar:
        from agenthost._web.app import make_app  # noqa: PLC0415 - Litestar, which an answer of an agent does not need

        return make_app(self._runtime, configure, self._static)

    def adder(self, path: str, methods: Sequence[str]) -> Callable[[F], F]:
        """Return a decorator that answers at ``path`` with a function."""
        from agenthost._web.handlers import Handler  # noqa: PLC0415 - Litestar, only where it is used

        def add(function: F) -> F:
            handler = Handler.of(function)
            self._handlers.setdefault(normalise(path), {}).update(dict.fromkeys(methods, handler))
            return function

        return add

    def serve_files(self, path: str, directory: str) -> None:
        """Serve the files below ``directory`` at ``path``, without credentials."""
        self._static[path] = directory
        self._litestar = None

    def has(self, path: str) -> bool:
        """Return True if something here answers at a path."""
        published = self._runtime.published
        if normalise(path) in self._handlers or self._is_console(path):
            return True
        if is_text(path, published.table.agents if published is not None else {}):
            return True
        return any(_leads_to(route, path) for route in self.litestar.routes)

    def assemble(self, plan: HostPlan) -> HostPlan:
        """Make the application with what plugins add to it.

        Returns:
            The plan without plugins whose ``configure_app`` fails or hangs, which are quarantined.
        """
        applied: list[Callable[..., object]] = []
        for key, function in plan.extensions.configure_app:
            make = partial(self._make_app, [*applied, function])
            (outcome,) = run_guarded([make], self._runtime.config.host.build_timeout)
            if isinstance(outcome, Failed):
                _log.error("configure_app of plugin %s failed", key, exc_info=outcome.error)
                plan = plan.with_failed_plugin(key, outcome.error)
            else:
                self._litestar = outcome
                applied.append(function)
        return plan

    def leave_plugins(self) -> None:
        """Make the application without what plugins add to it."""
        self._litestar = self._make_app()

    async def answer(self, path: str, head: Head, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer a request that is for no agent, and for no endpoint of the host.

        Raises:
            Refused: it breaks a rule, or nothing has its method.
            MalformedRequest: its JSON is nested too deeply.
            Disconnected: the client disconnected.
        """
        if self._runtime.phase is Phase.STARTING and path not in WHILE_STARTING:
            raise Refused(503, "the host is starting", RETRY)
        handlers = self._handlers.get(normalise(path), {})
        if path.startswith(_TELLING_MORE):
            scope[ASKING] = self._asking(head.authorization, scope)  # type: ignore[literal-required]
        if not handlers:
            if await self._in_text(path, head, scope, receive, send):
                return
            if (published := self._runtime.published) is not None and self._is_console(path):
                request = Request(self._site, self._site.rules, published, head, scope, receive, path)
                await self._console.serve(request, send)
                return
        if head.has_body:
            receive = await self._bounded(head, receive)
        if handler := handlers.get(scope["method"]):
            self._runtime.watched = self._runtime.watched or path == "/ready"
            if path not in WHILE_STARTING or self._runtime.condition().passes(path):
                await handler.answer(self._site, scope, receive, send)
                return
        elif handlers and path not in WHILE_STARTING:
            raise Refused(405, None, [(b"allow", ", ".join(handlers).encode())])
        await self.litestar(scope, receive, with_headers(send, self._site.rules.shared))

    async def _in_text(self, path: str, head: Head, scope: HTTPScope, receive: Receive, send: Send) -> bool:
        """Answer a client in text, and return True.

        The result is False if the path has nothing for one.
        """
        published = self._runtime.published
        if published is not None and published.pending and reached_in_text(path, published.table.agents):
            await self._site.late.build_all()  # which agents take part is known during a turn
            published = self._runtime.published or published
        if published is None or (found := reached_in_text(path, published.table.agents)) is None:
            return False
        from agenthost._web.endpoints import v1  # noqa: PLC0415 - for clients in text only

        agent, below = found
        request = Request(self._site, self._site.rules, published, head, scope, receive, path)
        await v1.serve(request, below, send, agent)
        return True

    async def _bounded(self, head: Head, receive: Receive) -> Receive:
        """Read a body for another endpoint, within the limits of all bodies.

        Raises:
            Refused: 413 or 415.
            MalformedRequest: the JSON is nested too deeply.
            Disconnected: the client disconnected.
        """
        head.check_any_body(self._site.rules.most)
        body = await read_body(receive, self._site.rules.most)
        if b"json" in (head.content_type or b"json").lower():
            check_depth(body)
        return _with_body(body, receive)

    def _is_console(self, path: str) -> bool:
        return f"{path}/".startswith(CONSOLE) and self._site.rules.settings.config.console.enabled

    @cached_property
    def _console(self) -> Console:
        from agenthost._web.console.console import Console  # noqa: PLC0415 - only where a page is asked for

        return Console()

    def _asking(self, header: bytes | None, scope: HTTPScope) -> Principal:
        """Return the principal at health endpoints.

        Wrong credentials count, and those that may not be compared are not, but the endpoints answer: a probe must not
        fail.
        """
        site, rules = self._site, self._site.rules
        if header is None:
            return NOBODY
        try:
            found = site.log_in(scope, header, rules.door, rules) or NOBODY
        except Refused:
            return NOBODY
        note_key(scope, found)
        return found


def _leads_to(route: BaseRoute, path: str) -> bool:
    """Return True if a route of the application behind the front may match a path."""
    if not route.path_parameters:
        return bool(route.path == normalise(path))
    return path.startswith(route.path.partition("{")[0])


def _with_body(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that replays a body, and then continues."""
    given = False

    async def once() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
