"""Events of a response in a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from attrs import define, field

from agenthost._web.endpoints.responses.objects import text_part

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from agenthost._web.endpoints.chat.refusals import ChatRefused
    from agenthost._web.endpoints.responses.objects import Responding
    from agenthost.conversation.turns import Reply

__all__ = ["Events"]

_encode = msgspec.json.Encoder().encode


@define
class Events:
    """The events of a response in progress."""

    responding: Responding
    finish: Callable[[Reply], Awaitable[dict[str, Any]]]
    """Stores the response, and returns it."""
    sent: int = 0
    spoken: list[str] = field(factory=list)

    def begin(self) -> Sequence[bytes]:
        """Return the first events."""
        response = self.responding.begun()
        return [self._event(f"response.{name}", {"response": response}) for name in ("created", "in_progress")]

    def words(self, text: str) -> Sequence[bytes]:
        """Return the events for words."""
        events = [] if self.spoken else list(self._begin_message())
        self.spoken.append(text)
        return [*events, self._event("response.output_text.delta", {**self._part(), "delta": text, "logprobs": []})]

    def note(self, event: dict[str, Any]) -> Sequence[bytes]:
        """Note an event besides words, which has no event of its own."""
        self.responding.happened.append(event)
        return ()

    async def end(self, reply: Reply) -> Sequence[bytes]:
        """Return the last events."""
        response = await self.finish(reply)
        events: list[bytes] = []
        for place, item in enumerate(response["output"]):
            events += self._end_message(item) if item["type"] == "message" else self._call(place, item)
        status = response["status"]
        return [*events, self._event(f"response.{status}", {"response": response})]

    def failed(self, refused: ChatRefused) -> Sequence[bytes]:
        """Return the last events if the stream has begun and has no end."""
        failed = self._event("response.failed", {"response": self.responding.failed(refused)})
        error = refused.body["error"]
        told = {"code": error["code"], "message": error["message"], "param": error["param"], "error": error}
        return [failed, self._event("error", told)]

    def _begin_message(self) -> Iterator[bytes]:
        item = self.responding.message()
        yield self._event("response.output_item.added", {"output_index": 0, "item": item})
        yield self._event("response.content_part.added", {**self._part(), "part": text_part("")})

    def _end_message(self, item: Mapping[str, Any]) -> Iterator[bytes]:
        if not self.spoken:
            yield from self._begin_message()
        text = "".join(self.spoken)
        yield self._event("response.output_text.done", {**self._part(), "text": text, "logprobs": []})
        yield self._event("response.content_part.done", {**self._part(), "part": text_part(text)})
        for index, part in enumerate(item["content"]):
            if part["type"] == "refusal":
                where = {**self._part(), "content_index": index}
                yield self._event("response.content_part.added", {**where, "part": {**part, "refusal": ""}})
                yield self._event("response.refusal.delta", {**where, "delta": part["refusal"]})
                yield self._event("response.refusal.done", {**where, "refusal": part["refusal"]})
                yield self._event("response.content_part.done", {**where, "part": part})
        yield self._event("response.output_item.done", {"output_index": 0, "item": item})

    def _call(self, place: int, item: Mapping[str, Any]) -> Iterator[bytes]:
        where = {"output_index": place, "item_id": item["id"]}
        begun = {**item, "arguments": "", "status": "in_progress"}
        arguments = item["arguments"]
        done = {**where, "name": item["name"], "arguments": arguments}
        yield self._event("response.output_item.added", {"output_index": place, "item": begun})
        yield self._event("response.function_call_arguments.delta", {**where, "delta": arguments})
        yield self._event("response.function_call_arguments.done", done)
        yield self._event("response.output_item.done", {"output_index": place, "item": item})

    def _part(self) -> dict[str, Any]:
        return {"item_id": self.responding.item_id("msg", 0), "output_index": 0, "content_index": 0}

    def _event(self, kind: str, more: Mapping[str, Any]) -> bytes:
        number, self.sent = self.sent, self.sent + 1
        event = {"type": kind, "sequence_number": number, **more}
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode(event))
