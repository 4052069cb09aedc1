"""Polling for input: ``R/check_for_input`` always answers that there is none (wire.md, section 1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from agenthost._web.request.requests import Refused, query_value

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer"]

_CONVERSATION = re.compile(r"[\w.-]{1,256}", re.ASCII)
_encode = msgspec.json.Encoder().encode


async def answer(request: Request, agent: Mounted) -> Answer:
    """Answer that there is no new input.

    Raises:
        Refused: 400 without a conversation.
    """
    if request.scope["method"] == "POST":
        conversation = (await request.body("check_for_input", agent)).get("conversation_id")
    else:
        conversation = query_value(request.scope["query_string"], b"conversation_id")
    if not isinstance(conversation, str) or not _CONVERSATION.fullmatch(conversation):
        raise Refused(400, "conversation_id is missing, or has other characters than letters, digits, '_', '.', '-'")
    answered = {"status": "success", "conversation_id": conversation, "new_input": False, "messages": []}
    return 200, request.rules.json, _encode(answered)
