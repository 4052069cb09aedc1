"""``/v1``: agents in text, in the form of OpenAI's API, so that its clients are clients of a host.

The agent is the model's name. ``POST /v1/chat/completions`` answers a turn, at once or as a stream of events;
``GET /v1/models`` lists the agents. The password of the host is the API key; HTTP Basic is taken too.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import define, field, frozen

from agenthost._host.conversations import new_conversation
from agenthost._web.answers import NO_STORE, send_bytes
from agenthost._web.requests import BASIC, Disconnected, Refused, authorised, read_body
from agenthost.errors import (
    AgentHostError,
    ConversationRefused,
    ModelError,
    ModelUnavailable,
    StateRefused,
    StateUnavailable,
)
from agenthost.models import Message
from agenthost.swaig import MalformedRequest, decode_object
from agenthost.workflows.turns import Escalated, Routed, Said, ToolEnded, ToolStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from litestar.types import Receive, Send

    from agenthost._web.site import Request
    from agenthost.workflows.turns import Event, Reply

__all__ = ["PATHS", "PREFIX", "serve"]

PREFIX = "/v1/"
CONVERSATION = b"agenthost-conversation"
"""The header that names a conversation, in requests and answers."""

_COMPLETIONS = "/v1/chat/completions"
_MODELS = "/v1/models"
PATHS = (_COMPLETIONS, _MODELS)
"""What the paths begin with at which something is answered."""
_EVENTS = (b"content-type", b"text/event-stream")
_ALIVE = 15.0
"""Seconds of silence after which a stream says that it is alive."""
_ROLES = {"user": "user", "assistant": "assistant"}
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


class _Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """An error in the form of OpenAI's.

    Args:
        status: the HTTP status.
        message: what is wrong.
        code: the error's code.
        param: the field that is wrong.
    """

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        kind = "invalid_request_error" if status < 500 else "server_error"  # noqa: PLR2004 - HTTP's
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


@frozen
class _Asked:
    """One request for an answer.

    Args:
        agent: the agent's key.
        conversation: which conversation.
        text: what the person says.
        context: what is known beside it.
        history: what was said before, where the client keeps it; None where the host does.
        stream: whether the answer comes in pieces.
        usage: whether a stream ends with what the answer cost.
        tools: whether the answer tells which tools were called.
    """

    agent: str
    conversation: str
    text: str
    context: Mapping[str, Any]
    history: tuple[Message, ...] | None
    stream: bool
    usage: bool
    tools: bool


@define
class _Answering:
    """An answer on its way."""

    asked: _Asked
    id: str = field(factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(factory=lambda: int(time.time()))
    happened: list[dict[str, Any]] = field(factory=list)

    def whole(self, reply: Reply) -> dict[str, Any]:
        message = {"role": "assistant", "content": reply.text}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        head = {"id": self.id, "object": "chat.completion", "created": self.created, "model": self.asked.agent}
        return {**head, "choices": [choice], "usage": _usage(reply), "agenthost": self.told(reply)}

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self.event({"choices": [choice], **more})

    def event(self, more: Mapping[str, Any]) -> bytes:
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.asked.agent}
        return b"data: %b\n\n" % _encode({**head, **more})

    def told(self, reply: Reply) -> dict[str, Any]:
        """What a reply says beside its words."""
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
    site, method = request.site, request.scope["method"]
    methods = {_COMPLETIONS: ("POST", "OPTIONS"), _MODELS: ("GET", "HEAD", "OPTIONS")}.get(
        path, ("GET", "HEAD", "OPTIONS") if path.startswith(f"{_MODELS}/") else ()
    )
    headers: list[tuple[bytes, bytes]] = []
    try:
        if not methods:
            raise _Refused(404, f"there is nothing at {path}.")  # noqa: TRY301 - one form of answer for all
        if method not in methods:
            headers.append((b"allow", ", ".join(methods).encode()))
            raise _Refused(405, f"{path} does not take {method}.")  # noqa: TRY301
        if method == "OPTIONS":
            await send_bytes(send, 204, [*site.shared, (b"allow", ", ".join(methods).encode())], b"")
            return
        own = [pair for pairs in request.published.pairs.values() for pair in pairs]
        _authorise(request, (*site.pairs, *(own if path == _COMPLETIONS else ())))
        if path == _COMPLETIONS:
            await _complete(request, await _read(request), send)
        else:
            await send_bytes(send, 200, site.json, _encode(_models(request, path)))
    except _Refused as refused:
        body, status = refused.body, refused.status
    except Refused as refused:
        headers += refused.headers
        body, status = _Refused(refused.status, refused.sentence or "the request is refused.").body, refused.status
    except MalformedRequest as malformed:
        body, status = _Refused(400, f"{malformed}.").body, 400
    else:
        return
    await send_bytes(send, status, [*site.json, *headers], _encode(body))


def _authorise(request: Request, pairs: Iterable[bytes]) -> None:
    """Whether the caller may be here: by HTTP Basic with one of some pairs, or Bearer with the password of one.

    Raises:
        Refused: 401; 429 for one who has failed too often.
    """
    header = request.head.authorization or b""
    scheme, _, key = header.partition(b" ")
    if scheme.lower() == b"bearer":
        opened = any([hmac.compare_digest(key.strip(), pair.partition(b":")[2]) for pair in pairs])  # noqa: C419 - all
    else:
        opened = authorised(header, *pairs)
    if opened:
        return
    if header:
        request.site.failed_logins.count(request.site.proxies.forwarded(request.scope).client)
    raise Refused(401, "the API key is wrong: it is the password of the host, or the agent's own.", BASIC)


def _models(request: Request, path: str) -> dict[str, Any]:
    """The agents, or one of them, as models.

    Raises:
        _Refused: there is no such agent.
    """
    models = [
        {"id": agent.key, "object": "model", "created": 0, "owned_by": agent.distribution}
        for agent in request.published.plan.agents
    ]
    if path == _MODELS:
        return {"object": "list", "data": sorted(models, key=lambda model: str(model["id"]))}
    name = path.removeprefix(f"{_MODELS}/")
    found = next((model for model in models if model["id"] == name), None)
    if found is None:
        raise _Refused(404, f"there is no agent {name!r}.", "model_not_found", "model")
    return found


async def _read(request: Request) -> _Asked:
    """What is asked for.

    Raises:
        _Refused: it cannot be answered.
    """
    most = request.site.most
    request.head.check_body(most)
    body = decode_object(await read_body(request.receive, most))  # unsigned: no platform sends it
    name = body.get("model")
    agent = request.published.plan.find(name) if isinstance(name, str) else None
    if agent is None:
        known = ", ".join(sorted(each.key for each in request.published.plan.agents)) or "none"
        raise _Refused(404, f"there is no agent {name!r}; model is one of: {known}.", "model_not_found", "model")
    _authorise(request, request.published.pairs.get(agent.route) or request.site.pairs)
    if body.get("n") not in (None, 1):
        raise _Refused(400, "an agent gives one answer: leave n out.", None, "n")
    if body.get("tools"):
        raise _Refused(400, "an agent has tools of its own: leave tools out.", None, "tools")
    metadata = _object(body, "metadata")
    conversation = _named_conversation(request, metadata)
    said, instructions = _messages(body.get("messages"))
    if not said or said[-1].role != "user":
        raise _Refused(400, "the last of messages must be the user's.", None, "messages")
    shown = metadata.get("tools")
    context = {"instructions_of_the_client": "\n".join(instructions)} if instructions else {}
    return _Asked(
        agent=agent.key,
        conversation=conversation or new_conversation(),
        text=said[-1].content,
        context={**context, **_context(metadata)},
        history=None if conversation else tuple(said[:-1]),
        stream=body.get("stream") is True,
        usage=_object(body, "stream_options").get("include_usage") is True,
        tools=request.site.runtime.config.conversation.show_tools if shown is None else shown == "shown",
    )


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise _Refused(400, f"{name} must be an object.", None, name)
    return value or {}


def _named_conversation(request: Request, metadata: Mapping[str, Any]) -> str | None:
    """The conversation that a header or ``metadata.conversation`` names."""
    header = next((value.decode("latin-1") for name, value in request.scope["headers"] if name == CONVERSATION), None)
    named = header or metadata.get("conversation")
    if named is not None and not isinstance(named, str):
        raise _Refused(400, "metadata.conversation must be a string.", None, "metadata")
    return named or None


def _context(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """``metadata.context``: an object, or one that is written as text, as OpenAI's clients want it."""
    context = metadata.get("context")
    if isinstance(context, str):
        with suppress(ValueError):
            context = json.loads(context)
    if context is not None and not isinstance(context, dict):
        raise _Refused(400, "metadata.context must be a JSON object.", None, "metadata")
    return context or {}


