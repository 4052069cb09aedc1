"""The shared values of endpoints: their host, and the request."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from attrs import define

from agenthost._host.access.call_credentials import call_of, call_userinfo
from agenthost._host.access.login_guard import OPENED
from agenthost._host.access.principals import CALL, KEY, NOBODY, Principal
from agenthost._host.identity.tool_repeats import ToolRepeats
from agenthost._web.request.access_log import note_key
from agenthost._web.request.host_header import host_allowed
from agenthost._web.request.late_builds import LateBuilds
from agenthost._web.request.requests import BASIC, Head, Refused, read_body
from agenthost._web.request.rules import Rules, login_guard
from agenthost._web.request.signatures import check_signature, refuse_replay, signature_of, unsigned
from agenthost.agent.base import declared
from agenthost.tools.swaig import decode_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from litestar.types import HTTPScope, Receive

    from agenthost._host.access.login_guard import Comparison
    from agenthost._host.access.principals import Door
    from agenthost._host.identity.turns import Turns
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.published.published import Published
    from agenthost._host.runtime.runtime import Runtime
    from agenthost._web.request.latest_status import LatestStatus
    from agenthost.hosting import TurnSteps
    from agenthost.state import Stores

__all__ = ["Answer", "Request", "Site"]

_log = logging.getLogger("agenthost.web")

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers and body."""


