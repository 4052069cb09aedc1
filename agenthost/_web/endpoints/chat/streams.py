"""An answer as a stream of events."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, evolve, field

from agenthost._web.endpoints.chat.refusals import ChatRefused
from agenthost._web.endpoints.chat.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.types import Send

    from agenthost._host.identity.turns import TakenTurn
    from agenthost._web.endpoints.chat.requests import Asked
    from agenthost._web.request.site import Request
    from agenthost.conversation.turns import Reply

__all__ = ["Form", "Stream"]

_EVENTS = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
"""Headers of a stream. The second lets nginx pass each event on at once."""
_ALIVE = 15.0
"""Seconds of silence after which a stream sends a keep-alive comment."""


class Form(Protocol):
    """The form of a stream."""

    def begin(self) -> Sequence[bytes]:
        """Return the first pieces."""

    def words(self, text: str) -> Sequence[bytes]:
        """Return the pieces for words."""

    def note(self, event: dict[str, Any]) -> Sequence[bytes]:
        """Note an event besides words, and return its pieces."""

    async def end(self, reply: Reply) -> Sequence[bytes]:
        """Return the last pieces."""

    def failed(self, refused: ChatRefused) -> Sequence[bytes]:
        """Return the last pieces if the stream has begun and has no end."""


@define
class Stream:
    """A stream of events in progress.

    A failure is the last event of a stream that has begun.
    """

    request: Request
    asked: Asked
    turn: TakenTurn
    form: Form
    headers: list[tuple[bytes, bytes]]
    send: Send
    opening: bytes = b""
    begun: bool = False
    said: list[str] = field(factory=list)
    pieces: list[bytes] = field(factory=list)
    """The pieces that wait. They leave in one write."""
    over: bool = False
    """True after the last piece."""
    waiting: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Answer, and send the pieces.

        Raises:
            ChatRefused: there is no answer, and nothing has been sent.
        """
        self.opening = b"".join(self.form.begin())
        answering = asyncio.ensure_future(self._answer())
        try:
            while pieces := await self._next():
                await self._send(pieces)
            try:
                await answering
            except ChatRefused as refused:
                if not self.begun:
                    raise
                await self._send(b"".join(self.form.failed(refused)))
            await self.send(_body(b"", more=False))
        finally:
            answering.cancel()
            with suppress(BaseException):
                await answering

    async def _answer(self) -> None:
        try:
            held = self.asked.options.answer_schema is not None  # nothing is sent before it is valid
            say = None if held else self._say
            reply = await take_turn(self.request, self.asked, self.turn, self._note, say)
            heard = "".join(self.said)
            if reply.text and heard.endswith(reply.text):  # perhaps after the words of agents before the last
                reply = evolve(reply, text=heard)
            elif reply.text != heard:  # text that was not streamed is sent as a whole
                self._say(reply.text.removeprefix(heard) if reply.text.startswith(heard) else f"\n\n{reply.text}")
            self._put(await self.form.end(reply))
        finally:
            self.over = True
            self._wake()

    def _put(self, pieces: Sequence[bytes]) -> None:
        self.pieces += pieces
        if pieces:
            self._wake()

    def _wake(self) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)

    def _note(self, event: dict[str, Any]) -> None:
        self._put(self.form.note(event))

    def _say(self, text: str) -> None:
        self.said.append(text)
        self._put(self.form.words(text))

    async def _next(self) -> bytes:
        """Return the next pieces, all that wait.

        After a silence, it is a comment, and at the end, nothing.

        A future and a timer cost a fifth of ``wait_for``, which a stream would pay for each word.
        """
        if not self.pieces and not self.over:
            loop = asyncio.get_running_loop()
            self.waiting = loop.create_future()
            timer = loop.call_later(_ALIVE, self._wake)
            try:
                await self.waiting
            finally:
                timer.cancel()
        if self.pieces:
            pieces = b"".join(self.pieces)
            self.pieces.clear()
            return pieces
        return b"" if self.over else b": alive\n\n"

    async def _send(self, pieces: bytes) -> None:
        if not self.begun:
            self.begun = True
            start: Any = {"type": "http.response.start", "status": 200, "headers": [*self.headers, *_EVENTS]}
            await self.send(start)
            pieces = self.opening + pieces
        await self.send(_body(pieces))


def _body(piece: bytes, *, more: bool = True) -> Any:
    return {"type": "http.response.body", "body": piece, "more_body": more}