def _messages(messages: Any) -> tuple[list[Message], list[str]]:
    """What was said, and what the client would have instructions be: to the agent they are data.

    Raises:
        _Refused: they are none.
    """
    if not isinstance(messages, list) or not messages:
        raise _Refused(400, "messages must be a list with at least one message.", None, "messages")
    said: list[Message] = []
    instructions: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        text = _text(message.get("content")) if isinstance(message, dict) else None
        if text is None or not isinstance(role, str):
            raise _Refused(400, f"messages[{number}] must have a role and text.", None, "messages")
        if role in ("system", "developer"):
            instructions.append(text)
        elif role in _ROLES and text:
            said.append(Message("user" if role == "user" else "assistant", text))
    return said, instructions


def _text(content: Any) -> str | None:
    """The text of a message, which may come in parts."""
    if content is None:
        return ""
    if isinstance(content, list):
        parts = [
            part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in content
        ]
        return "".join(str(part) for part in parts) if None not in parts else None
    return content if isinstance(content, str) else None


async def _complete(request: Request, asked: _Asked, send: Send) -> None:
    answering = _Answering(asked)
    headers = [*request.site.shared, NO_STORE, (CONVERSATION, asked.conversation.encode("ascii", "replace"))]
    if asked.stream:
        await _stream(request, answering, headers, send)
        return
    turn = _turn(request, answering, answering.happened.append)
    reply = await _while_somebody_waits(turn, request.receive)
    await send_bytes(send, 200, [*headers, (b"content-type", b"application/json")], _encode(answering.whole(reply)))


