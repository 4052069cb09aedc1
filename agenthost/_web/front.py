"""The front: the ASGI callable that every request meets first.

It refuses what breaks the rules of wire.md, section 2, answers for the agents from the published route table, and
passes everything else to the Litestar application behind it.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from litestar.enums import ScopeType

from agenthost._host.calling import REFUSED_TOKEN, ToolCaller
from agenthost._host.runtime import Phase
from agenthost._web.answers import HSTS, JSON, NO_STORE, SECURITY, send_bytes, send_error, with_headers
from agenthost._web.app import make_app
from agenthost._web.requests import Disconnected, Head, Refused, authorised, query_value, raw_path, read_body
from agenthost.swaig import MalformedRequest, ToolRequest, call_id, decode_object, encode_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.types import HTTPScope, Receive, Send

    from agenthost._host.plan import HostPlan, Mounted
    from agenthost._host.runtime import Published, Runtime

__all__ = ["Front"]

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

_ALLOW = (b"allow", b"GET, HEAD, POST, OPTIONS")
_BASIC = [(b"www-authenticate", b'Basic realm="agenthost", charset="UTF-8"')]
_RETRY = [(b"retry-after", b"1")]


class Front:
    """The host as an ASGI application.

    Args:
        runtime: the host that it shows.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pair = runtime.credentials.pair
        self._most = runtime.config.host.max_body
        self._caller = ToolCaller(runtime.config.host.tool_timeout)
        https = (runtime.config.host.public_url or "").startswith("https:")
        self._shared = [*SECURITY, HSTS] if https else SECURITY
        self._json = [*self._shared, JSON]
        self._document = [*self._json, NO_STORE]
        self.litestar = make_app(runtime)

    def publish(self, plan: HostPlan) -> None:
        """Serve ``plan`` from now on.

        Raises:
            Exception: a plugin's ``configure_app`` failed; what was served before goes on being served.
        """
        if plan.configure_app:
            self.litestar = make_app(self._runtime, plan.configure_app)
        self._runtime.publish(plan)

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3); other kinds of scope are Litestar's."""
        if scope["type"] != ScopeType.HTTP:
            await self.litestar(scope, receive, send)
            return

        try:
            path = raw_path(scope.get("raw_path") or scope["path"].encode())
            head = Head.read(scope["headers"], scope["http_version"])
            published = self._runtime.published
            found = published.table.find(path) if published is not None else None
            if published is None or found is None:
                await self._pass_on(path, scope, receive, send)
                return
            await send_bytes(send, *await self._serve(published, *found, head, scope, receive))
        except Refused as refused:
            await send_error(send, refused.status, refused.sentence, [*self._shared, *refused.headers])
        except MalformedRequest as malformed:
            await send_error(send, 400, str(malformed), self._shared)
        except Disconnected:
            return

    async def _pass_on(self, path: str, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Everything that is not an agent's: the host's own endpoints, and what plugins added."""
        if self._runtime.phase is Phase.STARTING and path not in ("/live", "/startup", "/health", "/ready"):
            raise Refused(503, "the host is starting", _RETRY)
        await self.litestar(scope, receive, with_headers(send, self._shared))

    async def _serve(
        self,
        published: Published,
        agent: Mounted,
        endpoint: str,
        head: Head,
        scope: HTTPScope,
        receive: Receive,
    ) -> Answer:
        method = scope["method"]
        if method == "OPTIONS":
            return 204, [*self._shared, _ALLOW], b""
        if method not in ("POST", "GET", "HEAD"):
            raise Refused(405, None, [_ALLOW])
        if not authorised(head.authorization, self._pair):
            raise Refused(401, "Unauthorized", _BASIC)
        if method != "POST":
            return self._render(published, agent, head, scope, query_value(scope["query_string"], b"call_id"))
        head.check_body(self._most)
        body = decode_object(await read_body(receive, self._most))
        if endpoint == "swaig":
            return await self._call(agent, head, scope, body)
        return self._render(published, agent, head, scope, call_id(body))

    def _render(self, published: Published, agent: Mounted, head: Head, scope: HTTPScope, call: str | None) -> Answer:
        """The agent's document; one that is asked for without a call gets a call_id of its own, and is told it."""
        headers = self._document
        if not call:
            call = secrets.token_hex(16)
            headers = [*headers, (b"agenthost-call-id", call.encode())]
        template = published.templates[agent.route]
        base = self._runtime.base(agent.route, scope["scheme"], head.host).encode() if template.bases else b""
        return 200, headers, template.render(base, self._runtime.tokens.minter(agent.route, call))

    async def _call(self, agent: Mounted, head: Head, scope: HTTPScope, body: dict[str, object]) -> Answer:
        """A tool's answer: 200 whatever happens, for the model must have something to say."""
        request = ToolRequest.from_body(body)
        resolve: Callable[[str], str] = self._runtime.sibling(scope["scheme"], head.host)
        tool = agent.tools.get(request.function)
        if tool is None:
            return 200, self._json, encode_answer(f"There is no function called {request.function}.", resolve)
        if tool.secure:
            token = query_value(scope["query_string"], b"__token", b"token") or ""
            if not self._runtime.tokens.verify(token, agent.route, tool.name, request.call.id):
                return 200, self._json, encode_answer(REFUSED_TOKEN, resolve)
        return 200, self._json, await self._caller.answer(agent, tool, request, resolve)
