"""The console: pages about the running host below ``/-/``, and the same as JSON.

Pages need the scope ``observe``, by credentials in the request or by a session.
"""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import msgspec

from agenthost._host.access.principals import OBSERVE, OPERATE
from agenthost._web.console.described import described
from agenthost._web.console.pages import FILES, page, static_file
from agenthost._web.console.sessions import COOKIE, LIFETIME, Sessions, cookie_of
from agenthost._web.console.shown_agent import shown_agent
from agenthost._web.console.sip_page import shown_sip
from agenthost._web.console.tried_tool import PREFIX, run_tool, why_not
from agenthost._web.request.access_log import note_key
from agenthost._web.request.requests import BASIC, Refused, query_value, read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.request.site import Answer, Request, Site

__all__ = ["Console"]

_ROOT, _AGENTS = "/-/", "agents/"
_FORM = b"application/x-www-form-urlencoded"
_MOST_FORM = 4096
"""The longest form, in bytes."""
_MOST_ARGUMENTS = 65536
"""The longest form with arguments of a tool, in bytes."""
_MOST_FIELDS = 256
_MOST_ROWS = 200
"""Agents on the overview. A filter finds the others."""
_REFRESHED = 5
"""Seconds after which a page is loaded again, where its reader wants that."""
_CHALLENGE = (b"www-authenticate", b'Bearer realm="agenthost"')
"""For pages, as a browser answers the usual challenge with a dialog of its own."""
_TOOL = re.compile(r"agents/([^/]+)/tools/([^/]+)")
_TARGET = re.compile(r"(?:sip|agents/[A-Za-z0-9._:%-]{1,300}(?:/tools/[A-Za-z0-9._%-]{1,300})?)?")
_WRONG = "These credentials are wrong."
_NOT_ALLOWED = "These credentials do not open the console. fix: use those of the host, or a key with the scope observe"
_PLAIN = (
    "This page came over plain HTTP, where browsers do not keep the session. "
    "fix: open it over HTTPS, or at a loopback address"
)
_encode = msgspec.json.Encoder().encode


