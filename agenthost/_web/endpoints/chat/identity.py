"""The identity of a request to ``/v1``, and the headers about retries."""

from __future__ import annotations

import math
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._host.identity.turn_identity import Identity
from agenthost._host.peers.crossing import HEADER
from agenthost.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.request.site import Request

__all__ = ["identity_of", "retry_headers"]

_KEY = b"idempotency-key"
_RETRY = b"x-stainless-retry-count"
_CROSSED = HEADER.encode()
_INSTRUCTIONS = frozenset({"system", "developer"})
_OTHER = frozenset({"messages", "model", "stream", "stream_options"})
"""Fields that do not tell a request from its repeat, or count otherwise."""
_encode = msgspec.json.Encoder(order="sorted").encode


def identity_of(
    request: Request, body: Mapping[str, Any], agent: str, principal: str, conversation: str | None
) -> Identity:
    """Return the identity of a request.

    The instructions of a client do not count, because clients put the time into them. Of a conversation that the host
    keeps, only what was said since the last answer counts. Notes of another host do not count, as a repeat may have
    others.
    """
    headers = {name: value for name, value in request.scope["headers"] if name in (_KEY, _RETRY, _CROSSED)}
    messages = body.get("messages")
    said = [each for each in messages if not _instructs(each)] if isinstance(messages, list) else []
    if conversation is not None:
        answers = [
            place for place, each in enumerate(said) if isinstance(each, dict) and each.get("role") == "assistant"
        ]
        said = said[answers[-1] + 1 :] if answers else said
    form = {name: value for name, value in body.items() if name not in _OTHER}
    if _CROSSED in headers:
        form = _without_notes(form)
    asked = [principal, agent, conversation, said, form]
    key = headers.get(_KEY)
    return Identity(
        fingerprint=sha256(_encode(asked)).hexdigest(),
        key=None if not key else f"{principal}\n{agent}\n{key.decode('latin-1')}",
        retry=headers.get(_RETRY, b"0").strip(b" 0") != b"",
        client=request.rules.proxies.forwarded(request.scope).client,
    )


def _without_notes(form: dict[str, Any]) -> dict[str, Any]:
    metadata = form.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(context := metadata.get("context"), dict):
        return form
    return {**form, "metadata": {**metadata, "context": {**context, "notes": None}}}


def _instructs(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") in _INSTRUCTIONS


def retry_headers(error: BaseException, *, effects: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers of an error response.

    ``effects`` is True if a tool has begun: then a client should not repeat the request by itself.
    """
    headers = [(b"x-should-retry", b"false")] if effects else []
    if isinstance(error, ModelUnavailable) and error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % math.ceil(error.retry_after)))
    return headers
