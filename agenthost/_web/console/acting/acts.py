"""Acts: what those with the scope ``administer`` may change at a running host."""

from __future__ import annotations

import asyncio
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.access.disabled_agents import disable, disabled_agents, enable, put_back
from agenthost._host.recording.forgotten import forget_caller
from agenthost._web.console.audit import audit
from agenthost._web.console.texts import gettext, later
from agenthost._web.request.requests import Refused
from agenthost.errors import AddressError, AgentHostError, StateUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._web.request.site import Request

    Words = Callable[[], str]

__all__ = ["ACTS", "Act", "carry_out"]

_RELOAD_SECONDS = 110.0
"""Timeout of a reload, which a browser and the proxies before the host wait for."""
_SECONDS = 5.0
_CHANGES = {
    "added": later("new"),
    "changed": later("rebuilt"),
    "removed": later("no longer served"),
    "failed": later("quarantined"),
    "applied": later("applied"),
    "replaced": later("workers replaced"),
    "restart": later("needs a restart"),
}
"""Kinds of changes by a reload, and the words for them."""


@frozen
class Act:
    """A change that has to be confirmed.

    ``title`` is that of its button, and ``words`` say what it does. ``run`` carries it out. It takes the request and
    the agent or the caller, which is empty for an act on the host, and returns a function with the words for what it
    has done: to the reader, and in English to the log.
    """

    name: str
    title: str
    words: str
    run: Callable[[Request, str], Awaitable[Words]]
    of_agent: bool = False
    of_caller: bool = False


async def carry_out(request: Request, act: Act, subject: str) -> str:
    """Carry out an act.

    The log has a line before and after it, about who did it.

    Returns:
        What it has done, or the reason that it has not.
    """
    of = {"agent": subject} if act.of_agent else {}
    what = f"{act.name} {subject}" if act.of_agent else act.name
    audit(request, act.name, words=f"does {what}", **of)
    ended = "has not done"
    done: Words = str
    try:
        done = await act.run(request, subject)
        ended = "has done"
    except AddressError as error:
        ended, done = "may have done", partial(_unknown, str(error))
    except (AgentHostError, OSError) as error:
        done = partial(_not_done, str(error))
    finally:
        english = Context().run(done)
        audit(request, act.name, words=f"{ended} {what}: {english}".removesuffix(": "), **of)
    return done()


def _unknown(reason: str) -> str:
    return gettext("The host has not answered, and may still do it: {reason}").format(reason=reason)


def _not_done(reason: str) -> str:
    return gettext("Nothing was done: {reason}").format(reason=reason)


async def _reload(request: Request, _subject: str) -> Words:
    return await _reloaded(request, None)


async def _disable(request: Request, key: str) -> Words:
    return await _recorded(request, key, partial(disable, key=key, by=request.principal.name))


async def _enable(request: Request, key: str) -> Words:
    return await _recorded(request, key, partial(enable, key=key))


async def _recorded(request: Request, key: str, change: Callable[[Config], None]) -> Words:
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


async def _close_breaker(request: Request, key: str) -> Words:
    if request.site.send_command is None:
        number = request.site.runtime.caller.gates.close(key)
    else:
        number = (await _sent(request, {"command": "close breaker", "agent": key}, _SECONDS))["closed"]
    return lambda: gettext("Circuit breakers closed: {number}.").format(number=number)


async def _forget(request: Request, caller: str) -> Words:
    try:
        number = await forget_caller(request.site.runtime.state.stores, caller)
    except StateUnavailable as error:
        raise AgentHostError(str(error)) from error
    return lambda: gettext("Records removed: {number}.").format(number=number)


async def _reloaded(request: Request, agent: str | None) -> Words:
    command = {"command": "reload", "agent": agent, "seconds": _RELOAD_SECONDS}
    told = await _sent(request, command, _RELOAD_SECONDS + _SECONDS)
    named = {name: ", ".join(map(str, told[name])) for name in _CHANGES if told.get(name)}
    return partial(_changes, named)


def _changes(named: Mapping[str, str]) -> str:
    changes = [f"{gettext(_CHANGES[name])}: {subjects}" for name, subjects in named.items()]
    return "; ".join(changes) or gettext("Nothing has changed.")


async def _sent(request: Request, command: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
    """Send a command to the host.

    Raises:
        AgentHostError: it cannot be carried out.
        Refused: the host is part of a program.
    """
    if (send := request.site.send_command) is None:
        raise Refused(409, gettext("this host is part of a program. fix: change it in the program"))
    return await asyncio.to_thread(send, command, seconds)


ACTS: Mapping[str, Act] = {
    act.name: act
    for act in (
        Act(
            "reload",
            later("Reload the host"),
            later(
                "The host reads its configuration and packages again. If an agent would be lost, nothing changes. "
                "Calls in progress stay with the agents they started with."
            ),
            _reload,
        ),
        Act(
            "disable",
            later("Disable the agent"),
            later(
                "New calls no longer reach the agent, also after a restart, until it is enabled again here. Calls in "
                "progress end as they began."
            ),
            _disable,
            of_agent=True,
        ),
        Act("enable", later("Enable the agent"), later("The agent is served again."), _enable, of_agent=True),
        Act(
            "close-breaker",
            later("Close the circuit breaker"),
            later(
                "The next call runs the agent's code at once. If the agent goes on failing, its circuit breaker opens "
                "again."
            ),
            _close_breaker,
            of_agent=True,
        ),
        Act(
            "forget-caller",
            later("Forget a caller"),
            later(
                "Recorded calls of this caller are removed from the store of the host. What agents keep themselves "
                "stays."
            ),
            _forget,
            of_caller=True,
        ),
    )
}