class Console:
    """The console of one host."""

    def __init__(self, site: Site) -> None:
        self._status = site.latest_status
        self._sessions = Sessions()

    async def answer(self, request: Request) -> Answer:
        """Answer a request below ``/-/``.

        Raises:
            Refused: the path does not exist, or the caller may not see it.
        """
        path, method = request.path.removeprefix(_ROOT), request.scope["method"]
        allowed = _methods(path)
        if method == "OPTIONS" or method not in allowed:
            allow = (b"allow", ", ".join(allowed).encode())
            if method == "OPTIONS":
                return 204, [*request.rules.shared, allow], b""
            raise Refused(405, None, [allow])
        if method == "POST":
            _refuse_other_sites(request)
        if path in FILES:
            return static_file(request.rules, path)
        if path == "login":
            return await self._log_in(request)
        if path == "logout":
            return _redirect(request, "./", "", 0)
        if not self._may_enter(request):
            if path.endswith(".json"):
                raise Refused(401, "Unauthorized", BASIC)
            return await _form(request, path, 401, "")
        return await self._page(request, path)

    async def _page(self, request: Request, path: str) -> Answer:
        if path == "overview.json":
            return 200, [*request.rules.document], _encode(await self._status.now())
        if path == "":
            status = await self._status.now()
            query = request.scope["query_string"]
            wanted, refresh = query_value(query, b"q") or "", query_value(query, b"refresh") is not None
            found = _agents(status, wanted)
            code, headers, body = await page(
                request.rules,
                "overview",
                path,
                status=200,
                host=status,
                now=time.time(),
                wanted=wanted,
                agents=found[:_MOST_ROWS],
                left=len(found) - _MOST_ROWS,
                refresh=refresh,
                seconds=_REFRESHED,
                in_session=request.head.authorization is None,
            )
            return code, [*headers, *([(b"refresh", b"%d" % _REFRESHED)] if refresh else [])], body
        if (named := _TOOL.fullmatch(path)) is not None:
            return await self._tool(request, path, unquote(named[1]), unquote(named[2]))
        if path.startswith(_AGENTS):
            return await self._agent(request, path)
        if path in ("sip", "sip.json"):
            return await self._sip(request, path)
        raise Refused(404)

    async def _agent(self, request: Request, path: str) -> Answer:
        status = await self._status.now()
        key = unquote(path.removeprefix(_AGENTS))
        if key.endswith(".json"):
            return 200, [*request.rules.document], _encode(shown_agent(request, status, key.removesuffix(".json")))
        shown = shown_agent(request, status, key)
        document = shown["document"]
        return await page(
            request.rules,
            "agent",
            path,
            agent=shown["agent"],
            note=shown["note"],
            parts=None if document is None else described(document),
            raw=json.dumps(document, indent=2, ensure_ascii=False),
            problems=[each for each in status["problems"] if each["problem"].startswith(f"agent {key} ")],
            now=time.time(),
            in_session=request.head.authorization is None,
        )

    async def _sip(self, request: Request, path: str) -> Answer:
        shown = await shown_sip(request)
        unmatched = (await self._status.now())["sip_unmatched"]
        if path.endswith(".json"):
            return 200, [*request.rules.document], _encode({**shown, "unmatched": unmatched})
        in_session = request.head.authorization is None
        return await page(
            request.rules, "sip", path, **shown, unmatched=unmatched, most=_MOST_ROWS, in_session=in_session
        )

    async def _tool(self, request: Request, path: str, key: str, name: str) -> Answer:
        shown = shown_agent(request, await self._status.now(), key)
        tools = described(shown["document"])["tools"] if shown["document"] is not None else []
        as_json = name.endswith(".json") and request.scope["method"] != "POST"
        tool = next((each for each in tools if each["name"] == (name.removesuffix(".json") if as_json else name)), None)
        if tool is None:
            raise Refused(404)
        if as_json:
            return 200, [*request.rules.document], _encode(tool)
        agent = next((each for each in request.published.plan.agents if each.key == key), None)
        reason, credential = why_not(request, agent, name), _credential(request)
        form: Mapping[str, str] = {}
        answer = ""
        if request.scope["method"] == "POST":
            form = await _read_form(request, _MOST_ARGUMENTS)
            if agent is None or not request.may(OPERATE, agent):
                raise request.forbidden(OPERATE)
            if not self._sessions.accepts_form(request.rules, credential, form.get("token", "")):
                raise Refused(403, "the form is out of date. fix: open its page again")
            if reason:
                raise Refused(409, reason)
            answer = await run_tool(request, agent, agent.tools[name], tool["arguments"], form)
        return await page(
            request.rules,
            "tool",
            path,
            key=key,
            tool=tool,
            reason=reason,
            answer=answer,
            values=form,
            prefix=PREFIX,
            token="" if reason else self._sessions.form_token(request.rules, credential),
            in_session=request.head.authorization is None,
        )

    def _may_enter(self, request: Request) -> bool:
        """Return True if the caller may observe the host, by credentials or session.

        Raises:
            Refused: credentials in the request are wrong, or do not open the console.
        """
        if request.head.authorization is not None:
            request.authorise(OBSERVE)
            return True
        found = self._sessions.principal_of(request.rules, cookie_of(request.scope["headers"]))
        if found is None:
            return False
        request.principal = found
        if found.key:
            note_key(request.scope, found)
        return request.may(OBSERVE)  # otherwise the scope was removed since, and the form takes other credentials

    async def _log_in(self, request: Request) -> Answer:
        form = await _read_form(request)
        user, password, target = (form.get(name, "") for name in ("user", "password", "to"))
        target = target if _TARGET.fullmatch(target) else ""
        header = b"Basic " + b64encode(f"{user}:{password}".encode())
        try:
            found = request.site.log_in(request.scope, header, request.rules.door, request.rules)
        except Refused as refused:
            status, headers, body = await _form(request, target, refused.status, "Too many failed logins. Try later.")
            return status, [*headers, *refused.headers], body
        if found is None:
            return await _form(request, target, 401, _WRONG)
        request.principal = found
        if not request.may(OBSERVE):
            request.forbidden(OBSERVE)
            return await _form(request, target, 403, _NOT_ALLOWED)
        return _redirect(request, f"./{target}", self._sessions.start(request.rules, user, password), LIFETIME)


