"""``openai``: models behind OpenAI's chat completions API, including ollama, vLLM and llama.cpp.

An attempt is repeated as long as no word has arrived, and the whole answer has one time limit: ``openai_api`` has the
connections.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import random
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agenthost import (
    Completion,
    ModelError,
    ModelNonsense,
    ModelRefused,
    ModelUnavailable,
    ToolUse,
    Usage,
    Words,
)
from agenthost.builtin.openai_api.chunks import read_chunk
from agenthost.builtin.openai_api.connection import BrokenOff, Connection, NotReached, Rejected, Unreadable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from agenthost import Message, ModelRequest, ToolSpec
    from agenthost.builtin.openai_api.chunks import CallPiece, Chunk
    from agenthost.builtin.openai_api.settings import OpenAISettings

__all__ = ["OpenAIModel"]

_random = random.SystemRandom()
"""Not the generator of the program: tests of authors repeat what it returns."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
_SERVER_ERROR = 500
_WRONG = frozenset({400, 422})
_LATER = frozenset({408, 409, 429})
_QUOTA = "insufficient_quota"
_MOST_SHOWN = 200
_ANY_OBJECT = {"type": "object"}
"""The schema of an answer that has no other requirement, which more servers support in another form."""
_LENGTHS = ("max_tokens", "max_completion_tokens")
"""Names of the longest answer: servers accept one of them, or both."""
_FINISHES = {"max_tokens": "length", "model_length": "length"}
"""Other servers' names of reasons, with OpenAI's names."""


