"""The front: the ASGI application that receives every request first.

It refuses requests that break the rules of wire.md, section 2, answers for the agents from the published route table,
and passes everything else to the Litestar application behind it. ``doors`` lists the endpoints.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from agenthost._host.access.principals import CALL
from agenthost._host.access.tokens import edition_of
from agenthost._host.calls.tool_caller import Busy
from agenthost._host.plan.routes import SHARED, RouteTable, normalise
from agenthost._host.runtime.condition import Phase
from agenthost._web.behind import WHILE_STARTING, Behind
from agenthost._web.doors import (
    AGENT_ENDPOINTS,
    DOCUMENT_METHODS,
    HOST_ENDPOINTS,
    ITSELF,
    MCP,
    MCP_ENDPOINT,
    SIP_ENDPOINT,
    TIMED_ENDPOINT,
)
from agenthost._web.endpoints import routing_callbacks
from agenthost._web.request.access_log import logged
from agenthost._web.request.answers import RETRY, send_bytes, send_error
from agenthost._web.request.requests import Disconnected, Head, Refused, path_below, query_value
from agenthost._web.request.site import Request, Site
from agenthost.agent.per_call import fallback_document
from agenthost.tools.swaig import MalformedRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from litestar import Litestar
    from litestar.types import HTTPScope, Receive, Send

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan, Replaced
    from agenthost._host.published.published import Published
    from agenthost._host.published.settings import Settings
    from agenthost._host.runtime.runtime import Runtime
    from agenthost._web.doors import HostEndpoint
    from agenthost._web.request.site import Answer

__all__ = ["Front"]

_COUNTED = {name: name or "document" for name in AGENT_ENDPOINTS}
"""The endpoints of agents, as named in metrics."""
_HTTP = "http"

F = TypeVar("F", bound="Callable[..., Any]")

_log = logging.getLogger("agenthost.web")


class Front:
    """The host as an ASGI application.

    ``start`` publishes the first plan at the first request; None if the caller does. ``sip_path`` is None if the host
    does not answer for SIP addresses. ``prepared`` is an application of ``prepare_app``; None makes one.
    """

    def __init__(
        self,
        runtime: Runtime,
        start: Callable[[], HostPlan] | None = None,
        sip_path: str | None = "/sip",
        prepared: Litestar | None = None,
    ) -> None:
        self.runtime = runtime
        self._site = Site(runtime)
        self._start = start
        self._running: AsyncExitStack | None = None
        self.behind = Behind(self._site, prepared)
        self._own: dict[str, HostEndpoint] = dict(HOST_ENDPOINTS)
        if sip_path is not None:
            self.answer_sip_at(sip_path)

    def get(self, path: str) -> Callable[[F], F]:
        """Answer GET and HEAD at ``path`` with the decorated function.

        See ``agenthost._web.handlers``. At a health endpoint, the host's own check comes first: while it fails, the
        answer is 503.
        """
        return self.behind.adder(path, ("GET", "HEAD"))

    def post(self, path: str) -> Callable[[F], F]:
        """Answer POST at ``path`` with the decorated function."""
        return self.behind.adder(path, ("POST",))

    def answer_sip_at(self, path: str) -> None:
        """Answer for SIP addresses only at ``path``, even if an agent at ``/`` has it."""
        own = {where: own for where, own in self._own.items() if own is not SIP_ENDPOINT}
        self._own = own | {path: SIP_ENDPOINT, f"{path}/": SIP_ENDPOINT}

    def serve_files(self, path: str, directory: str) -> None:
        """Serve the files below ``directory`` at ``path``, without credentials."""
        self.behind.serve_files(path, directory)

    def keep_logins(self, directory: str) -> None:
        """Remember in a directory which credentials have succeeded and failed, for all processes and starts."""
        self._site.guard.keep_in(directory)

    def send_commands_by(self, send: Callable[[Mapping[str, Any], float], Mapping[str, Any]]) -> None:
        """Ask the host about all its workers by a function, which any thread calls.

        ``send`` takes a command and a timeout in seconds, and returns the answer.
        """
        self._site.send_command = send

    def has(self, path: str) -> bool:
        """Return True if the host has an endpoint at a path, such as ``/sales/swaig``."""
        published = self.runtime.published
        if path in self._own or (published is not None and published.table.find(path) is not None):
            return True
        return self.behind.has(path)

    def prepare(self) -> None:
        """Import everything that requests may need, so that none waits for it."""
        from agenthost._web import at_once  # noqa: F401, PLC0415 - a serverless function does without

    def start(self) -> HostPlan | None:
        """Publish the first plan, once, and return it, or None if it was published before."""
        return self._start() if self._start is not None else None

    def publish(self, plan: HostPlan) -> None:
        """Serve ``plan``, the result of ``assemble``, from now on."""
        self._start = None
        self._answer_for(plan, self.runtime.config)
        self.runtime.publish(plan)

    def reload(self, plan: HostPlan, keep: float, settings: Settings, replaced: Replaced | None = None) -> None:
        """Serve ``plan`` by other settings from now on.

        Any thread may call this. ``replaced`` is the only agent that differs from the plan before, if that is known.
        """
        self.answer_sip_at(settings.config.sip.path)
        self._answer_for(plan, settings.config)
        self.runtime.publish(plan, keep=keep, settings=settings, replaced=replaced)

    def _answer_for(self, plan: HostPlan, config: Config) -> None:
        """Answer at timed routes, and MCP clients if a plugin offers a server."""
        changing = (MCP_ENDPOINT, TIMED_ENDPOINT)
        own = {path: endpoint for path, endpoint in self._own.items() if endpoint not in changing}
        taken = {agent.route for agent in plan.agents}
        timed = {end: TIMED_ENDPOINT for path in config.routes if path not in taken for end in (path, f"{path}/")}
        self._own = own | ({MCP: MCP_ENDPOINT} if plan.extensions.mcp_servers else {}) | timed

    async def take_over(self, before: HostPlan, plan: HostPlan) -> None:
        """Close the models and classifiers of ``plan`` at the end that ``before`` does not have."""
        if self._running is not None:
            await self._running.enter_async_context(plan.models.opened(before.models))
            await self._running.enter_async_context(plan.classifiers.opened(before.classifiers))

    def assemble(self, plan: HostPlan) -> HostPlan:
        """Make the Litestar application, and what would be made at its first use.

        Returns:
            The plan without plugins whose ``configure_app`` fails or hangs, which are quarantined.
        """
        plan = self.behind.assemble(plan)
        plan.models.made.complete()
        plan.classifiers.made.complete()
        return plan

    @asynccontextmanager
    async def opened(
        self, plan: HostPlan, accept: Callable[[HostPlan], HostPlan] = lambda plan: plan
    ) -> AsyncIterator[HostPlan]:
        """Serve ``plan``, the result of ``assemble``, within the lifespans of its plugins.

        ``accept`` raises for one that must not be served, after something of it has failed to start.

        Yields:
            The plan without plugins whose lifespan fails, which are quarantined.
        """
        async with AsyncExitStack() as running:
            self.runtime.give_state(plan)
            await running.enter_async_context(self.runtime.open())
            await running.enter_async_context(plan.models.opened())
            await running.enter_async_context(plan.classifiers.opened())
            running.push_async_callback(self._site.close)
            self._running = running
            wanted, plan = plan, accept(await self.runtime.begin(plan))
            try:
                await running.enter_async_context(self.behind.litestar.lifespan())
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and the agents are served without it
                _log.error("lifespans of plugins failed", exc_info=error)
                for key, _ in plan.extensions.configure_app:
                    wanted, plan = wanted.with_failed_plugin(key, error), accept(plan.with_failed_plugin(key, error))
                self.behind.leave_plugins()
            self.publish(wanted)
            await running.enter_async_context(self._site.late.in_background())
            yield plan

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: C901, PLR0912 - the only entry
        """Answer one request (ASGI 3).

        Scopes of other types are passed to Litestar. Each framework has types of its own for the arguments, and none of
        them accepts those of another.
        """
        if self._start is not None or self.runtime.lifespans.waiting:
            await self._begin_late(scope)
        if scope["type"] != _HTTP:
            await self._pass_whole(scope, receive, send)
            return
        site = self._site
        rules = site.latest
        if rules.settings is not self.runtime.settings:
            rules = site.rules
        if rules.access_log:
            send = logged(scope, send, rules.proxies)
        whose, endpoint, status = "", "host", 0
        try:
            published, below, agent, asked_for = self._reached(scope)
            if agent is None and published is not None and (published.pending or published.plan.broken):
                published, below, agent, asked_for = await self._reached_late(published, below, scope)
            path = below or "/"
            head = Head.read(scope["headers"], scope["http_version"])
            if not rules.hosts.any:
                rules.hosts.check(head.host)
            if published is not None and agent is not None and not (path == SHARED and _is_probe(scope, head)):
                whose, endpoint = agent.key, _COUNTED.get(asked_for, "callback")
                answer = await self._serve(
                    Request(site, rules, published, head, scope, receive, below), agent, asked_for
                )
            elif published is not None and (own := self._own.get(path)):
                answer = await _answer_for_host(Request(site, rules, published, head, scope, receive, below), *own)
            else:
                endpoint = path[1:] if path in WHILE_STARTING else "host"
                send, answered = _with_status(send)
                await self.behind.answer(path, head, scope, receive, send)
                status = answered()
                return
            status = answer[0]
            await send_bytes(send, *answer)
        except Refused as refused:
            status = refused.status
            await send_error(send, refused.status, refused.sentence, [*rules.shared, *refused.headers])
        except MalformedRequest as malformed:
            status = 400
            await send_error(send, 400, str(malformed), rules.shared)
        except Busy:
            status = 503
            await send_error(send, 503, "the agent is busy", [*rules.shared, *RETRY])
        except Disconnected:
            return
        finally:
            if status:
                self.runtime.metrics.answered(whose, endpoint, status)

    async def _pass_whole(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Let Litestar answer, such as for the lifespan of a program that another server runs."""
        async with self.running():
            await self.behind.litestar(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve the published plan within the lifespan of another application."""
        self.prepare()
        async with self.runtime.open(), self._models_opened():
            try:
                await self.runtime.lifespans.open()
                yield
            finally:
                await self._site.close()

    def _reached(self, scope: HTTPScope) -> tuple[Published | None, str, Mounted | None, str]:
        """Find plan, path, agent and endpoint of a request.

        Raises:
            Refused: the path breaks the rules.
        """
        published = self.runtime.published
        if published is not None and not published.earlier and not scope.get("root_path"):
            asked = published.table.asked.get(scope.get("raw_path", b""))
            if asked is not None:
                return published, *asked
        below = path_below(scope)
        path = below or "/"
        if published is None or path in self._own:
            return published, below, None, ""
        if published.earlier:
            published = _published_for(published, path, scope)
        return published, below, *(published.table.find(path) or (None, ""))

    @asynccontextmanager
    async def _models_opened(self) -> AsyncIterator[None]:
        """Close the models and classifiers that are in use after the block."""
        try:
            yield
        finally:
            published = self.runtime.published
            if published is not None:
                async with published.plan.models.opened(), published.plan.classifiers.opened():
                    pass

    async def _reached_late(
        self, published: Published, below: str, scope: HTTPScope
    ) -> tuple[Published | None, str, Mounted | None, str]:
        """Find an agent that had to be built first, or has failed then."""
        if published.pending and below == MCP:  # it lists the tools of all agents
            await self._site.late.build_all()
            return self._reached(scope)
        if (late := next((each for each in published.pending if below.startswith(f"{each.route}/")), None)) is not None:
            await self._site.late.build(late)  # it may have paths of its own
            return self._reached(scope)
        return published, below, *(RouteTable.of(published.plan.broken).find(below) or (None, ""))

    async def _begin_late(self, scope: HTTPScope) -> None:
        """Start with the first request, if nothing announces the start, as in serverless."""
        self.start()
        if scope["type"] == _HTTP and self.runtime.phase is Phase.SERVING:
            await self.runtime.lifespans.open()

    async def _serve(self, request: Request, agent: Mounted, endpoint: str) -> Answer:
        """Answer for an agent."""
        called_back = endpoint in agent.routing
        answer, methods, what = (None, DOCUMENT_METHODS, CALL) if called_back else AGENT_ENDPOINTS[endpoint]
        if request.scope["method"] not in methods or request.scope["method"] == "OPTIONS":
            return _other_method(request, methods)
        if what != ITSELF:
            request.authorise(what, agent)
        if not agent.built_yet:
            found = await request.built(agent) if agent not in request.published.plan.broken else None
            if found is not None:
                return await self._serve(request, found, endpoint)
            if endpoint in ("", "sip"):
                return 200, request.rules.document, fallback_document(agent.agent)
            raise Refused(404, None)
        try:
            if answer is None:
                return await routing_callbacks.answer(request, agent, endpoint)
            return await answer(request, agent)
        except asyncio.CancelledError:  # the host has to stop before the agent has answered
            raise Refused(503, "the host is stopping", RETRY) from None


def _with_status(send: Send) -> tuple[Send, Callable[[], int]]:
    """Wrap ``send``, and return it with a function that returns the status, or 0."""
    status = 0

    async def noting(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    return noting, lambda: status


async def _answer_for_host(
    request: Request, answer: Callable[[Request], Awaitable[Answer]], methods: Sequence[str], what: str | None
) -> Answer:
    """Answer for an endpoint of the host itself."""
    if request.scope["method"] not in methods or request.scope["method"] == "OPTIONS":
        return _other_method(request, methods)
    if what != ITSELF:
        request.authorise(what)
    return await answer(request)


def _published_for(published: Published, path: str, scope: HTTPScope) -> Published:
    """Return the plan that the request's call started with, if it is still kept."""
    token = query_value(scope["query_string"], b"__token", b"token")
    return published.earlier.get((normalise(path), edition_of(token)), published) if token else published


def _is_probe(scope: HTTPScope, head: Head) -> bool:
    """Return True for a read without credentials, such as a liveness check."""
    return head.authorization is None and scope["method"] in ("GET", "HEAD")


def _other_method(request: Request, methods: Sequence[str]) -> Answer:
    """Answer OPTIONS with the methods, and refuse other methods."""
    allow = (b"allow", ", ".join(methods).encode())
    if request.scope["method"] == "OPTIONS":
        return 204, [*request.rules.shared, allow], b""
    raise Refused(405, None, [allow])
