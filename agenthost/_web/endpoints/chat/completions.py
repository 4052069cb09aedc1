"""``/v1``: agents in text, in the form of OpenAI's API, for its clients.

The agent is the model's name. ``POST /v1/chat/completions`` answers a turn, at once or as a stream of events. ``GET
/v1/models`` lists the agents. The password of the host is the API key; HTTP Basic is accepted too.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import define, field

from agenthost._error_words import message_of
from agenthost._host.telemetry.failures import new_error_id
from agenthost._web.endpoints.chat.requests import CONVERSATION, ChatRefused, opened, read
from agenthost._web.request.answers import NO_STORE, send_bytes
from agenthost._web.request.requests import Disconnected, Refused
from agenthost.conversation.turns import Escalated, Routed, Said, ToolEnded, ToolStarted, event_as_json
from agenthost.errors import (
    AgentHostError,
    ConversationRefused,
    ModelError,
    ModelUnavailable,
    StateRefused,
    StateUnavailable,
)
from agenthost.tools.swaig import MalformedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from litestar.types import Receive, Send

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.endpoints.chat.requests import Asked
    from agenthost._web.request.site import Request
    from agenthost.conversation.turns import Event, Reply

__all__ = ["PATHS", "PREFIX", "serve"]

PREFIX = "/v1/"
_COMPLETIONS = "/v1/chat/completions"
_MODELS = "/v1/models"
PATHS = (_COMPLETIONS, _MODELS)
"""The beginnings of paths with an endpoint."""
_EVENTS = (b"content-type", b"text/event-stream")
_ALIVE = 15.0
"""Seconds of silence after which a stream sends a keep-alive comment."""
_SHOWN = (Escalated, Routed, ToolEnded, ToolStarted)
"""Events of a turn for clients that show more than words."""
_FAULTS: tuple[tuple[type[Exception], int, str], ...] = (
    (ConversationRefused, 400, "conversation_refused"),
    (StateRefused, 400, "conversation_refused"),
    (StateUnavailable, 503, "state_unavailable"),
    (ModelUnavailable, 503, "model_unavailable"),
    (ModelError, 502, "model_error"),
    (AgentHostError, 502, "no_answer"),
)
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("agenthost.web")


@define
class _Answering:
    """An answer in progress."""

    asked: Asked
    id: str = field(factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(factory=lambda: int(time.time()))
    happened: list[dict[str, Any]] = field(factory=list)

    def whole(self, reply: Reply) -> dict[str, Any]:
        message = {"role": "assistant", "content": reply.text, "refusal": reply.text if reply.refused else None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
        head = {"id": self.id, "object": "chat.completion", "created": self.created, "model": self.asked.agent}
        return {**head, "choices": [choice], "usage": _usage(reply), "agenthost": self.details(reply)}

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self.event({"choices": [choice], **more})

    def event(self, more: Mapping[str, Any]) -> bytes:
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.asked.agent}
        return b"data: %b\n\n" % _encode({**head, **more})

    def details(self, reply: Reply) -> dict[str, Any]:
        """Return the data of a reply without its text."""
        told: dict[str, Any] = {
            "conversation": self.asked.conversation,
            "agent": reply.agent,
            "path": list(reply.path),
            "handed_to": reply.handed_to,
            "escalate": reply.escalate,
            "confidence": reply.confidence,
        }
        return told | ({"events": self.happened} if self.asked.tools else {})


async def serve(request: Request, path: str, send: Send) -> None:
    """Answer a request below ``/v1/``."""
    method = request.scope["method"]
    methods = {_COMPLETIONS: ("POST", "OPTIONS"), _MODELS: ("GET", "HEAD", "OPTIONS")}.get(
        path, ("GET", "HEAD", "OPTIONS") if path.startswith(f"{_MODELS}/") else ()
    )
    headers: list[tuple[bytes, bytes]] = []
    try:
        if not methods:
            raise ChatRefused(404, "there is no such path.")  # noqa: TRY301 - one form of answer for all
        if method not in methods:
            headers.append((b"allow", ", ".join(methods).encode()))
            raise ChatRefused(405, "this path does not take the method.")  # noqa: TRY301
        if method == "OPTIONS":
            await send_bytes(send, 204, [*request.rules.shared, (b"allow", ", ".join(methods).encode())], b"")
            return
        opens = opened(request)
        if path == _COMPLETIONS:
            await _complete(request, await read(request, opens), send)
        else:
            await send_bytes(
                send, 200, request.rules.json, _encode(_models(filter(opens, request.published.plan.agents), path))
            )
    except ChatRefused as refused:
        body, status = refused.body, refused.status
    except Refused as refused:
        headers += refused.headers
        body, status = ChatRefused(refused.status, refused.sentence or "the request is refused.").body, refused.status
    except MalformedRequest as malformed:
        body, status = ChatRefused(400, f"{malformed}.").body, 400
    else:
        return
    await send_bytes(send, status, [*request.rules.json, *headers], _encode(body))


def _models(agents: Iterable[Mounted], path: str) -> dict[str, Any]:
    """Return agents, or one of them, as models.

    Raises:
        ChatRefused: there is no such agent.
    """
    models = [{"id": agent.key, "object": "model", "created": 0, "owned_by": agent.distribution} for agent in agents]
    if path == _MODELS:
        return {"object": "list", "data": sorted(models, key=lambda model: str(model["id"]))}
    name = path.removeprefix(f"{_MODELS}/")
    found = next((model for model in models if model["id"] == name), None)
    if found is None:
        raise ChatRefused(404, "there is no such agent.", "model_not_found", "model")
    return found


async def _complete(request: Request, asked: Asked, send: Send) -> None:
    answering = _Answering(asked)
    headers = [*request.rules.shared, NO_STORE, (CONVERSATION, asked.conversation.encode("ascii", "replace"))]
    if asked.stream:
        await _stream(request, answering, headers, send)
        return
    turn = _turn(request, answering, answering.happened.append)
    reply = await _while_somebody_waits(turn, request.receive)
    await send_bytes(send, 200, [*headers, (b"content-type", b"application/json")], _encode(answering.whole(reply)))


async def _stream(request: Request, answering: _Answering, headers: list[tuple[bytes, bytes]], send: Send) -> None:
    """Stream an answer. A failure is the last event of a stream that has begun."""
    stream = _Stream(request, answering, headers, send)
    await _while_somebody_waits(stream.run(), request.receive)


@define
class _Stream:
    """A stream of events in progress."""

    request: Request
    answering: _Answering
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
            reply = await _turn(self.request, answering, self._tell, self._say)
            heard = "".join(self.said)
            if reply.text != heard:  # text that was not streamed is sent as a whole
                self._say(reply.text.removeprefix(heard) if reply.text.startswith(heard) else f"\n\n{reply.text}")
            put(answering.chunk({}, reply.finish, agenthost=answering.details(reply)))
            if answering.asked.usage:
                put(answering.event({"choices": [], "usage": _usage(reply)}))
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


async def _turn(
    request: Request,
    answering: _Answering,
    tell: Callable[[dict[str, Any]], object],
    say: Callable[[str], object] | None = None,
) -> Reply:
    """Take one turn.

    Raises:
        ChatRefused: the turn has no answer.
    """
    asked, plan = answering.asked, request.published.plan

    def listen(event: Event) -> None:
        if isinstance(event, Said):
            if say is not None:
                say(event.text)
        elif isinstance(event, _SHOWN):
            tell(event_as_json(event))

    try:
        return await request.site.conversations.say(
            plan, asked.agent, asked.conversation, asked.text, asked.context, listen, asked.history, asked.principal
        )
    except Exception as error:
        raise _refusal(request, asked, error) from error


def _refusal(request: Request, asked: Asked, error: Exception) -> ChatRefused:
    """Return the error response for a turn without an answer."""
    for kind, status, code in _FAULTS:
        if isinstance(error, kind):
            return ChatRefused(status, message_of(error), code)
    if isinstance(error, TimeoutError):
        seconds = request.site.runtime.config.conversation.timeout
        return ChatRefused(504, f"the turn took longer than {seconds:g} s.", "timeout")
    error_id = new_error_id()
    _log.error("a turn with agent %s failed (%s)", asked.agent, error_id, exc_info=error)
    return ChatRefused(500, f"the turn failed ({error_id} in the log).", "internal_error")


async def _while_somebody_waits(work: Coroutine[Any, Any, Any], receive: Receive) -> Any:
    """Run a coroutine, and cancel it when the client disconnects.

    Raises:
        Disconnected: the client disconnected first.
    """
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait([task, leaving], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Disconnected
    finally:
        leaving.cancel()
        if not task.done():
            task.cancel()
            with suppress(BaseException):
                await task


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _usage(reply: Reply) -> dict[str, int]:
    usage = reply.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.tokens,
    }
