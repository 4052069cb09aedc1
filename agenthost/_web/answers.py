"""Answers: status, headers and body, in the form that every path of the host shares (wire.md, section 2)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from litestar.types import Message, Send

__all__ = ["HSTS", "SECURITY", "error", "send_bytes", "send_error", "with_headers"]

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

_NO_CONTENT = 204
_encode = msgspec.json.Encoder().encode


def error(sentence: str) -> bytes:
    """The body of an answer that is not a success."""
    return _encode({"error": sentence})


async def send_bytes(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send one answer; ``headers`` is not changed. A 204 has no length (RFC 9110, section 8.6)."""
    if status != _NO_CONTENT:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_error(send: Send, status: int, sentence: str | None, headers: Headers) -> None:
    """Send an error; without a sentence, the status's own phrase."""
    await send_bytes(send, status, [*headers, JSON], error(sentence or HTTPStatus(status).phrase))


def with_headers(send: Send, headers: Headers) -> Send:
    """A ``send`` that adds ``headers`` to whatever answer somebody else makes."""

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
