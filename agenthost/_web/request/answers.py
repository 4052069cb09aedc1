"""Answers: status, headers and body in the common form (wire.md, section 2)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from litestar.types import Message, Send

__all__ = ["HSTS", "RETRY", "SECURITY", "SharedHeaders", "error", "send_bytes", "send_error", "with_headers"]

Headers = list[tuple[bytes, bytes]]

SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
]
"""Headers of every answer."""
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""Added where the public URL is https."""
JSON = (b"content-type", b"application/json")
NO_STORE = (b"cache-control", b"no-store")
RETRY: Headers = [(b"retry-after", b"1")]
"""Of answers to requests that may succeed in a second."""

_NO_CONTENT = 204
_encode = msgspec.json.Encoder().encode


class SharedHeaders(list[tuple[bytes, bytes]]):
    """Constant headers of many answers, encoded once.

    Values of ``headers`` have no control characters.
    """

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        super().__init__(headers)
        self.written = b"".join(b"%b: %b\r\n" % header for header in self)


def error(sentence: str) -> bytes:
    """Return the body of an error response."""
    return _encode({"error": sentence})


async def send_bytes(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send one answer, without changing ``headers``.

    This host's own server takes a whole one at once. A 204 has no length (RFC 9110, section 8.6).
    """
    if type(headers) is SharedHeaders and status != _NO_CONTENT:
        answer_at_once = getattr(getattr(send, "__self__", None), "answer_at_once", None)
        if answer_at_once is not None and answer_at_once(status, headers.written, body):
            return
    if status != _NO_CONTENT:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_error(send: Send, status: int, sentence: str | None, headers: Headers) -> None:
    """Send an error, by default with the status's own phrase."""
    await send_bytes(send, status, [*headers, JSON], error(sentence or HTTPStatus(status).phrase))


def with_headers(send: Send, headers: Headers) -> Send:
    """Wrap ``send`` to add ``headers`` to any answer."""

    async def added(message: Any) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", ())}
            message["headers"] = [
                *message.get("headers", ()),
                *(header for header in headers if header[0] not in present),
            ]
        changed: Message = message
        await send(changed)

    return added
