"""The console: pages about the running host below ``/-/``, and the same as JSON.

Pages need the scope ``observe``, by credentials in the request or by a session.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote

from agenthost._host.access.principals import OBSERVE
from agenthost._web.console.child_command import ChildCommands
from agenthost._web.console.forms import read_form, refuse_other_sites
from agenthost._web.console.live_pages import LivePages
from agenthost._web.console.page_request import LIVE, PageRequest
from agenthost._web.console.pages import FILES, page, static_file
from agenthost._web.console.routes import found_route
from agenthost._web.console.sessions import COOKIE, LIFETIME, Sessions, cookie_of
from agenthost._web.console.texts import gettext, later, read_in
from agenthost._web.request.access_log import note_key
from agenthost._web.request.answers import send_bytes
from agenthost._web.request.requests import BASIC, Refused

if TYPE_CHECKING:
    from litestar.types import Send

    from agenthost._web.request.site import Answer, Request

__all__ = ["Console"]

_ROOT = "/-/"
_OVERVIEW = "overview.json"
"""The overview as JSON, whose path is otherwise empty."""
_MOST_FORM = 4096
"""The longest form, in bytes."""
_CHALLENGE = (b"www-authenticate", b'Bearer realm="agenthost"')
"""For pages, as a browser answers the usual challenge with a dialog of its own."""
_TARGET = re.compile(r"[A-Za-z0-9._:%/-]{0,600}")
"""Paths of pages to which a login may lead."""
_WRONG = later("These credentials are wrong.")
_NOT_ALLOWED = later(
    "These credentials do not open the console. fix: use those of the host, or a key with the scope observe"
)
_TOO_MANY = later("Too many failed logins. Try later.")
_PLAIN = later(
    "This page came over plain HTTP, where browsers do not keep the session. "
    "fix: open it over HTTPS, or at a loopback address"
)


class Console:
    """The console of one host."""

    def __init__(self) -> None:
        self._sessions = Sessions()
        self._commands = ChildCommands()
        self._live = LivePages(self._may_enter, partial(self._page, live=True))

    async def serve(self, request: Request, send: Send) -> None:
        """Answer a request below ``/-/``, also one for events.

        Raises:
            Refused: see ``answer``.
        """
        read_in(_accepted(request))
        path = request.path.removeprefix(_ROOT)
        if path.startswith(LIVE) and request.scope["method"] == "GET":
            await self._live.serve(request, path.removeprefix(LIVE), send)
        else:
            await send_bytes(send, *await self.answer(request))

    async def answer(self, request: Request) -> Answer:
        """Answer a request below ``/-/``.

        Raises:
            Refused: the path does not exist, or the caller may not see it.
        """
        if f"{request.path}/" == _ROOT:
            return 307, [*request.rules.document, (b"location", b"-/")], b""  # relative, for prefixes of proxies
        path, method = request.path.removeprefix(_ROOT), request.scope["method"]
        allowed = _methods(path)
        if method == "OPTIONS" or method not in allowed:
            allow = (b"allow", ", ".join(allowed).encode())
            if method == "OPTIONS":
                return 204, [*request.rules.shared, allow], b""
            raise Refused(405, None, [allow])
        if method == "POST":
            refuse_other_sites(request)
        if path in FILES:
            return static_file(request, path)
        if path == "login":
            return await self._log_in(request)
        if path == "logout":
            return _redirect(request, "./", "", 0)
        if not self._may_enter(request):
            if path.endswith(".json"):
                raise Refused(401, "Unauthorized", BASIC)
            return await _form(request, path, 401, "")
        return await self._page_or_refusal(request, path)

    async def _page_or_refusal(self, request: Request, path: str) -> Answer:
        """Return a page, or its refusal as one for those who read pages.

        Raises:
            Refused: see ``answer``.
        """
        try:
            return await self._page(request, path)
        except Refused as refused:
            if path.endswith(".json") or b"text/html" not in _header(request, b"accept"):
                raise
            return await _refusal(request, path, refused)

    async def _page(self, request: Request, path: str, *, live: bool = False) -> Answer:
        as_json = path.endswith(".json") and request.scope["method"] != "POST"
        found = found_route(_without_json(path) if as_json else path)
        if found is None:
            raise Refused(404)
        route, match = found
        names = tuple(unquote(each) for each in match.groups())
        return await route.answer(PageRequest(request, self._sessions, self._commands, path, names, as_json, live))

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
        form = await read_form(request, _MOST_FORM)
        user, password, target = (form.get(name, "") for name in ("user", "password", "to"))
        target = target if _is_page(target) else ""
        header = b"Basic " + b64encode(f"{user}:{password}".encode())
        try:
            found = request.site.log_in(request.scope, header, request.rules.door, request.rules)
        except Refused as refused:
            status, headers, body = await _form(request, target, refused.status, _TOO_MANY)
            return status, [*headers, *refused.headers], body
        if found is None:
            return await _form(request, target, 401, _WRONG)
        request.principal = found
        if not request.may(OBSERVE):
            request.forbidden(OBSERVE)
            return await _form(request, target, 403, _NOT_ALLOWED)
        return _redirect(request, f"./{target}", self._sessions.start(request.rules, user, password), LIFETIME)


async def _refusal(request: Request, path: str, refused: Refused) -> Answer:
    """Return a refusal as a page, which leads back to the others."""
    reason = refused.sentence or ""
    if refused.status == 404:  # noqa: PLR2004 - HTTP's
        reason = gettext("There is no such page, or what it showed is gone.")
    values = {"reason": reason, "in_session": request.head.authorization is None, "others": ()}
    status, headers, body = await page(request.rules, "refusal", path, refused.status, **values)
    return status, [*headers, *refused.headers], body


async def _form(request: Request, path: str, status: int, words: str) -> Answer:
    """Return the page to log in, which leads to ``path`` afterwards."""
    target = path if _is_page(path) else ""
    at = "login" if request.path == f"{_ROOT}login" else path
    plain = "" if _keeps_sessions(request) else gettext(_PLAIN)
    answer = await page(request.rules, "login", at, status, words=words and gettext(words), plain=plain, target=target)
    return answer[0], [*answer[1], *([_CHALLENGE] if status == 401 else [])], answer[2]  # noqa: PLR2004 - HTTP's


def _methods(path: str) -> tuple[str, ...]:
    if path in ("login", "logout"):
        return ("POST", "OPTIONS")
    found = found_route(path)
    posts = found is not None and found[0].posts
    return ("GET", "HEAD", "POST", "OPTIONS") if posts else ("GET", "HEAD", "OPTIONS")


def _accepted(request: Request) -> bytes:
    """Return the languages that a reader accepts. JSON is English."""
    if request.path.endswith(".json"):
        return b""
    return _header(request, b"accept-language")


def _header(request: Request, name: bytes) -> bytes:
    return next((value for known, value in request.scope["headers"] if known == name), b"")


def _is_page(path: str) -> bool:
    return _TARGET.fullmatch(path) is not None and found_route(path) is not None


def _without_json(path: str) -> str:
    return "" if path == _OVERVIEW else path.removesuffix(".json")


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
