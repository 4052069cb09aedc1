"""The relay of requests from the process that receives them to the one that answers.

Each request has a connection of its own to a Unix socket in a private directory. Bodies pass through part by part in
both directions, and each process reads no faster than the other can.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from attrs import define

from agenthost._host.operations.control_socket import is_same_user
from agenthost._web.older.channel import Begun, Channel, Disconnected, Lost, Opened, Part, Taken, parts_of
from agenthost._web.request.answers import RETRY, send_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from litestar.types import HTTPScope, Receive, Scope, Send

__all__ = ["TAKEN_WITHIN", "answering", "hand_over"]

TAKEN_WITHIN = 10.0
"""Seconds in which the other process must have begun to handle a request."""
_OPENED_WITHIN = 10.0
"""Timeout of the first message of a connection, in seconds."""
_CLOSED_WITHIN = 5.0
"""Seconds in which the other process must have read the answer."""

_log = logging.getLogger("agenthost.workers")


async def hand_over(
    path: str, key: bytes, scope: HTTPScope, receive: Receive, send: Send, *, within: float = TAKEN_WITHIN
) -> bool:
    """Let the process that listens at ``path`` answer a request (ASGI).

    If it has not taken the request within some seconds, nothing of the body has been read. If it ends before it
    answers, the answer is 503: it may have run a tool that must not run twice.

    Returns:
        True if it has taken the request.
    """
    answer = _Answer(send)
    with ExitStack() as closing:
        try:
            channel = await _taken(path, key, scope, within)
            if channel is None:
                return False
            closing.callback(channel.close)
            closing.callback(asyncio.create_task(_send_body(channel, receive)).cancel)
            await answer.pass_on(channel)
        except Lost:
            await answer.give_up("the process of this call's generation has ended")
        except asyncio.CancelledError:  # the host has to stop before the other process has answered
            await answer.give_up("the host is stopping")
    return True


@define
class _Answer:
    """The answer of the other process, on its way to the client."""

    _send: Send
    _begun: bool = False

    async def pass_on(self, channel: Channel) -> None:
        """Send the answer part by part.

        Raises:
            Lost: it does not arrive whole.
        """
        while True:
            match await channel.receive():
                case Begun(status, headers):
                    self._begun = True
                    await self._send({"type": "http.response.start", "status": status, "headers": headers})
                case Part(body, more):
                    await self._send({"type": "http.response.body", "body": body, "more_body": more})
                    if not more:
                        return
                case _:
                    raise Lost

    async def give_up(self, sentence: str) -> None:
        """Answer 503, unless a part has been sent. The server breaks such an answer off."""
        if not self._begun:
            await send_error(self._send, 503, sentence, RETRY)


async def _taken(path: str, key: bytes, scope: HTTPScope, within: float) -> Channel | None:
    """Open a request at another process, and return the channel once it has taken it."""
    channel, taken = None, False
    try:
        async with asyncio.timeout(within):
            channel = Channel(*await asyncio.open_unix_connection(path))
            await channel.send(_opened(scope, key))
            taken = await channel.receive() == Taken()
    except (OSError, TimeoutError, Lost) as error:
        _log.debug("%s: no process takes the request: %r", path, error)
    finally:
        if channel is not None and not taken:
            channel.close()
    return channel if taken else None


def _opened(scope: HTTPScope, key: bytes) -> Opened:
    return Opened(
        key,
        scope["method"],
        scope["scheme"],
        scope["path"],
        scope["raw_path"],
        scope["query_string"],
        scope.get("root_path", ""),
        scope["http_version"],
        [(name, value) for name, value in scope["headers"]],
        scope["client"],
        scope["server"],
    )


async def _send_body(channel: Channel, receive: Receive) -> None:
    """Send the request's body, and then the end of its client's connection."""
    with suppress(Lost):  # the missing answer shows it
        while True:
            message: Any = await receive()
            if message["type"] != "http.request":
                await channel.send(Disconnected())
                return
            for part in parts_of(message.get("body", b""), more=message.get("more_body", False)):
                await channel.send(part)


@asynccontextmanager
async def answering(
    path: str, key: bytes, app: Callable[[Scope, Receive, Send], Awaitable[None]], running: set[asyncio.Task[None]]
) -> AsyncIterator[None]:
    """Answer requests of other processes at ``path`` during the block.

    ``app`` is an application (ASGI). ``running`` has the tasks of requests in progress, which may outlast the block.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: Any = asyncio.current_task()
        running.add(task)
        task.add_done_callback(running.discard)
        channel = Channel(reader, writer)
        try:
            if is_same_user(writer.get_extra_info("socket")):
                await _answer(channel, key, app)
        except (Lost, TimeoutError):
            pass
        finally:
            channel.close()

    server = await asyncio.start_unix_server(answer, path)
    try:
        yield
    finally:
        server.close()


async def _answer(channel: Channel, key: bytes, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
    async with asyncio.timeout(_OPENED_WITHIN):
        opened = await channel.receive()
    if not isinstance(opened, Opened) or not hmac.compare_digest(opened.key, key):
        return
    await channel.send(Taken())
    complete = gone = answered = False

    async def receive() -> Any:
        nonlocal complete, gone
        message = None if gone else await _next(channel)
        if complete or not isinstance(message, Part):
            gone = True
            return {"type": "http.disconnect"}
        complete = not message.more
        return {"type": "http.request", "body": message.body, "more_body": message.more}

    async def send(message: Any) -> None:
        nonlocal answered
        answered = message["type"] == "http.response.body" and not message.get("more_body", False)
        with suppress(Lost):  # as for a client that has disconnected
            for each in _messages(message):
                await channel.send(each)

    try:
        await app(_scope(opened), receive, send)
    except Exception:  # noqa: BLE001 - the other process notices that there is no answer
        _log.exception("a request of another process failed")
    with suppress(Lost, TimeoutError):
        async with asyncio.timeout(_CLOSED_WITHIN):
            while answered:  # an end with unread messages would take the answer along
                await channel.receive()


async def _next(channel: Channel) -> object:
    try:
        return await channel.receive()
    except Lost:
        return None


def _messages(message: Any) -> Iterable[Begun | Part]:
    if message["type"] == "http.response.start":
        return [Begun(message["status"], [(bytes(name), bytes(value)) for name, value in message.get("headers", ())])]
    return parts_of(bytes(message.get("body", b"")), more=message.get("more_body", False))


def _scope(opened: Opened) -> HTTPScope:
    names = ("method", "scheme", "path", "raw_path", "query_string", "root_path", "http_version", "headers")
    told: dict[str, Any] = {name: getattr(opened, name) for name in (*names, "client", "server")}
    return {**told, "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "state": {}}  # type: ignore[typeddict-item]
