"""Acts: what those with the scope ``administer`` may change at a running host."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.access.disabled_agents import disable, disabled_agents, enable, put_back
from agenthost._host.recording.forgotten import forget_caller
from agenthost._web.console.audit import audit
from agenthost._web.console.texts import TEXTS
from agenthost._web.request.requests import Refused
from agenthost.errors import AddressError, AgentHostError, StateUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._web.request.site import Request

__all__ = ["ACTS", "Act", "carry_out"]

_RELOAD_SECONDS = 110.0
"""Timeout of a reload, which a browser and the proxies before the host wait for."""
_SECONDS = 5.0
_NAMED = ("added", "changed", "removed", "failed", "applied", "replaced", "restart")


@frozen
class Act:
    """A change that has to be confirmed.

    ``run`` carries it out and returns what it has done. It takes the request and the agent or the caller, which is
    empty for an act on the host.
    """

    name: str
    run: Callable[[Request, str], Awaitable[str]]
    of_agent: bool = False
    of_caller: bool = False

    @property
    def texts(self) -> Mapping[str, str]:
        """The words of its button, and what it does."""
        return TEXTS[f"act.{self.name}"]


async def carry_out(request: Request, act: Act, subject: str) -> str:
    """Carry out an act.

    The log has a line before and after it, about who did it.

    Returns:
        What it has done, or the reason that it has not.
    """
    of = {"agent": subject} if act.of_agent else {}
    what = f"{act.name} {subject}" if act.of_agent else act.name
    audit(request, act.name, words=f"does {what}", **of)
    ended, done = "has not done", ""
    try:
        done = await act.run(request, subject)
        ended = "has done"
    except AddressError as error:
        ended, done = "may have done", TEXTS["act.failed"]["unknown"].format(reason=error)
    except (AgentHostError, OSError) as error:
        done = TEXTS["act.failed"]["words"].format(reason=error)
    finally:
        audit(request, act.name, words=f"{ended} {what}: {done}".removesuffix(": "), **of)
    return done


async def _reload(request: Request, _subject: str) -> str:
    return await _reloaded(request, None)


async def _disable(request: Request, key: str) -> str:
    return await _recorded(request, key, partial(disable, key=key, by=request.principal.name))


async def _enable(request: Request, key: str) -> str:
    return await _recorded(request, key, partial(enable, key=key))


async def _recorded(request: Request, key: str, change: Callable[[Config], None]) -> str:
    """Change the record of disabled agents, and reload.

    The record is restored unless the host reloads, or may still do so.
    """
    config = request.rules.settings.config
    before = (await asyncio.to_thread(disabled_agents, config)).get(key)
    await asyncio.to_thread(change, config)
    try:
        return await _reloaded(request, key)
    except AddressError:
        raise
    except (AgentHostError, Refused):
        await asyncio.to_thread(put_back, config, key, before)
        raise


async def _close_breaker(request: Request, key: str) -> str:
    if request.site.send_command is None:
        number = request.site.runtime.caller.gates.close(key)
    else:
        number = (await _sent(request, {"command": "close breaker", "agent": key}, _SECONDS))["closed"]
    return TEXTS["act.close-breaker"]["done"].format(number=number)


async def _forget(request: Request, caller: str) -> str:
    try:
        number = await forget_caller(request.site.runtime.state.stores, caller)
    except StateUnavailable as error:
        raise AgentHostError(str(error)) from error
    return TEXTS["act.forget-caller"]["done"].format(number=number)


async def _reloaded(request: Request, agent: str | None) -> str:
    command = {"command": "reload", "agent": agent, "seconds": _RELOAD_SECONDS}
    told = await _sent(request, command, _RELOAD_SECONDS + _SECONDS)
    changes = [f"{TEXTS['act.reload'][name]}: {', '.join(map(str, told[name]))}" for name in _NAMED if told.get(name)]
    return "; ".join(changes) or TEXTS["act.reload"]["nothing"]


async def _sent(request: Request, command: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
    """Send a command to the host.

    Raises:
        AgentHostError: it cannot be carried out.
        Refused: the host is part of a program.
    """
    if (send := request.site.send_command) is None:
        raise Refused(409, TEXTS["act.failed"]["program"])
    return await asyncio.to_thread(send, command, seconds)


ACTS: Mapping[str, Act] = {
    act.name: act
    for act in (
        Act("reload", _reload),
        Act("disable", _disable, of_agent=True),
        Act("enable", _enable, of_agent=True),
        Act("close-breaker", _close_breaker, of_agent=True),
        Act("forget-caller", _forget, of_caller=True),
    )
}
