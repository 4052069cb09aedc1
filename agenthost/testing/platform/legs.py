"""Legs of a call: the caller's, and those that ``connect`` opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from attrs import evolve

from agenthost.testing.platform.ai.session import run_ai
from agenthost.testing.platform.leg import Leg
from agenthost.testing.platform.swml.connecting import is_own_address
from agenthost.testing.platform.swml.walker import run_confirmation, run_leg

if TYPE_CHECKING:
    from agenthost.testing.platform.leg import Caller, HungUp, Room

__all__ = ["new_leg", "run_call", "with_base"]


async def run_call(leg: Leg, url: str) -> None:
    """Run a call from its first document to its end."""
    _finish(leg, await run_leg(leg, url))
    await _run_dialled(leg)


def new_leg(room: Room, caller: Caller, *, chat: bool = False, parent: Leg | None = None) -> Leg:
    """Open a leg of a call."""
    leg = Leg(room, len(room.legs) + 1, room.new_id(), caller, run_ai, _connect, _run_dialled, chat, parent)
    leg.node_id, leg.segment_id = room.new_id(), room.new_id()
    if caller.user:
        leg.vars["userVariables"] = dict(caller.user)
    room.legs.append(leg)
    return leg


def with_base(base: str, route: str) -> str:
    """Return the URL of a route on the host."""
    return route if route.startswith(("http://", "https://")) else urljoin(f"{base.rstrip('/')}/", route.lstrip("/"))


async def _connect(leg: Leg, target: str, confirm: Any) -> str:
    """Run the confirmation of the called party, and its leg if the host has it."""
    if confirm is not None and not await _is_confirmed(leg, target, confirm):
        return "failed"
    if not is_own_address(leg, target):
        return "connected"
    other = _opened(leg, target, "sip")
    if other is None:
        return "failed"
    room = leg.room
    done = await run_leg(other, with_base(room.delivery.client.base_url, room.options.sip_path))
    _end_with(leg, other, done)
    return "failed" if done.cause == "script_error" else "connected"


async def _is_confirmed(leg: Leg, target: str, confirm: Any) -> bool:
    other = _opened(leg, target, "sip" if target.lower().startswith(("sip:", "sips:")) else "phone")
    if other is None:
        return False
    other.answered = True
    other.script = leg.script
    done = await run_confirmation(other, confirm)
    _end_with(leg, other, done)
    confirmed = done.cause == "script_end"
    leg.trace("confirm", to=target, confirmed=confirmed)
    return confirmed


async def _run_dialled(leg: Leg) -> None:
    """Run the calls that ``dial`` has started, until the caller hangs up."""
    room = leg.room
    while room.dialled and leg.ended != "caller":
        dialled = room.dialled.pop(0)
        other = _called(leg, dialled.to, dialled.kind, dialled.shown, None)
        if other is None:
            return
        _end_with(leg, other, await run_leg(other, dialled.url))


def _opened(leg: Leg, target: str, kind: str) -> Leg | None:
    return _called(leg, target, kind, leg.caller.dialled, leg)


def _called(leg: Leg, target: str, kind: str, shown: str, parent: Leg | None) -> Leg | None:
    """Open a leg to *target*, where *shown* is displayed, unless there are too many."""
    room = leg.room
    if len(room.legs) >= room.options.limits.sessions:
        leg.finding("loop_guard", "the call has too many legs")
        return None
    caller = evolve(leg.caller, number=shown, dialled=target, kind=kind, direction="outbound", user={})
    other = new_leg(room, caller, parent=parent)
    other.trace("leg", to=target, call_id=other.call_id)
    return other


def _end_with(leg: Leg, other: Leg, done: HungUp) -> None:
    _finish(other, done)
    if done.cause == "caller":
        leg.ended = "caller"


def _finish(leg: Leg, done: HungUp) -> None:
    leg.ended = done.cause
    leg.trace("ended", cause=done.cause)