class _Later(Exception):  # noqa: N818 - a decision
    """A failed attempt that may be repeated.

    ``after`` is a number of seconds to wait, if the server names them.
    """

    def __init__(self, error: ModelError, after: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.after = after


class _Misnamed(Exception):  # noqa: N818 - a decision
    """A rejected attempt that is repeated at once with another name of the longest answer."""

    def __init__(self, error: ModelError | _Later) -> None:
        super().__init__(error)
        self.error = error


class OpenAIModel:
    """A model behind an API of OpenAI's form.

    Args:
        name: the model's name in the configuration.
        settings: the model's section.
    """

    def __init__(self, name: str, settings: OpenAISettings) -> None:
        self.name = name
        self._settings = settings
        self._connection = Connection(settings.url, settings.api_key)
        self._length: str | None = None
        """The name of the longest answer that the server requires, once it has rejected the other one."""

    async def answer(self, request: ModelRequest) -> AsyncIterator[Words | Completion]:
        """Stream an answer, repeating an attempt as long as no word has arrived.

        Raises:
            ModelUnavailable: the server is overloaded, fails, is too slow or cannot be reached.
            ModelRefused: the server rejects the request.
            ModelNonsense: the response cannot be read.
        """
        ends = asyncio.get_running_loop().time() + self._settings.timeout
        attempt, renamed = 0, False
        length = self._length or _LENGTHS[request.counts_reasoning]
        while True:
            heard = False
            pieces = self._attempt(request, ends, length)
            try:
                async for piece in pieces:
                    heard = True
                    self._length = length if renamed else self._length
                    yield piece
            except _Misnamed as misnamed:
                if renamed:
                    raise misnamed.error from misnamed.__cause__
                renamed, length = True, next(name for name in _LENGTHS if name != length)
                continue
            except _Later as later:
                if heard or attempt >= self._settings.retries:
                    raise later.error from later.__cause__
                pause = _pause(attempt, later.after)
                if asyncio.get_running_loop().time() + pause >= ends:
                    raise later.error from later.__cause__
                attempt += 1
            else:
                return
            finally:
                await pieces.aclose()  # type: ignore[attr-defined]  # a generator
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Close the connections, if this event loop has opened them."""
        await self._connection.close()

    async def _attempt(self, request: ModelRequest, ends: float, length: str) -> AsyncIterator[Words | Completion]:
        """Stream one request.

        Raises:
            _Later: the attempt may be repeated.
            _Misnamed: the server requires another name for the longest answer.
            ModelError: repeating it would not help.
        """
        answer = _Answer(self.name)
        try:
            body = self._wire(request, length)
            async with self._connection.post("chat/completions", body, ends) as response:
                async with aclosing(response.events()) as events:
                    async for arrived in events:
                        words: list[str] = []
                        try:
                            words += (answer.take(read_chunk(event)) for event in arrived)
                        finally:  # what came before a failure was said
                            if text := "".join(words):
                                response.begun = True
                                yield Words(text)
                yield answer.whole()
        except TimeoutError as error:
            limit = f"{self._settings.timeout:g} s"
            raise ModelUnavailable(f"model {self.name} did not answer within {limit}.") from error
        except NotReached as error:
            raise _Later(ModelUnavailable(f"model {self.name} cannot be reached ({error}).")) from error
        except BrokenOff as error:
            raise _Later(ModelUnavailable(f"model {self.name} broke off in the middle of an answer.")) from error
        except Unreadable as error:
            raise ModelNonsense(f"model {self.name} sent a response that cannot be read ({error}).") from error
        except Rejected as rejected:
            refused = self._refused(rejected)
            wrong = length in body and rejected.status in _WRONG and length in rejected.message
            raise _Misnamed(refused) if wrong else refused from rejected

    def _wire(self, request: ModelRequest, length: str) -> dict[str, Any]:
        """Return the body of a request."""
        own = self._settings
        body: dict[str, Any] = {
            "model": own.model,
            "messages": [_message(message) for message in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        temperature = request.temperature if request.temperature is not None else own.temperature
        if temperature is not None:
            body["temperature"] = temperature
        if (most := request.max_tokens or own.max_tokens) is not None:
            body[length] = most
        if request.tools:
            body["tools"] = [{"type": "function", "function": _described(tool)} for tool in request.tools]
            if request.tool_choice != "auto":
                body["tool_choice"] = _choice(request.tool_choice)
            if not request.parallel:
                body["parallel_tool_calls"] = False
        if request.answer_schema is not None:
            schema = {"name": "answer", "schema": dict(request.answer_schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
            if request.answer_schema == _ANY_OBJECT:
                body["response_format"] = {"type": "json_object"}
        if request.stop:
            body["stop"] = list(request.stop)
        if request.seed is not None:
            body["seed"] = request.seed
        return body

    def _refused(self, rejected: Rejected) -> ModelError | _Later:
        """Convert an error response."""
        status, said = rejected.status, _shown(rejected.message)
        if status in _LATER or status >= _SERVER_ERROR:
            if rejected.code == _QUOTA:
                return ModelRefused(f"model {self.name}: the account has no quota left ({said}).")
            after = _retry_after(rejected.headers)
            message = f"model {self.name} is overloaded or failing (HTTP {status}: {said})."
            return _Later(ModelUnavailable(message, after), after)
        return ModelRefused(f"model {self.name} rejects the request (HTTP {status}: {said}).")


@define
class _Use:
    """A tool call whose pieces arrive."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""

    def is_followed_by(self, call_id: str) -> bool:
        """Return True if a piece with a name and this id begins another call."""
        if self.id and call_id:
            return self.id != call_id
        try:
            json.loads(self.arguments)
        except ValueError:
            return False
        return True


@define
class _Answer:
    """An answer, while its pieces arrive."""

    name: str
    text: list[str] = field(factory=list)
    uses: list[_Use] = field(factory=list)
    refused: bool = False
    usage: Usage = field(factory=Usage)
    finish: str | None = None
    model: str = ""

    def take(self, chunk: Chunk) -> str:
        """Add a piece, and return its words.

        Raises:
            _Later: it is an error within the stream.
        """
        if chunk.error is not None:
            said = chunk.error.get("message") if isinstance(chunk.error, dict) else chunk.error
            raise _Later(ModelUnavailable(f"model {self.name} failed: {_shown(said)}"))
        if chunk.usage is not None:
            self.usage = Usage(chunk.usage.prompt_tokens or 0, chunk.usage.completion_tokens or 0)
        self.model = chunk.model or self.model
        words = ""
        for choice in (chunk.choices or ())[:1]:
            delta = choice.delta or choice.message
            self.finish = choice.finish_reason or self.finish
            if delta is None:
                continue
            for place, call in enumerate(delta.tool_calls or ()):
                self._take_call(call, call.index if call.index is not None else place)
            refusal = delta.refusal or ""
            self.refused = self.refused or bool(refusal)
            words = (delta.content or "") + refusal
            self.text.append(words)
        return words

    def _take_call(self, call: CallPiece, index: int) -> None:
        """Add a piece of a tool call.

        Some servers stream several calls at one index: each has a new id, or comes with a name when the one before it
        is complete.
        """
        function = call.function
        name, arguments = (function.name or "", function.arguments or "") if function is not None else ("", "")
        if not isinstance(arguments, str):  # an object, as Ollama's own API has it
            arguments = json.dumps(arguments, ensure_ascii=False)
        use = next((use for use in reversed(self.uses) if use.index == index), None)
        if use is None or (name and use.is_followed_by(call.id or "")):
            use = _Use(index)
            self.uses.append(use)
        use.id = call.id or use.id
        use.name += name if name != use.name else ""  # each piece may carry the whole name
        use.arguments += arguments

    def whole(self) -> Completion:
        """Return the complete answer.

        Raises:
            _Later: the stream broke off.
            ModelNonsense: the answer is empty.
        """
        if self.finish is None and (self.text or self.uses):
            raise _Later(ModelUnavailable(f"model {self.name} broke off in the middle of an answer."))
        if self.finish is None:
            raise ModelNonsense(f"model {self.name} sent a response that cannot be read (no answer in it).")
        ids: set[str] = set()
        uses = []
        for place, use in enumerate(sorted(self.uses, key=lambda use: use.index)):
            known = use.id if use.id and use.id not in ids else f"call-{place}"
            ids.add(known)
            uses.append(ToolUse(known, use.name, use.arguments or "{}"))
        finish = _FINISHES.get(self.finish, self.finish)
        return Completion("".join(self.text), tuple(uses), self.usage, finish, self.model, self.refused)


def _described(tool: ToolSpec) -> dict[str, Any]:
    described = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {**described, "strict": True} if tool.strict else described


def _choice(choice: str) -> Any:
    return choice if choice == "required" else {"type": "function", "function": {"name": choice}}


def _message(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_uses:
        written["tool_calls"] = [
            {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}
            for use in message.tool_uses
        ]
    if message.tool_use_id is not None:
        written["tool_call_id"] = message.tool_use_id
    return written


def _pause(attempt: int, after: float | None) -> float:
    """Return seconds before the next attempt: the server's, else exponential backoff with jitter."""
    if after is not None:
        return after * _random.uniform(1.0, 1.1)  # so that not all come back together
    pause: float = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
    return pause * _random.uniform(0.5, 1.0)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After`` (RFC 9110, section 10.2.3), or None."""
    written = headers.get("retry-after", "").strip()
    if not written:
        return None
    try:
        return max(0.0, float(written))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(written).timestamp() - time.time())
    except ValueError:
        return None


def _shown(text: object) -> str:
    """Shorten a server's error message to one line."""
    line = " ".join(str(text).split())
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"
