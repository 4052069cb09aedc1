"""Pages from templates, which escape everything that they show.

Jinja2 is imported with the first page, on the thread that renders it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from agenthost._host.recording.times import moment_of, seconds_of
from agenthost._host.status.words import elapsed
from agenthost._web.console.texts import gettext, language, ngettext, word
from agenthost._web.request.answers import NO_STORE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment
    from markupsafe import Markup

    from agenthost._web.request.rules import Rules
    from agenthost._web.request.site import Answer, Request

__all__ = ["FILES", "page", "static_file"]

FILES = {
    "style.css": b"text/css; charset=utf-8",
    "console.js": b"text/javascript; charset=utf-8",
    "icon.svg": b"image/svg+xml",
}
_ROOM = "agenthost._web.console"
_POLICY = (
    b"content-security-policy",
    b"; ".join(
        (
            b"default-src 'none'",
            *(kind + b" 'self'" for kind in (b"script-src", b"style-src", b"img-src", b"connect-src", b"form-action")),
            b"base-uri 'none'",
            b"frame-ancestors 'none'",
        )
    ),
)
_HTML = (b"content-type", b"text/html; charset=utf-8")
_ERROR_ID = re.compile(r"\be-[0-9a-f]{12}\b")
_CACHED = (b"cache-control", b"private, max-age=86400")


async def page(rules: Rules, name: str, path: str, status: int = 200, **values: Any) -> Answer:
    """Return a page.

    Args:
        rules: those in force.
        name: the template.
        path: the path of the page below the console, for links that work behind any prefix.
        status: the status of the answer.
        values: what the template shows.
    """
    values |= {"root": "../" * path.count("/") or "./", "digest": _digest(), "language": language()}
    body = await asyncio.to_thread(_render, name, values)
    return status, [*rules.shared, _POLICY, _HTML, NO_STORE], body


def static_file(request: Request, name: str) -> Answer:
    """Return a file that every page needs, unless the browser has it."""
    tag = b'"%s"' % _digest().encode()
    headers = [*request.rules.shared, _POLICY, (b"content-type", FILES[name]), _CACHED, (b"etag", tag)]
    if (b"if-none-match", tag) in request.scope["headers"]:
        return 304, headers, b""
    return 200, headers, _read(name)


def _render(name: str, values: dict[str, Any]) -> bytes:
    return _environment(language()).get_template(f"{name}.html").render(values).encode()


@cache
def _environment(_language: str) -> Environment:
    """Return the templates in the reader's language.

    Texts without values are as constant as the rest.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, nodes  # noqa: PLC0415 - only where a page is asked for

    class Translated(Environment):
        def _parse(self, *source: Any) -> nodes.Template:
            tree = super()._parse(*source)
            for output in tree.find_all(nodes.Output):
                output.nodes = [translated(each) for each in output.nodes]
            return tree

    def translated(node: nodes.Expr) -> nodes.Expr:
        match node.expr if isinstance(node, nodes.MarkSafeIfAutoescape) else node:
            case nodes.Call(node=nodes.Name(name="gettext" | "_"), args=[nodes.Const(value=text)], kwargs=[]):
                return nodes.TemplateData(_told(text))
        return node

    made = Translated(
        loader=PackageLoader(_ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.globals |= {"gettext": _told, "ngettext": _told_of_many, "_": _told}
    made.filters["elapsed"] = elapsed
    made.filters["moment"] = _moment
    made.filters["word"] = word
    made.filters["lasted"] = _lasted
    made.filters["with_failures"] = _with_failures
    return made


def _told(text: str, **values: object) -> Markup:
    return _filled(gettext(text), values)


def _told_of_many(one: str, many: str, number: int, **values: object) -> Markup:
    return _filled(ngettext(one, many, number), values)


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    from markupsafe import Markup, escape  # noqa: PLC0415 - comes with Jinja2

    return Markup(text % {name: escape(value) for name, value in values.items()})  # noqa: S704 - each value is escaped


def _moment(microseconds: Any) -> str:
    """Return a time of the platform, as it is in UTC."""
    moment = moment_of(microseconds)
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")


def _lasted(record: Mapping[str, Any]) -> str:
    seconds = seconds_of(record)
    return "" if seconds is None else f"{seconds:.0f} s"


def _with_failures(text: str, root: str) -> Markup:
    """Return a text with links to the pages of the failures that it names."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - comes with Jinja2

    link = Markup('<a href="{}errors/{}">{}</a>')
    pieces, found = _ERROR_ID.split(text), _ERROR_ID.findall(text)
    linked = [link.format(root, each, each) for each in found]
    return Markup("").join(escape(each) for pair in zip(pieces, [*linked, ""], strict=True) for each in pair)


@cache
def _read(name: str) -> bytes:
    return (files(_ROOM) / "static" / name).read_bytes()


@cache
def _digest() -> str:
    """Return the version of the files."""
    return hashlib.sha256(b"".join(map(_read, FILES))).hexdigest()[:12]
