"""IDs of conversations, as clients send them."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._web.endpoints.chat.refusals import ChatRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.request.site import Request

__all__ = ["CONVERSATION", "NamedConversation", "named_conversation"]

CONVERSATION = b"agenthost-conversation"
"""The header with the ID of a conversation, in requests and answers."""
_ID = re.compile(r"[\x21-\x7e]{1,128}")


@frozen
class NamedConversation:
    """A conversation that the client names."""

    id: str
    kept_here: bool
    """True if the client leaves the history to the host, False if its ID is only one of several data."""


def named_conversation(
    request: Request, body: Mapping[str, Any], metadata: Mapping[str, Any]
) -> NamedConversation | None:
    """Return the conversation that a request names, or None.

    An ID that transcripts do not accept is replaced by its hash.

    Raises:
        ChatRefused: ``metadata.conversation`` is neither text nor a number.
    """
    headers = {name: value.decode("latin-1") for name, value in request.scope["headers"]}
    given = headers.get(CONVERSATION) or metadata.get("conversation")
    if given is not None and _as_text(given) is None:
        raise ChatRefused(400, "metadata.conversation must be a string.", None, "metadata")
    if named := _as_text(given):
        return NamedConversation(_accepted(named), kept_here=True)
    for name in request.site.runtime.config.conversation.ids:
        sent = _field(body, name) if "." in name else headers.get(name.lower().encode())
        if found := _as_text(sent):
            return NamedConversation(_accepted(found), kept_here=False)
    return None


def _as_text(value: object) -> str | None:
    """Return an ID as text, or None if it is something else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _field(body: Any, path: str) -> object:
    """Return a field of the body, such as ``call.id``, or None."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _accepted(name: str) -> str:
    return name if _ID.fullmatch(name) else f"h-{sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}"
