"""One turn of a conversation, for a client that waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agenthost._host.identity.asking import Asking
from agenthost._web.endpoints.chat.refusals import refusal_of
from agenthost._web.request.requests import Disconnected
from agenthost.conversation.turns import Escalated, Routed, Said, ToolEnded, ToolStarted, event_as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from litestar.types import Receive

    from agenthost._host.identity.turns import TakenTurn
    from agenthost._web.endpoints.chat.requests import Asked
    from agenthost._web.request.site import Request
    from agenthost.conversation.turns import Event, Reply

__all__ = ["begin_turn", "take_turn", "while_somebody_waits"]

_SHOWN = (Escalated, Routed, ToolEnded, ToolStarted)
"""Events of a turn for clients that show more than words."""


async def begin_turn(request: Request, asked: Asked) -> TakenTurn:
    """Begin the turn of a request, or take up the one that it repeats.

    Raises:
        ChatRefused: the turn cannot begin.
    """
    asking = Asking(
        agent=asked.agent,
        conversation=asked.conversation,
        text=asked.text,
        context=asked.context,
        history=asked.history,
        resent=None if asked.named else asked.history,
        found=asked.found,
        principal=asked.principal,
        options=asked.options,
        sent=asked.sent,
        paused=asked.paused,
    )
    try:
        return await request.site.turns.take(request.published.plan, asking, asked.identity)
    except Exception as error:
        raise refusal_of(request, asked.agent, error) from error


async def take_turn(
    request: Request,
    asked: Asked,
    turn: TakenTurn,
    tell: Callable[[dict[str, Any]], object],
    say: Callable[[str], object] | None = None,
) -> Reply:
    """Return the reply of a turn, after its events.

    Raises:
        ChatRefused: the turn has no answer.
    """

    def listen(event: Event) -> None:
        if isinstance(event, Said):
            if say is not None:
                say(event.text)
        elif isinstance(event, _SHOWN):
            tell(event_as_json(event))

    try:
        return await turn.reply(listen)
    except Exception as error:
        raise refusal_of(request, asked.agent, error, effects=turn.may_have_effects) from error


async def while_somebody_waits(work: Coroutine[Any, Any, Any], receive: Receive) -> Any:
    """Await a coroutine in the present task, and cancel that when the client disconnects.

    Raises:
        Disconnected: the client disconnected first.
    """
    task, gone = asyncio.current_task(), False

    async def watch() -> None:
        nonlocal gone
        await _left(receive)
        gone = True
        if task is not None:
            task.cancel()

    leaving = asyncio.ensure_future(watch())
    try:
        result = await work
    except BaseException:
        if gone and task is not None and not task.uncancel():  # nobody else has cancelled it
            raise Disconnected from None
        raise
    finally:
        leaving.cancel()
    if gone and task is not None:
        task.uncancel()
        raise Disconnected
    return result


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
