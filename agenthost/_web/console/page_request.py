"""A request for a page by somebody who has entered the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from attrs import frozen

from agenthost._web.console.forms import read_form
from agenthost._web.console.pages import page
from agenthost._web.console.sessions import cookie_of
from agenthost._web.console.texts import gettext
from agenthost._web.request.requests import Refused, query_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.console.child_command import ChildCommands
    from agenthost._web.console.sessions import Sessions
    from agenthost._web.request.site import Answer, Request
    from agenthost.hosting import ConsolePage

__all__ = ["LIVE", "PageRequest"]

LIVE = "live/"
"""The beginning of the path of a page's events, before its own."""

_encode = msgspec.json.Encoder().encode


@frozen
class PageRequest:
    """A request for a page.

    ``path`` is the page's below the console, and ``names`` are those parts of it that its pattern catches. ``live`` is
    True if only the parts that a live page replaces are needed.
    """

    request: Request
    sessions: Sessions
    commands: ChildCommands
    path: str
    names: tuple[str, ...]
    as_json: bool
    live: bool = False

    @property
    def posted(self) -> bool:
        """True for a form that was sent."""
        return bool(self.request.scope["method"] == "POST")

    async def status(self) -> Mapping[str, Any]:
        """Return the status of the host, with all its workers."""
        return await self.request.site.latest_status.now()

    def query(self, name: str) -> str | None:
        """Return a parameter of the query, or None if it has none of this name."""
        return query_value(self.request.scope["query_string"], name.encode())

    async def page(self, template: str, **values: Any) -> Answer:
        """Return a page that shows some values."""
        in_session = self.request.head.authorization is None
        query = self.request.scope["query_string"].decode("latin-1")
        stream = f"{LIVE}{self.path}?{query}"
        shown = {"in_session": in_session, "stream": stream, "others": self.pages_of_plugins(), **values}
        return await page(self.request.rules, template, self.path, **shown)

    def pages_of_plugins(self) -> list[tuple[str, ConsolePage]]:
        """Return the pages of plugins, each with its path below the console."""
        offered = self.request.published.plan.extensions.console_pages
        return [(f"pages/{quote(plugin, safe='')}/{each.name}", each) for plugin, each in offered]

    def json(self, value: Any, status: int = 200) -> Answer:
        """Return a value as JSON."""
        return status, [*self.request.rules.document], _encode(value)

    def token(self) -> str:
        """Return the token that a form of this page sends back."""
        return self.sessions.form_token(self.request.rules, self._credential())

    async def form(self, most: int) -> Mapping[str, str]:
        """Return the fields of the form that was sent, of at most some bytes.

        Raises:
            Refused: it is not a form, or was not made for these credentials.
        """
        fields = await read_form(self.request, most)
        if not self.sessions.accepts_form(self.request.rules, self._credential(), fields.get("token", "")):
            raise Refused(403, gettext("the form is out of date. fix: open its page again"))
        return fields

    def _credential(self) -> bytes:
        """Return what the request was authorised by: a header, or the cookie of a session."""
        if self.request.head.authorization is not None:
            return b"header\0" + self.request.head.authorization
        return b"cookie\0" + (cookie_of(self.request.scope["headers"]) or "").encode()
