"""The contract of chat models: tests that every model passes, as a class to inherit."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from agenthost.conversation.models import Completion, Message, ModelRequest, ToolSpec, Words
from agenthost.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from agenthost.conversation.models import ChatModel

__all__ = ["ModelContract"]

T = TypeVar("T")

_ROLE = Message("system", "You answer the phone of a weather station.")
_HELLO = ModelRequest((_ROLE, Message("user", "Hello, who is this?")))
_WEATHER = ToolSpec(
    "tell_weather",
    "Tell the weather of a city",
    {"type": "object", "properties": {"city": {"type": "string", "description": "City"}}, "required": ["city"]},
)
_ASKED = ModelRequest((_ROLE, Message("user", "Tell the weather of the city Rome.")), (_WEATHER,))
_WORD = "xylophone-4711"


class ModelContract:
    """Tests for a chat model.

    Inherit them in a class called ``Test…`` with the fixture ``make_model``. The model must answer every request.
    """

    @pytest.fixture
    def make_model(self) -> Callable[[], ChatModel]:
        """Return a function that makes the model, on the event loop that uses it."""
        raise NotImplementedError

    @pytest.fixture
    def use(self, make_model: Callable[[], ChatModel]) -> Callable[[Callable[[ChatModel], Awaitable[Any]]], Any]:
        """Return a function that runs a coroutine function with a model."""

        def used(body: Callable[[ChatModel], Awaitable[T]]) -> T:
            async def run() -> T:
                model = make_model()
                try:
                    return await body(model)
                finally:
                    closing = getattr(model, "close", None)
                    if closing is not None and inspect.isawaitable(closed := closing()):
                        await closed

            return asyncio.run(run())

        return used

    def test_it_has_a_name(self, use: Callable[..., Any]) -> None:
        """Lists and budgets name it."""

        async def body(model: ChatModel) -> str:
            return model.name

        assert use(body).strip()

    def test_words_come_before_the_whole(self, use: Callable[..., Any]) -> None:
        """The last item, and no other, is the completion, with all words that were streamed."""
        *words, whole = use(lambda model: _items(model, _HELLO))

        assert isinstance(whole, Completion)
        assert all(isinstance(word, Words) for word in words)
        assert not words or "".join(word.text for word in words) == whole.text
        assert whole.text or whole.tool_uses

    def test_tool_calls_can_be_answered(self, use: Callable[..., Any]) -> None:
        """Each tool call has an ID, and the conversation goes on with the results."""

        async def body(model: ChatModel) -> tuple[Completion, Completion]:
            first = await _completion(model, _ASKED)
            results = tuple(Message("tool", "Sunny, 25 degrees.", (), use.id) for use in first.tool_uses)
            said = Message("assistant", first.text, first.tool_uses)
            return first, await _completion(model, ModelRequest((*_ASKED.messages, said, *results), (_WEATHER,)))

        first, second = use(body)
        ids = [each.id for each in first.tool_uses]

        assert all(ids)
        assert len(ids) == len(set(ids))
        assert all(each.name for each in first.tool_uses)
        assert isinstance(second, Completion)

    def test_nothing_is_kept_of_a_conversation(self, use: Callable[..., Any]) -> None:
        """One caller's words never reach the next caller."""

        async def body(model: ChatModel) -> Completion:
            secret = Message("user", f"My secret word is {_WORD}. Remember it.")
            await _completion(model, ModelRequest((_ROLE, secret)))
            return await _completion(model, ModelRequest((_ROLE, Message("user", "What is my secret word?"))))

        assert _WORD not in use(body).text

    def test_conversations_at_once(self, use: Callable[..., Any]) -> None:
        """One value serves all agents and turns."""

        async def body(model: ChatModel) -> list[Completion]:
            return list(await asyncio.gather(*(_completion(model, _HELLO) for _ in range(8))))

        assert all(isinstance(each, Completion) for each in use(body))

    def test_a_reader_may_leave(self, use: Callable[..., Any]) -> None:
        """After a stream was closed or cancelled early, the model answers the next request."""

        async def body(model: ChatModel) -> Completion:
            stream: AsyncGenerator[Words | Completion, None] = model.answer(_HELLO)  # type: ignore[assignment]
            await anext(stream)
            await stream.aclose()
            task = asyncio.create_task(_completion(model, _HELLO))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return await _completion(model, _HELLO)

        assert isinstance(use(body), Completion)

    @pytest.mark.parametrize(
        "messages",
        [
            (_ROLE,),
            (_ROLE, Message("user", "")),
            (_ROLE, Message("user", "word " * 20_000)),
            (_ROLE, Message("user", "žluťoučký 🐎 \u202e \x00")),
            (_ROLE, Message("assistant", "Hello.")),
            (_ROLE, Message("user", "a"), Message("user", "b")),
        ],
        ids=["nothing", "empty", "long", "characters", "agent-first", "twice"],
    )
    def test_unusual_conversations(self, use: Callable[..., Any], messages: tuple[Message, ...]) -> None:
        """The model answers, or raises a ``ModelError``."""

        async def body(model: ChatModel) -> None:
            with suppress(ModelError):
                await _completion(model, ModelRequest(messages))

        use(body)


async def _items(model: ChatModel, request: ModelRequest) -> list[Words | Completion]:
    return [item async for item in model.answer(request)]


async def _completion(model: ChatModel, request: ModelRequest) -> Completion:
    last = (await _items(model, request))[-1]
    assert isinstance(last, Completion), "the last item of an answer must be a Completion"
    return last
