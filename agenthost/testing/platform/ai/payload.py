"""Bodies of the platform's requests for an AI session."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenthost.testing.platform.http.client import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.ai.functions import Function
    from agenthost.testing.platform.ai.state import Session

__all__ = ["identity", "tool_request", "written"]


def tool_request(session: Session, function: Function, arguments: Mapping[str, Any], raw: str) -> dict[str, Any]:
    """Return the body of a function call."""
    leg, params = session.leg, session.params
    body: dict[str, Any] = {
        "function": function.name,
        "argument": {"parsed": [dict(arguments)], "raw": raw, "substituted": ""},
        "argument_desc": function.parameters,
        "description": function.description,
        **identity(session),
        "meta_data_token": function.store,
        "meta_data": leg.meta_data.get(function.store, {}),
        "channel_active": True,
        "channel_offhook": True,
        "channel_ready": True,
        "content_type": "text/swaig",
        "content_disposition": "SWAIG Function",
        "version": "2.0",
    }
    if session.snapshot:
        body["global_data"] = session.snapshot
    if leg.caller.number:
        body["caller_id_num"] = leg.caller.number
    if leg.caller.name:
        body["caller_id_name"] = leg.caller.name
    if params.get("swaig_post_conversation") is True:
        body["call_log"] = body["raw_call_log"] = list(session.call_log)
    if params.get("swaig_post_swml_vars"):
        body["SWMLVars"], body["SWMLCall"] = dict(leg.vars), leg.described()
    return body


def identity(session: Session) -> dict[str, Any]:
    """Return the fields that say whose call it is."""
    leg = session.leg
    named = {
        "call_id": session.runtime_id,
        "ai_session_id": session.id,
        "app_name": "swml app",
        "conversation_type": "chat" if leg.chat else "voice",
        "project_id": "00000000-0000-4000-8000-000000000001",
        "space_id": "00000000-0000-4000-8000-000000000002",
    }
    conversation = leg.call_id if leg.chat else session.params.get("conversation_id")
    return {**named, "conversation_id": conversation} if isinstance(conversation, str) else named


def written(arguments: Mapping[str, Any] | str) -> tuple[dict[str, Any] | None, str]:
    """Return arguments as an object and as text.

    The object is None if the text cannot be read.
    """
    if isinstance(arguments, str):
        try:
            value = read_json(arguments or "{}")
        except ValueError:
            return None, arguments
        return (value if isinstance(value, dict) else None), arguments
    return dict(arguments), json.dumps(dict(arguments), ensure_ascii=False, default=str)
