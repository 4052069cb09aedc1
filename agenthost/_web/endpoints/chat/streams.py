"""An answer as a stream of events."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import define, field

from agenthost._web.endpoints.chat.answers import call_of, usage_of
from agenthost._web.endpoints.chat.refusals import ChatRefused
from agenthost._web.endpoints.chat.turns import take_turn

if TYPE_CHECKING:
    from litestar.types import Send

    from agenthost._web.endpoints.chat.answers import Answering
    from agenthost._web.request.site import Request

__all__ = ["Stream"]

_EVENTS = (b"content-type", b"text/event-stream")
_ALIVE = 15.0
"""Seconds of silence after which a stream sends a keep-alive comment."""
_encode = msgspec.json.Encoder().encode


@define
class Stream:
    """A stream of events in progress.

    A failure is the last event of a stream that has begun.
    """

    request: Request
    answering: Answering
    headers: list[tuple[bytes, bytes]]
    send: Send
    begun: bool = False
    said: list[str] = field(factory=list)
    pieces: asyncio.Queue[bytes | None] = field(factory=asyncio.Queue)

    async def run(self) -> None:
        """Answer, and send the pieces.

        Raises:
            ChatRefused: there is no answer, and nothing has been sent.
        """
        answering = asyncio.ensure_future(self._answer())
        try:
            while (piece := await self._next()) is not None:
                await self._send(piece)
            try:
                await answering
            except ChatRefused as refused:
                if not self.begun:
                    raise
                await self._send(b"data: %b\n\n" % _encode(refused.body))
            await self.send(_body(b"", more=False))
        finally:
            answering.cancel()
            with suppress(BaseException):
                await answering

    async def _answer(self) -> None:
        answering, put = self.answering, self.pieces.put_nowait
        try:
            held = answering.asked.options.answer_schema is not None  # nothing is sent before it is valid
            reply = await take_turn(self.request, answering.asked, self._tell, None if held else self._say)
            heard = "".join(self.said)
            if reply.text != heard:  # text that was not streamed is sent as a whole
                self._say(reply.text.removeprefix(heard) if reply.text.startswith(heard) else f"\n\n{reply.text}")
            if reply.refused:
                put(answering.chunk({"refusal": reply.text}))
            for index, use in enumerate(reply.client_calls.uses if reply.client_calls is not None else ()):
                put(answering.chunk({"tool_calls": [{"index": index, **call_of(use)}]}))
            put(answering.chunk({}, reply.finish, agenthost=answering.details(reply)))
            if answering.asked.usage:
                put(answering.event({"choices": [], "usage": usage_of(reply)}))
            put(b"data: [DONE]\n\n")
        finally:
            put(None)

    def _tell(self, event: dict[str, Any]) -> None:
        if self.answering.asked.tools:
            self.answering.happened.append(event)
            self.pieces.put_nowait(self.answering.chunk({}, agenthost=event))

    def _say(self, text: str) -> None:
        self.said.append(text)
        self.pieces.put_nowait(self.answering.chunk({"content": text}))

    async def _next(self) -> bytes | None:
        try:
            return await asyncio.wait_for(self.pieces.get(), _ALIVE)
        except TimeoutError:
            return b": alive\n\n"

    async def _send(self, piece: bytes) -> None:
        if not self.begun:
            self.begun = True
            start: Any = {"type": "http.response.start", "status": 200, "headers": [*self.headers, _EVENTS]}
            await self.send(start)
            await self.send(_body(self.answering.chunk({"role": "assistant", "content": ""})))
        await self.send(_body(piece))


def _body(piece: bytes, *, more: bool = True) -> Any:
    return {"type": "http.response.body", "body": piece, "more_body": more}
