"""SIP: ``POST /sip`` for the host, and ``POST R/sip`` for one agent. Timed routes, too.

See wire.md, section 4.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._host.access.principals import CALL
from agenthost._host.plan.routes import normalise
from agenthost._web.endpoints import documents
from agenthost._web.request.requests import Refused
from agenthost.agent.per_call import fallback_document
from agenthost.sip import SipCall, user_of
from agenthost.tools.swaig import MalformedRequest, call_id

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer", "answer_for_host", "answer_unmatched"]

_encode = msgspec.json.Encoder().encode


async def answer(request: Request, agent: Mounted) -> Answer:
    """Return the document of the agent that the call is for.

    This agent's document is the default, also for a call to an agent that may not be reached from here.
    """
    body = await request.body("sip", agent)
    target = await _target(request, body) or agent
    if target is agent or not _led(request, agent, target):
        return await documents.render(request, agent, call_id(body), body)
    return await _answer_of(request, target, body)


async def answer_for_host(request: Request) -> Answer:
    """Return the document of the agent that the call is for.

    Raises:
        Refused: 404 if it is for no agent, so that no other agent answers silently.
    """
    body = await request.body("sip")
    target = await _target(request, body)
    if CALL not in request.principal.scopes:
        raise request.forbidden(CALL)
    if target is None or not (request.may(CALL, target) or (request.may(CALL) and _led(request, None, target))):
        raise Refused(404, "No agent for this SIP user")
    return await _answer_of(request, target, body)


async def answer_by_time(request: Request) -> Answer:
    """Return the document of the agent that answers at a timed route now.

    Raises:
        Refused: 404 if it is not served.
    """
    route = request.rules.settings.config.routes.get(normalise(request.path))
    now = datetime.fromtimestamp(request.site.runtime.settings.clock(), UTC)
    target = request.published.plan.find(route.agent_at(now)) if route is not None else None
    if CALL not in request.principal.scopes:
        raise request.forbidden(CALL)
    if target is None or not request.may(CALL, target):
        raise Refused(404, "No agent answers here at this time")
    found = await request.built(target)
    if found is None:
        return 200, request.rules.document, fallback_document(target.agent)
    return await documents.answer(request, found)


async def answer_unmatched(request: Request) -> Answer:
    """Return the users that no agent but a default one answers, in this process."""
    report = {"process": os.getpid(), **request.site.runtime.unmatched.report()}
    return 200, request.rules.json, _encode(report)


async def _answer_of(request: Request, target: Mounted, body: dict[str, Any]) -> Answer:
    """Return the target's document, or a redirect to it if so configured."""
    site, found = request.site, await request.built(target)
    if found is None:
        return 200, request.rules.document, fallback_document(target.agent)
    target = found
    if site.runtime.config.sip.mode != "redirect" or request.apart(target):
        return await documents.render(request, target, call_id(body), body)
    location = (request.prefix() + target.route).encode()
    return 307, [*request.rules.shared, (b"location", location), (b"cache-control", b"no-store")], b""


def _led(request: Request, origin: Mounted | None, target: Mounted) -> bool:
    """Return True if the call may be led to an agent.

    The client has chosen it, so a key must open it, too.
    """
    return request.published.reach.allows(origin, target) and (request.principal.shown or request.may(CALL, target))


async def _target(request: Request, body: dict[str, Any]) -> Mounted | None:
    published, runtime = request.published, request.site.runtime
    call = _call(body, datetime.fromtimestamp(runtime.settings.clock(), UTC))
    decision = await published.sip.resolve(call)
    runtime.metrics.sip_decision(decision.label)
    if decision.label in ("default", "unmatched"):
        runtime.unmatched.count(user_of(call.to) or "", decision.agent)
    return published.plan.find(decision.agent) if decision.agent is not None else None


def _call(body: dict[str, Any], time: datetime) -> SipCall:
    """Read the call of a request.

    Raises:
        MalformedRequest: the call, or the called address, is missing or of another type.
    """
    call = body.get("call")
    if not isinstance(call, dict):
        msg = "call must be an object"
        raise MalformedRequest(msg)
    if not isinstance(call.get("to"), str):
        msg = "call.to must be a string"
        raise MalformedRequest(msg)
    return SipCall.of(call, time)