async def _form(request: Request, path: str, status: int, words: str) -> Answer:
    """Return the page to log in, which leads to ``path`` afterwards."""
    target = path if _TARGET.fullmatch(path) else ""
    at = "login" if request.path == f"{_ROOT}login" else path
    plain = "" if _keeps_sessions(request) else _PLAIN
    answer = await page(request.rules, "login", at, status, words=words, plain=plain, target=target)
    return answer[0], [*answer[1], *([_CHALLENGE] if status == 401 else [])], answer[2]  # noqa: PLR2004 - HTTP's


def _methods(path: str) -> tuple[str, ...]:
    if path in ("login", "logout"):
        return ("POST", "OPTIONS")
    return ("GET", "HEAD", "POST", "OPTIONS") if _TOOL.fullmatch(path) else ("GET", "HEAD", "OPTIONS")


def _refuse_other_sites(request: Request) -> None:
    sent_by = next((value for name, value in request.scope["headers"] if name == b"sec-fetch-site"), b"none")
    if sent_by not in (b"same-origin", b"none"):
        raise Refused(403, "the form was sent by another site")


def _credential(request: Request) -> bytes:
    """Return what the request was authorised by: a header, or the cookie of a session."""
    if request.head.authorization is not None:
        return b"header\0" + request.head.authorization
    return b"cookie\0" + (cookie_of(request.scope["headers"]) or "").encode()


async def _read_form(request: Request, most: int = _MOST_FORM) -> Mapping[str, str]:
    """Return the fields of a form of a page of this host.

    Raises:
        Refused: it is too large, or is not a form.
    """
    if (request.head.content_type or b"").partition(b";")[0].strip().lower() != _FORM:
        raise Refused(415, f"Content-Type must be {_FORM.decode()}")
    request.head.check_any_body(most)
    body = await read_body(request.receive, most)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Refused(400, "the body is not a form") from error
    return {name: values[0] for name, values in fields.items()}


def _redirect(request: Request, to: str, cookie: str, lifetime: int) -> Answer:
    """Return a redirect that sets the session, at the path that the browser knows."""
    secure = "; Secure" if _is_encrypted(request) or not _is_loopback(request.head.host) else ""
    kept = f"{COOKIE}={cookie}; Max-Age={lifetime}; HttpOnly; SameSite=Strict{secure}"
    headers = [(b"location", to.encode()), (b"set-cookie", kept.encode())]
    return 303, [*request.rules.document, *headers], b""


def _keeps_sessions(request: Request) -> bool:
    return _is_encrypted(request) or _is_loopback(request.head.host)


def _is_encrypted(request: Request) -> bool:
    if (request.rules.settings.config.host.public_url or "").startswith("https:"):
        return True
    return (request.rules.proxies.forwarded(request.scope).scheme or request.scope["scheme"]) == "https"


def _is_loopback(authority: bytes) -> bool:
    name = authority.decode("latin-1").lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _agents(status: Mapping[str, Any], wanted: str) -> list[Mapping[str, Any]]:
    """Return the agents that match a text: first problems, then the most used."""

    def rank(agent: Mapping[str, Any]) -> tuple[int, ...]:
        return (agent["state"] == "ready", *(-agent.get(name, 0) for name in ("failures", "running", "calls")))

    names = ("agent", "route", "package", "state")
    found = [each for each in status["agents"] if any(wanted.lower() in str(each[name]).lower() for name in names)]
    return sorted(found, key=rank)
