"""The verb ``connect``: other legs, on this host or scripted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.testing.platform.leg import HungUp
from agenthost.testing.platform.swml.frames import VerbError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost.testing.platform.leg import Leg
    from agenthost.testing.platform.swml.frames import Done, Frame

__all__ = ["connect", "is_own_address"]


async def connect(frame: Frame, config: Any) -> Done:
    """Call others until one answers, and wait while the call is bridged."""
    if not isinstance(config, dict):
        raise VerbError("connect needs an object")
    leg = frame.leg
    targets = [(str(frame.text(to)), _confirm(frame, confirm)) for to, confirm in _targets(config)]
    if not targets:
        raise VerbError("connect needs to, serial, parallel or serial_parallel")
    if config.get("auto_answer") is not False:
        leg.answered = True
    result = "failed"
    for target, confirm in targets:
        result = await _dial(leg, target, confirm)
        leg.trace("connect", to=target, result=result)
        if result == "connected" or leg.ended == "caller":
            break
    frame.set("connect_result", "connected" if result == "connected" else "failed")
    if leg.ended == "caller":
        return HungUp("caller")
    return None


async def _dial(leg: Leg, target: str, confirm: Any) -> str:
    result = "connected" if is_own_address(leg, target) else str(leg.room.outcome("connect", "connected"))
    return await leg.connect(leg, target, confirm) if result == "connected" else result


def _confirm(frame: Frame, confirm: Any) -> Any:
    """Return what a called party must confirm: a URL, verbs or None.

    Raises:
        VerbError: it is something else.
    """
    if isinstance(confirm, str):
        return str(frame.text(confirm))
    if confirm is None or isinstance(confirm, list):
        return confirm
    raise VerbError("confirm needs a URL or a list of verbs")


def is_own_address(leg: Leg, target: str) -> bool:
    """Return True for a SIP address that reaches the host under test."""
    scheme, _, rest = target.partition(":")
    host = rest.partition("@")[2].partition(";")[0].partition(":")[0].lower()
    return scheme.lower() in {"sip", "sips"} and host in {domain.lower() for domain in leg.room.options.sip_domains}


def _targets(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the addresses in the order in which they are tried, each with its confirmation."""
    groups: list[Any] = [config]
    for key in ("serial", "parallel"):
        groups += config[key] if isinstance(config.get(key), list) else ()
    for group in config["serial_parallel"] if isinstance(config.get("serial_parallel"), list) else ():
        groups += group if isinstance(group, list) else ()
    for group in groups:
        to = group.get("to") if isinstance(group, dict) else None
        if isinstance(to, str):
            yield to, group.get("confirm", config.get("confirm"))
