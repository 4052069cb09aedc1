"""``/v1/responses``: turns that the host keeps, by the ID of their response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from attrs import evolve, frozen

from agenthost._host.text.conversations import new_conversation
from agenthost._host.text.history import Bound
from agenthost._web.endpoints.chat.access import principal_of
from agenthost._web.endpoints.chat.conversation_ids import CONVERSATION
from agenthost._web.endpoints.chat.messages import Spoken
from agenthost._web.endpoints.chat.refusals import ChatRefused, refusal_of
from agenthost._web.endpoints.chat.requests import asked_for, continued, give_way
from agenthost._web.endpoints.chat.streams import Stream
from agenthost._web.endpoints.chat.turns import begin_turn, take_turn, while_somebody_waits
from agenthost._web.endpoints.responses.events import Events
from agenthost._web.endpoints.responses.items import Input
from agenthost._web.endpoints.responses.kept import Kept, KeptResponses, for_later
from agenthost._web.endpoints.responses.objects import Responding
from agenthost._web.endpoints.responses.options import answer_options, ignored_options
from agenthost._web.request.answers import JSON, NO_STORE, send_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from litestar.types import Send

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.endpoints.chat.requests import Asked
    from agenthost._web.request.site import Request
    from agenthost.conversation.turns import Reply

__all__ = ["RESPONSES", "create", "delete", "find"]

RESPONSES = "/v1/responses"
_SCOPE = "responses"
_encode = msgspec.json.Encoder().encode


async def create(request: Request, agent: Mounted, body: Mapping[str, Any], send: Send) -> None:
    """Answer a turn, and keep the response unless ``store`` is false.

    Raises:
        ChatRefused: there is no answer.
        Disconnected: the client disconnected first.
    """
    creating = await _read(request, agent, body)
    turn = await begin_turn(request, creating.asked)
    asked = evolve(creating.asked, conversation=turn.conversation)
    responding = Responding(asked, body)
    creating = evolve(creating, asked=asked, responding=responding)
    headers = [*request.rules.shared, NO_STORE, (CONVERSATION, asked.conversation.encode("ascii", "replace"))]
    if asked.stream:
        stream = Stream(request, asked, turn, Events(responding, creating.finish), headers, send)
        await while_somebody_waits(stream.run(), request.receive)
        return
    taking = take_turn(request, asked, turn, responding.happened.append)
    reply = await while_somebody_waits(taking, request.receive)
    await send_bytes(send, 200, [*headers, JSON], _encode(await creating.finish(reply)))


async def find(request: Request, agents: Iterable[Mounted], response: str) -> dict[str, Any]:
    """Return a response that was kept.

    Raises:
        ChatRefused: there is none for the caller's credentials.
        StateUnavailable: the store does not answer.
    """
    return dict((await _find(request, agents, response))[0].response)


async def delete(request: Request, agents: Iterable[Mounted], response: str) -> dict[str, Any]:
    """Delete a response that was kept.

    Raises:
        ChatRefused: there is none for the caller's credentials.
        StateUnavailable: the store does not answer.
    """
    _, responses = await _find(request, agents, response)
    await responses.delete(response)
    return {"id": response, "object": "response", "deleted": True}


@frozen
class _Creating:
    """A request for a response."""

    request: Request
    asked: Asked
    responding: Responding
    responses: KeptResponses
    messages: list[dict[str, Any]]
    """The messages up to this turn."""
    cut: bool
    """True if earlier messages were left out when the response that it continues was kept."""

    async def finish(self, reply: Reply) -> dict[str, Any]:
        """Store the response, and return it.

        Raises:
            ChatRefused: the store does not answer.
        """
        asked = self.asked
        reply = evolve(reply, history_cut=reply.history_cut or self.cut)
        response = self.responding.whole(reply, streamed=asked.stream)
        if not response["store"]:
            return response
        own = self.request.site.runtime.config.conversation
        bound = Bound(own.history, own.history_tokens)
        messages, cut = for_later([*self.messages, *self.responding.said(reply)], bound)
        kept = Kept(response, asked.agent, asked.conversation, asked.named, messages, cut or self.cut)
        try:
            response["store"] = await self.responses.keep(kept)
        except Exception as error:
            raise refusal_of(self.request, asked.agent, error) from error
        return response


async def _read(request: Request, agent: Mounted, body: Mapping[str, Any]) -> _Creating:
    """Read a request.

    Raises:
        ChatRefused: it cannot be answered.
        StateUnavailable: the store does not answer.
    """
    responses = _responses(request, principal_of(request, agent))
    options = answer_options(body)
    before, conversation = await _before(agent, body, responses)
    given = await Input.read(body.get("input"), responses)
    instructions = body.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        raise ChatRefused(400, "instructions must be text.", None, "instructions")
    told = [{"role": "system", "content": instructions}] if instructions else []
    earlier = [] if before is None else list(before.messages)
    named = conversation is not None and (before is None or before.named)
    places = ["instructions" for _ in told] + ["previous_response_id" for _ in earlier] + given.places
    if not [*told, *given.messages]:
        raise ChatRefused(400, "there is nothing to answer: input is empty.", None, "input")
    spoken = Spoken.read([*told, *earlier, *given.messages], "input", places, named=named)
    await give_way(spoken.history)
    others = {name: value for name, value in body.items() if name not in ("input", "instructions")}
    asked = asked_for(request, agent, body, spoken, options, {**others, "messages": given.messages})
    if conversation is not None and not asked.named:
        history = None if named else asked.history
        asked = evolve(asked, conversation=conversation, named=named, found=True, history=history)
    asked = await continued(request, evolve(asked, ignored=ignored_options(body)))
    return _Creating(
        request, asked, Responding(asked, body), responses, spoken.so_far(), before is not None and before.cut
    )


async def _before(agent: Mounted, body: Mapping[str, Any], responses: KeptResponses) -> tuple[Kept | None, str | None]:
    """Return the response that a request continues, and its conversation.

    A request that continues one which has been continued already begins another conversation.

    Raises:
        ChatRefused: there is no such response, or both it and a conversation are named.
        StateUnavailable: the store does not answer.
    """
    previous, conversation = body.get("previous_response_id"), body.get("conversation")
    named = conversation.get("id") if isinstance(conversation, dict) else conversation
    if named is not None and not isinstance(named, str):
        raise ChatRefused(400, "conversation must be an ID, or an object with one.", None, "conversation")
    if previous is None:
        return None, named
    if named is not None:
        msg = "previous_response_id and conversation exclude each other."
        raise ChatRefused(400, msg, None, "previous_response_id")
    before = await responses.find(previous) if isinstance(previous, str) else None
    if before is None:
        msg = "the previous response is not kept: it is unknown, deleted, or more than 30 days old."
        raise ChatRefused(400, msg, "previous_response_not_found", "previous_response_id")
    goes_on = before.agent == agent.key and (before.named or await responses.is_latest(before))
    return before, before.conversation if goes_on else new_conversation()


async def _find(request: Request, agents: Iterable[Mounted], response: str) -> tuple[Kept, KeptResponses]:
    opened = list(agents)
    keys = {agent.key for agent in opened}
    for principal in sorted({principal_of(request, agent) for agent in opened}):
        responses = _responses(request, principal)
        found = await responses.find(response)
        if found is not None and found.agent in keys:
            return found, responses
    raise ChatRefused(404, "there is no such response.", "response_not_found", "response_id")


def _responses(request: Request, principal: str) -> KeptResponses:
    store = request.site.runtime.state.serving().own(f"{_SCOPE} of {principal}" if principal else _SCOPE)
    return KeptResponses(store, request.published.plan.redactors)
