"""``/v1/chat/completions``: a turn, at once or as a stream of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from attrs import evolve

from agenthost._web.endpoints.chat.answers import Answering
from agenthost._web.endpoints.chat.conversation_ids import CONVERSATION
from agenthost._web.endpoints.chat.messages import Spoken
from agenthost._web.endpoints.chat.options import answer_options, ignored
from agenthost._web.endpoints.chat.requests import asked_for, continued, give_way
from agenthost._web.endpoints.chat.streams import Stream
from agenthost._web.endpoints.chat.turns import begin_turn, take_turn, while_somebody_waits
from agenthost._web.request.answers import JSON, NO_STORE, send_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.types import Send

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Request

__all__ = ["COMPLETIONS", "complete"]

COMPLETIONS = "/v1/chat/completions"
_encode = msgspec.json.Encoder().encode


async def complete(request: Request, agent: Mounted, body: Mapping[str, Any], send: Send) -> None:
    """Answer a turn.

    Raises:
        ChatRefused: there is no answer.
        Disconnected: the client disconnected first.
    """
    spoken = Spoken.read(body.get("messages"))
    await give_way(spoken.history)
    asked = asked_for(request, agent, body, spoken, answer_options(body))
    await give_way(spoken.history)
    asked = await continued(request, evolve(asked, ignored=ignored(body)))
    turn = await begin_turn(request, asked)
    asked = evolve(asked, conversation=turn.conversation)
    answering = Answering(asked)
    headers = [*request.rules.shared, NO_STORE, (CONVERSATION, asked.conversation.encode("ascii", "replace"))]
    if asked.stream:
        stream = Stream(request, asked, turn, answering, headers, send)
        await while_somebody_waits(stream.run(), request.receive)
        return
    reply = await while_somebody_waits(take_turn(request, asked, turn, answering.note), request.receive)
    await send_bytes(send, 200, [*headers, JSON], _encode(answering.whole(reply)))
