"""Checks of requests before any parsing: host, path, credentials, body.

The rules are wire.md, section 2. Each check returns or raises ``Refused``, and sends nothing itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from attrs import define

from agenthost._web.request.host_header import host_allowed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from litestar.types import HTTPScope, Receive

__all__ = [
    "BASIC",
    "CLOSE",
    "Disconnected",
    "Head",
    "Refused",
    "path_below",
    "query_value",
    "raw_path",
    "read_body",
    "sent_path",
]

BASIC = [(b"www-authenticate", b'Basic realm="agenthost", charset="UTF-8"')]
"""The header of an answer to wrong credentials."""

CLOSE = [(b"connection", b"close")]
"""Closes a connection on which the start of the next request is uncertain."""

_FORBIDDEN = re.compile(
    rb"[\x00-\x20;\\\x7f-\xff]"  # characters that proxies and servers read differently
    rb"|%(?:2[5Ff]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])"  # an encoded separator, percent or control character
    rb"|/(?:/|(?:\.|%2[Ee]){1,2}(?:/|$))"  # empty and dot segments, also encoded; without IGNORECASE: twice as quick
)
_NEEDLESS_ESCAPE = re.compile(rb"%(?:2d|2e|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])", re.IGNORECASE)
_JSON_TYPE = re.compile(rb"application/json(?:\s*;\s*charset=\"?utf-?8\"?)?\s*", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,18}")


class Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """A request that gets an error response.

    ``sentence`` is the error's text; None for the status's own phrase.
    """

    def __init__(self, status: int, sentence: str | None = None, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(status, sentence)
        self.status = status
        self.sentence = sentence
        self.headers = list(headers)


class Disconnected(Exception):  # noqa: N818 - a state of the client
    """The client has disconnected, so no answer is needed."""


@define
class Head:
    """The headers that decide the handling of a request."""

    host: bytes
    """``Host``, checked in form."""
    authorization: bytes | None
    """``Authorization``."""
    content_type: bytes | None
    """``Content-Type``."""
    content_length: bytes | None
    """``Content-Length``."""
    encoded: bool
    """True if a ``Content-Encoding`` says that the body is encoded; ``identity`` says that it is not."""
    chunked: bool = False

    @classmethod
    def read(cls, headers: Iterable[tuple[bytes, bytes]], http_version: str) -> Head:  # noqa: C901, PLR0912 - one pass
        """Read the headers once.

        Raises:
            Refused: 400 for a Host that is missing in HTTP/1.1, sent twice, or malformed, for a length that is sent
                twice, is not a number, or comes with a transfer encoding, and for any transfer encoding but
                ``chunked``, which does not exist in HTTP/1.0.
        """
        host = authorization = content_type = length = None
        encoded = chunked = False
        for name, value in headers:
            if name == b"host":
                if host is not None:
                    raise Refused(400, "Host is sent twice")
                host = value
            elif name == b"authorization":
                authorization = value if authorization is None else b""
            elif name == b"content-type":
                content_type = value if content_type is None else b""
            elif name == b"content-length":
                if length is not None:
                    raise Refused(400, "Content-Length is sent twice", CLOSE)
                length = value
            elif name == b"content-encoding":
                encoded = encoded or value.strip().lower() != b"identity"
            elif name == b"transfer-encoding":
                if chunked or value.lower() != b"chunked" or http_version == "1.0":
                    raise Refused(400, "Transfer-Encoding is not chunked", CLOSE)
                chunked = True
        if host is None and http_version == "1.1":
            raise Refused(400, "Host is missing")
        if host is not None and not host_allowed(host):
            raise Refused(400, "Host is not a host name with an optional port")
        if length is not None and (chunked or not _LENGTH.fullmatch(length)):
            raise Refused(400, "Content-Length does not describe the body", CLOSE)
        return cls(host or b"localhost", authorization, content_type, length, encoded, chunked)

    def check_body(self, limit: int) -> None:
        """Check that a body may be read.

        ``limit`` is a number of bytes that it may have.

        Raises:
            Refused: 415 for a type that is not JSON in UTF-8, or for any encoding. 413 if it is too large.
        """
        sent = self.content_type
        if sent is not None and sent != b"application/json" and not _JSON_TYPE.fullmatch(sent):
            raise Refused(415, "Content-Type must be application/json")
        self.check_any_body(limit)

    @property
    def has_body(self) -> bool:
        """True if a body follows."""
        return self.chunked or self.content_length not in (None, b"0")

    def check_any_body(self, limit: int) -> None:
        """Check that a body of any type may be read, see ``check_body``.

        Raises:
            Refused: 413 or 415.
        """
        if self.encoded:
            raise Refused(415, "Content-Encoding is not supported")
        if self.content_length is not None and int(self.content_length) > limit:
            raise too_large(limit)


def sent_path(scope: HTTPScope) -> bytes:
    """Return the path as sent, without the query that some clients leave in ``raw_path``."""
    raw: bytes | None = scope.get("raw_path")
    return raw.partition(b"?")[0] if raw else scope["path"].encode()


def raw_path(raw: bytes) -> str:
    """Return the path as sent, checked.

    Raises:
        Refused: 400 for an ambiguous path, 404 for one with an escaped letter.
    """
    if not raw.startswith(b"/") or _FORBIDDEN.search(raw):
        raise Refused(400, "the path has characters or segments that are not allowed")
    if b"%" in raw and _NEEDLESS_ESCAPE.search(raw):
        raise Refused(404)
    return raw.decode("ascii")


def path_below(scope: HTTPScope) -> str:
    """Return the path as sent, below the prefix of a server.

    It is empty at the prefix itself.

    Raises:
        Refused: the path breaks the rules, see ``raw_path``.
    """
    path = raw_path(sent_path(scope))
    prefix = scope.get("root_path", "").rstrip("/")
    return path[len(prefix) :] if prefix and f"{path}/".startswith(f"{prefix}/") else path


def query_value(query: bytes, *names: bytes) -> str | None:
    """Return the first value of the first of ``names`` in a query string, or None."""
    if b"&" not in query and b"%" not in query and b"+" not in query:  # a token alone, as most have
        key, _, value = query.partition(b"=")
        return value.decode("latin-1") if key in names else None
    pairs = query.split(b"&")
    for name in names:
        for pair in pairs:
            key, _, value = pair.partition(b"=")
            if key == name:
                text = value.decode("latin-1")
                return unquote_plus(text) if b"%" in value or b"+" in value else text
    return None


async def read_body(receive: Receive, limit: int) -> bytes:
    """Read a request's body, up to a limit.

    Raises:
        Refused: 413 if it has more than ``limit`` bytes.
        Disconnected: the client disconnected before its end.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        if not message.get("more_body", False):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)


def too_large(limit: int) -> Refused:
    """Return the refusal of a body, which closes the connection as the rest is unread."""
    return Refused(413, f"the body is larger than {limit} bytes", CLOSE)
