"""A scripted language model: a server on loopback with an API of OpenAI's form.

The server answers ``/v1/chat/completions``, streamed or not, ``/v1/embeddings`` and ``/v1/models``, and fails in every
way that servers do. The clients are real: the openai package, or the model ``openai`` of ``agenthost.toml``.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from weakref import WeakSet

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

__all__ = ["Breaks", "Calls", "Fails", "Hangs", "Says", "ScriptedModel", "Sends", "Step", "end_all", "stop_accepting"]

_WAIT = 10.0
_STATUS = {200: "OK", 404: "Not Found"}


@frozen
class Says:
    """An answer in words.

    Args:
        text: its words.
        after: seconds before the first of them.
        pause: seconds before each of the others.
    """

    text: str
    after: float = 0.0
    pause: float = 0.0


@frozen
class Calls:
    """A tool call.

    Args:
        tool: the name of the tool, which need not exist.
        arguments: the arguments. Text is sent as it is, and need not be JSON.
        after: seconds before the answer.
    """

    tool: str
    arguments: Mapping[str, Any] | str = field(factory=dict)
    after: float = 0.0


@frozen
class Fails:
    """An error response.

    Args:
        status: the HTTP status.
        retry_after: the header ``Retry-After``.
        message: the message of the error.
        code: the code of the error.
    """

    status: int
    retry_after: str | None = None
    message: str = "the request is refused"
    code: str | None = None


@frozen
class Sends:
    """A response of status 200 with any body, such as one that is not JSON.

    Args:
        body: the body.
        content_type: its type.
    """

    body: bytes
    content_type: str = "application/json"


@frozen
class Breaks:
    """A stream that breaks off.

    Args:
        text: the words before.
        cleanly: whether the server ends the stream properly instead of cutting the connection.
    """

    text: str
    cleanly: bool = False


@frozen
class Hangs:
    """No response until the client disconnects."""


Step: TypeAlias = Says | Calls | Fails | Sends | Breaks | Hangs
"""The response to one request."""


class ScriptedModel:
    """A server that goes through a script, one step for each request to ``/v1/chat/completions``.

    Use it in a ``with`` block. It serves on a thread of its own.

    Args:
        script: the steps, in order. A function takes the request's body and returns the step.
        then: the step after the end of the script. Defaults to HTTP 500.
        embed: returns the vector of a text, for ``/v1/embeddings``. Defaults to hashes of its words.
    """

    def __init__(
        self,
        *script: Step | Callable[[dict[str, Any]], Step],
        then: Step | Callable[[dict[str, Any]], Step] | None = None,
        embed: Callable[[str], list[float]] | None = None,
    ) -> None:
        self._script = list(script)
        self._then = then
        self._embed = embed or _embedded
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-model", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: WeakSet[asyncio.StreamWriter] = WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()
        self.requests: list[dict[str, Any]] = []
        """The bodies of the requests so far."""
        self.keys: list[str] = []
        """Their ``Authorization`` headers."""
        self.disconnected = threading.Event()
        """Set when a client has disconnected before the end of its answer."""

    @property
    def url(self) -> str:
        """The base URL, with ``/v1``."""
        if self._server is None:
            msg = "the scripted model serves inside its with block"
            raise RuntimeError(msg)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(_WAIT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_WAIT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_WAIT)
        self._loop.close()

    async def _close(self) -> None:
        if self._server is not None:
            await stop_accepting(self._server)
        await end_all(self._connections)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer in a task.

        One that is cancelled before it begins closes nothing, so the end closes what is open.
        """
        self._connections.add(writer)
        answering = self._loop.create_task(self._answer(reader, writer))
        self._tasks.add(answering)
        answering.add_done_callback(self._tasks.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:  # at the end: Python 3.11 would log that the connection was cancelled
            pass
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request, and return True if the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
        body = json.loads(await reader.readexactly(int(length[1])) or b"{}") if length else {}
        path = head.split(" ", 2)[1]
        if path.endswith("/models"):
            return await _send(writer, 200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        if path.endswith("/embeddings"):
            return await _send(writer, 200, self._embeddings(body))
        if not path.endswith("/chat/completions"):
            return await _send(writer, 404, {"error": {"message": f"there is nothing at {path}"}})
        key = re.search(r"^authorization: *(.*)$", head, re.IGNORECASE | re.MULTILINE)
        with self._lock:
            self.requests.append(body)
            self.keys.append(key[1].strip() if key else "")
            step = self._script.pop(0) if self._script else self._then or Fails(500, message="the script has ended")
        if not isinstance(step, (Says, Calls, Fails, Sends, Breaks, Hangs)):
            step = step(body)
        acting = asyncio.ensure_future(_act(step, body, writer))
        leaving = asyncio.ensure_future(reader.read(1))
        await asyncio.wait([acting, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not acting.done():
            acting.cancel()
            self.disconnected.set()
        leaving.cancel()
        await asyncio.gather(acting, leaving, return_exceptions=True)
        return False

    def _embeddings(self, body: Mapping[str, Any]) -> dict[str, Any]:
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [{"object": "embedding", "index": n, "embedding": self._embed(text)} for n, text in enumerate(texts)]
        return {"object": "list", "data": data, "model": "scripted", "usage": {"prompt_tokens": 1, "total_tokens": 1}}


async def stop_accepting(server: asyncio.Server) -> None:
    """Close a server without leaking what it has just accepted, as asyncio alone does."""
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        loop.remove_reader(listener.fileno())
    await asyncio.sleep(0)
    server.close()


async def end_all(connections: Iterable[asyncio.StreamWriter]) -> None:
    """Cancel all other tasks of this loop, and close the connections that they leave open."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    for connection in tuple(connections):
        connection.transport.abort()
    await asyncio.sleep(0)  # their sockets are closed in the next turn


async def _act(step: Step, body: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
    """Send the response of a step."""
    if isinstance(step, Hangs):
        await asyncio.Event().wait()
    elif isinstance(step, Fails):
        more = {} if step.retry_after is None else {"retry-after": step.retry_after}
        error = {"message": step.message, "type": "server_error", "param": None, "code": step.code}
        await _send(writer, step.status, {"error": error}, more)
    elif isinstance(step, Sends):
        await _send_bytes(writer, 200, step.body, {"content-type": step.content_type})
    elif isinstance(step, Breaks):
        await _stream(writer, _pieces(step.text), None)
        if step.cleanly:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        else:
            writer.transport.abort()
    else:
        await asyncio.sleep(step.after)
        await (_stream_whole if body.get("stream") else _send_whole)(step, body, writer)


async def _stream_whole(step: Says | Calls, body: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
    finish = "stop" if isinstance(step, Says) else "tool_calls"
    pieces = _pieces(step.text) if isinstance(step, Says) else [{"tool_calls": [{"index": 0, **_call(step)}]}]
    await _stream(writer, pieces, finish, step.pause if isinstance(step, Says) else 0.0)
    if (body.get("stream_options") or {}).get("include_usage"):
        await _write(writer, {**_chunk({}, None), "choices": [], "usage": _usage(step)})
    writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    await writer.drain()


async def _send_whole(step: Says | Calls, _: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
    message: dict[str, Any] = {"role": "assistant", "content": step.text if isinstance(step, Says) else None}
    if isinstance(step, Calls):
        message["tool_calls"] = [_call(step)]
    finish = "stop" if isinstance(step, Says) else "tool_calls"
    whole = {"id": "scripted", "object": "chat.completion", "created": 0, "model": "scripted", "usage": _usage(step)}
    await _send(writer, 200, {**whole, "choices": [{"index": 0, "message": message, "finish_reason": finish}]})


async def _stream(
    writer: asyncio.StreamWriter, pieces: list[dict[str, Any]], finish: str | None, pause: float = 0.0
) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
    for number, piece in enumerate(pieces):
        if number:
            await asyncio.sleep(pause)
        await _write(writer, _chunk(piece, None))
    if finish is not None:
        await _write(writer, _chunk({}, finish))


async def _write(writer: asyncio.StreamWriter, event: Mapping[str, Any]) -> None:
    data = f"data: {json.dumps(event)}\n\n".encode()
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))
    await writer.drain()


async def _send(
    writer: asyncio.StreamWriter, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> bool:
    typed = {"content-type": "application/json", **(headers or {})}
    await _send_bytes(writer, status, json.dumps(body).encode(), typed)
    return False


async def _send_bytes(writer: asyncio.StreamWriter, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} {_STATUS.get(status, 'Status')}\r\n{lines}content-length: {len(body)}\r\n"
    writer.write(f"{head}connection: close\r\n\r\n".encode("latin-1") + body)
    await writer.drain()


def _chunk(delta: Mapping[str, Any], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    return {
        "id": "scripted",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [choice],
    }


def _pieces(text: str) -> list[dict[str, Any]]:
    return [{"content": word} for word in re.findall(r"\S+\s*|\s+", text)]


def _call(step: Calls) -> dict[str, Any]:
    written = step.arguments if isinstance(step.arguments, str) else json.dumps(step.arguments)
    return {"id": f"call-{step.tool}", "type": "function", "function": {"name": step.tool, "arguments": written}}


def _usage(step: Says | Calls) -> dict[str, int]:
    words = len(step.text.split()) if isinstance(step, Says) else 1
    return {"prompt_tokens": 10, "completion_tokens": words, "total_tokens": 10 + words}


def _embedded(text: str) -> list[float]:
    """Return a vector of length 1 in which texts with common words are near."""
    vector = [0.0] * 64
    for word in re.findall(r"\w+", text.casefold()):
        digest = hashlib.blake2b(word.encode(), digest_size=2).digest()
        vector[digest[0] % 64] += 1.0 if digest[1] % 2 else -1.0
    length = sum(value * value for value in vector) ** 0.5
    return [value / length for value in vector] if length else vector