class Site:
    """A host with everything that is the same for every request."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.caller = runtime.caller
        self.repeats = ToolRepeats(runtime, self.caller)
        self._turns: Turns | None = None
        self._latest_status: LatestStatus | None = None
        self.guard = login_guard(lambda: runtime.settings, runtime.metrics.login_failed)
        self.late = LateBuilds(runtime)
        self.since = time.time()
        self.send_command: Callable[[Mapping[str, Any], float], Mapping[str, Any]] | None = None
        """Sends a command to the host, with a timeout in seconds; None if this process is the whole host."""
        runtime.resume_turn = self._resume_turn
        self.latest = Rules.of(runtime.settings)
        """The rules as last asked for. For each request, comparing their settings costs less than ``rules``."""

    @property
    def turns(self) -> Turns:
        """The turns of clients in text, made and imported at their first use."""
        if self._turns is None:
            from agenthost._host.identity.turns import Turns  # noqa: PLC0415 - voice calls do without
            from agenthost._host.text.conversations import Conversations  # noqa: PLC0415 - the same

            self._turns = Turns(self.runtime, Conversations(self.runtime, self.caller))
        return self._turns

    async def _resume_turn(self, plan: HostPlan, turn: object, steps: TurnSteps, attempt: int) -> None:
        await self.turns.resume(plan, turn, steps, attempt)

    @property
    def latest_status(self) -> LatestStatus:
        """The status of the host, made and imported at its first use."""
        if self._latest_status is None:
            from agenthost._web.request.latest_status import LatestStatus  # noqa: PLC0415 - calls do without

            self._latest_status = LatestStatus(self.runtime, self.since, self.send_command)
        return self._latest_status

    async def close(self) -> None:
        """End what is left when the host stops: turns, and looks at runs of tools."""
        await self.repeats.close()
        if self._turns is not None:
            await self._turns.close()

    @property
    def rules(self) -> Rules:
        """The rules that follow from what is published now."""
        settings = self.runtime.settings
        if self.latest.settings is not settings:
            self.latest = Rules.of(settings)
        return self.latest

    def log_in(
        self,
        scope: HTTPScope,
        header: bytes,
        door: Comparison,
        rules: Rules,
        *,
        passed: Callable[[], Principal | None] | None = None,
    ) -> Principal | None:
        """Return the principal that credentials belong to, or None if they are wrong.

        ``door`` compares them. ``passed`` verifies signed ones, which cannot be guessed, so that they never wait.

        Raises:
            Refused: 429 after too many failures; the credentials are not compared then.
        """
        peer = scope.get("client")
        mark = (rules.proxies.came_by(scope) if rules.proxied else peer[0] if peer else "", header)
        if (found := self.guard.recent(mark, door, rules.keys)) is not None:
            return found
        if passed is not None and (found := passed()) is not None:
            return found
        client = rules.proxies.forwarded(scope).client
        verdict, found = self.guard.log_in(mark, client, header, door, rules.keys)
        if verdict > OPENED:
            raise Refused(429, None, [(b"retry-after", b"%d" % verdict)])
        return found


@define(eq=False)
class Request:
    """A request to an agent or to the host."""

    site: Site
    rules: Rules
    """The rules that were in force when the request came."""
    published: Published
    head: Head
    scope: HTTPScope
    receive: Receive
    path: str
    principal: Principal = NOBODY
    """The holder of the caller's credentials."""
    origin: Mounted | None = None
    call: str = ""
    passed: str | None = None
    """The only call that the caller's credentials open the agent for; None for permanent ones."""
    unsigned: bool = False
    """True if signatures are verified, and it has none."""

    def authorise(
        self, what: str | None, agent: Mounted | None = None, accept: Callable[[Door], Comparison] | None = None
    ) -> None:
        """Check the caller's credentials.

        ``what`` is the scope that the request needs; None if the endpoint asks itself, see ``may``. ``agent`` is the
        requested agent; its own credentials, if any, replace the host's. ``accept`` returns a door that accepts more
        forms of credentials.

        Raises:
            Refused: 401; 429 after too many failures; 403 for credentials that are right and do not open this.
        """
        self.origin = agent
        header, rules, published = self.head.authorization, self.rules, self.published
        if header is None:
            raise Refused(401, "Unauthorized", BASIC)
        door, passed = rules.door, None
        if agent is not None and (published.doors or rules.keys.by_name):
            door = published.doors.get(agent.route) or door
            passed = partial(self._passed, agent, header)
        comparison = door if accept is None else accept(door)
        principal = self.site.log_in(self.scope, header, comparison, rules, passed=passed)
        if principal is None:
            raise Refused(401, "Unauthorized", BASIC)
        self.principal = principal
        if principal is door.holder and what in principal.scopes:
            return  # without asking ``Reach.may``: a door is what its holder opens
        if principal.key:
            note_key(self.scope, principal)
        if what is not None and not published.reach.may(principal, agent, what):
            raise self.forbidden(what)

    async def built(self, agent: Mounted) -> Mounted | None:
        """Return an agent once it has been built, or None if that failed."""
        if agent.built_yet:
            return agent
        found = await self.site.late.build(agent)
        self.published = self.site.runtime.published or self.published
        return found

    def may(self, what: str, agent: Mounted | None = None) -> bool:
        """Return True if the principal may do something with an agent, or with the host."""
        return self.published.reach.may(self.principal, agent, what)

    def forbidden(self, what: str) -> Refused:
        """Log that the principal may not do something, and return the refusal."""
        _log.info("%s may not %s at %s", self.principal.name, what, self.path)
        return Refused(403, "these credentials do not open this")

    def _passed(self, agent: Mounted, header: bytes) -> Principal | None:
        """Return the principal of credentials for a single call."""
        found = call_of(header, self.published.tokens[agent.route], agent.route)
        if found is None:
            return None
        call, begun = found
        key = begun.removeprefix(KEY) if begun.startswith(KEY) else ""
        if key and not self.rules.keys.allow(key, CALL):  # it has been removed since
            return None
        self.passed = call
        agents = frozenset((agent.full_key,))
        return Principal("call", frozenset((CALL,)), agents=agents, key=key, begins=begun, shown=False)

    def belongs_to(self, *ids: str | None) -> None:
        """Note the call of the request.

        ``ids`` is the IDs of the call, and of its conversation if it has one.

        Raises:
            Refused: 401 if the caller's credentials are for another call.
        """
        if self.passed is not None and self.passed not in ids:
            raise Refused(401, "Unauthorized", BASIC)
        self.call = self.passed or ids[0] or ""

    async def body(self, kind: str, agent: Mounted | None = None) -> dict[str, Any]:
        """Return the request's JSON object.

        Args:
            kind: the kind of request, as ``signed_requests`` names it.
            agent: the requested agent. Its own webhook key is accepted besides the host's.

        Raises:
            Refused: 413 or 415; 403 for a wrong signature, or without one if this kind needs it.
            MalformedRequest: the body is not a JSON object.
            Disconnected: the client disconnected.
        """
        rules = self.rules
        self.head.check_body(rules.most)
        raw = await read_body(self.receive, rules.most)
        keys = rules.webhook_keys
        if agent is not None and agent.serving.signing_key is not None:
            keys = (agent.serving.signing_key.encode(), *keys)
        if keys:
            given = signature_of(self.scope["headers"])
            if given is None:
                self.unsigned = True
                self.check_signed(kind)
            else:
                check_signature(given, keys, url := self.url(), raw)
                if self.site.runtime.config.state.url is not None:
                    await refuse_replay(self.site.runtime.state.stores.own("webhook requests"), url, raw)
        return decode_object(raw)

    def check_signed(self, kind: str) -> None:
        """Refuse an unsigned request of a kind that must be signed.

        Raises:
            Refused: 403.
        """
        if self.unsigned and kind in self.rules.signed:
            raise unsigned()

    @property
    def sender(self) -> str:
        """The name of those who began the call, empty for the host's."""
        return self.principal.begins

    def closed(self) -> bool:
        """Return True if the client has closed the connection, or its sending half."""
        cycle = getattr(self.receive, "__self__", None)  # of uvicorn, whose ``receive`` would wait for the end
        return cycle is not None and (getattr(cycle, "disconnected", False) or getattr(cycle, "half_closed", False))

    def url(self) -> str:
        """Return the called URL, without credentials."""
        query = self.scope["query_string"].decode("latin-1")
        origin = self.site.runtime.origin(*self._origin())
        return f"{origin}{self.path}" + (f"?{query}" if query else "")

    def prefix(self) -> str:
        """Return the public path before routes: the public URL's, else the server's prefix."""
        public = self.site.runtime.config.host.public_url
        if public is None:
            return quote(self.scope.get("root_path", ""))
        _, slash, path = public.partition("://")[2].partition("/")
        return f"{slash}{path}"

    def stores(self, agent: Mounted) -> Stores:
        """Return the stores that an agent's calls have, and let threads use them.

        The state of a call belongs to those that began it, also after it was handed over.
        """
        principal, all_stores = self.principal, self.site.runtime.state.serving()
        if principal.shown:
            return declared(agent.agent).stores or all_stores
        return all_stores.within(principal.begins) if principal.begins else all_stores

    def query(self) -> dict[str, str]:
        """Return the request's query parameters, without its token."""
        pairs = parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return {name: value for name, value in pairs if name not in ("__token", "token")}

    def headers(self) -> dict[str, str]:
        """Return the request's headers in lower case, without its credentials."""
        pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.scope["headers"])
        return {name: value for name, value in pairs if name != "authorization"}

    def base(self, agent: Mounted) -> str:
        """Return an agent's public URL with credentials.

        Where other credentials open the agent than those of the caller, they are for this call alone.
        """
        if not self.apart(agent):
            return self.own_base(agent)
        userinfo = call_userinfo(self.published.tokens[agent.route], agent.route, self.call, self.principal.begins)
        return self.site.runtime.base(agent.route, *self._origin(), userinfo)

    def own_base(self, agent: Mounted) -> str:
        """Return the public URL of an agent with its permanent credentials.

        The caller's credentials must open it.
        """
        return self.site.runtime.base(agent.route, *self._origin())

    def apart(self, agent: Mounted) -> bool:
        """Return True if other credentials open an agent than those of the caller."""
        principal, reach = self.principal, self.published.reach
        return not principal.shown or (bool(reach.principals) and reach.principal(agent) not in principal.holds)

    def resolve(self, name: str) -> str:
        """Return the public URL of an agent of this host, by key or name.

        Raises:
            LookupError: no such agent is served.
        """
        agent = self._reachable(name)
        return self.base(agent) + ("/" if agent.route == "/" else "")

    def sibling(self, name: str) -> str:
        """Return the key of an agent of this host, by key or name.

        Raises:
            LookupError: no such agent is served.
        """
        return self._reachable(name).key

    def _reachable(self, name: str) -> Mounted:
        agent = self.published.plan.sibling(name)
        if not self.published.reach.allows(self.origin, agent):
            where = f"[agents.{agent.key}] reachable_from"
            msg = f"the call should be handed over to {agent.key!r}, whose {where} does not name this agent"
            raise LookupError(msg)
        return agent

    def _origin(self) -> tuple[str, str]:
        """Return the scheme and host of this request, with the server's prefix.

        Raises:
            Refused: 400 if a proxy forwards a malformed host, or one that is not allowed.
        """
        scheme, host = self.scope["scheme"], self.head.host
        if self.rules.believes_proxies:
            forwarded = self.rules.proxies.forwarded(self.scope)
            scheme, host = forwarded.scheme or scheme, forwarded.host or host
            if not host_allowed(host):
                raise Refused(400, "the forwarded host is not a host name with an optional port")
            self.rules.hosts.check(host)
        prefix = self.scope.get("root_path", "")
        return scheme, host.decode("ascii") + (quote(prefix) if prefix else "")