async def _stream(request: Request, answering: _Answering, headers: list[tuple[bytes, bytes]], send: Send) -> None:
    """Send an answer as it comes; a failure is the last event of a stream that has begun."""
    stream = _Stream(request, answering, headers, send)
    await _while_somebody_waits(stream.run(), request.receive)


@define
class _Stream:
    """A stream of events on its way."""

    request: Request
    answering: _Answering
    headers: list[tuple[bytes, bytes]]
    send: Send
    begun: bool = False
    said: list[str] = field(factory=list)
    pieces: asyncio.Queue[bytes | None] = field(factory=asyncio.Queue)

    async def run(self) -> None:
        """Answer, and send what there is of it.

        Raises:
            _Refused: there is no answer, and nothing has been sent.
        """
        answering = asyncio.ensure_future(self._answer())
        try:
            while (piece := await self._next()) is not None:
                await self._send(piece)
            try:
                await answering
            except _Refused as refused:
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
            if reply.text != heard:  # what nobody streams comes as a whole
                self._say(reply.text.removeprefix(heard) if reply.text.startswith(heard) else f"\n\n{reply.text}")
            put(answering.chunk({}, "stop", agenthost=answering.told(reply)))
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
    """One turn.

    Raises:
        _Refused: it has no answer.
    """
    asked, plan = answering.asked, request.published.plan

    def listen(event: Event) -> None:
        if isinstance(event, Said):
            if say is not None:
                say(event.text)
        elif (happened := _told(event)) is not None:
            tell(happened)

    try:
        return await request.site.conversations.say(
            plan, asked.agent, asked.conversation, asked.text, asked.context, listen, asked.history
        )
    except Exception as error:
        raise _refusal(request, asked, error) from error


def _refusal(request: Request, asked: _Asked, error: Exception) -> _Refused:
    """What a client is told of a turn that has no answer."""
    for kind, status, code in _FAULTS:
        if isinstance(error, kind):
            return _Refused(status, str(error), code)
    if isinstance(error, TimeoutError):
        seconds = request.site.runtime.config.conversation.timeout
        return _Refused(504, f"the turn took longer than {seconds:g} s.", "timeout")
    error_id = f"e-{secrets.token_hex(6)}"
    _log.error("a turn with agent %s failed (%s)", asked.agent, error_id, exc_info=error)
    return _Refused(500, f"the turn failed ({error_id} in the log).", "internal_error")


def _told(event: Event) -> dict[str, Any] | None:
    """An event other than words, for clients that want to see it."""
    if isinstance(event, ToolStarted):
        return {"event": "tool_started", "agent": event.agent, "tool": event.tool, "arguments": dict(event.arguments)}
    if isinstance(event, ToolEnded):
        ended = {"event": "tool_ended", "agent": event.agent, "tool": event.tool}
        return {**ended, "result": event.result, "failed": event.failed}
    if isinstance(event, Routed):
        routed = {"event": "routed", "workflow": event.workflow, "agent": event.agent}
        return {**routed, "reason": event.reason, "confidence": event.confidence}
    if isinstance(event, Escalated):
        return {
            "event": "escalated",
            "workflow": event.workflow,
            "agent": event.agent,
            "to": event.to,
            "reason": event.reason,
        }
    return None


async def _while_somebody_waits(work: Coroutine[Any, Any, Any], receive: Receive) -> Any:
    """Do something until the client leaves: then it is cancelled.

    Raises:
        Disconnected: the client left first.
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
