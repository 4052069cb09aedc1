"""SIP: ``POST /sip`` for the whole host, and ``POST R/sip`` for one agent (wire.md, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost._web import documents
from agenthost._web.requests import Refused
from agenthost.swaig import MalformedRequest, call_id

if TYPE_CHECKING:
    from agenthost._host.plan import Mounted
    from agenthost._web.site import Answer, Request

__all__ = ["METHODS", "answer", "answer_for_host"]

METHODS = ("POST", "OPTIONS")


async def answer(request: Request, agent: Mounted) -> Answer:
    """The document of the agent that the SIP address names; of this one, when it names nobody."""
    body = await request.body(agent)
    return await documents.render(request, _target(request, body) or agent, call_id(body), body)


async def answer_for_host(request: Request) -> Answer:
    """The document of the agent that the SIP address names.

    Raises:
        Refused: 404, when it names nobody: never silently somebody else.
    """
    body = await request.body()
    target = _target(request, body)
    if target is None:
        raise Refused(404, "No agent for this SIP user")
    return await documents.render(request, target, call_id(body), body)


def _target(request: Request, body: dict[str, Any]) -> Mounted | None:
    plan = request.published.plan
    key = plan.aliases.find(_called(body))
    return plan.find(key) if key is not None else None


def _called(body: dict[str, Any]) -> str:
    """The address that was called: ``call.to``.

    Raises:
        MalformedRequest: it is missing, or no text.
    """
    call = body.get("call")
    if not isinstance(call, dict):
        msg = "call must be an object"
        raise MalformedRequest(msg)
    to = call.get("to")
    if not isinstance(to, str):
        msg = "call.to must be a string"
        raise MalformedRequest(msg)
    return to
