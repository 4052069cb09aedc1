"""The model ``openai`` with the real client, against a server that breaks in every way."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
from attrs import evolve
from polling import poll_in_loop

from agenthost import (
    Completion,
    Message,
    ModelNonsense,
    ModelRefused,
    ModelRequest,
    ModelUnavailable,
    Secret,
    ToolSpec,
    ToolUse,
    Usage,
    Words,
)
from agenthost.builtin.openai_api.model import OpenAIModel
from agenthost.builtin.openai_api.settings import OpenAISettings
from agenthost.testing import Breaks, Calls, Fails, Hangs, Says, ScriptedModel, Sends

REQUEST = ModelRequest((Message("system", "Be kind."), Message("user", "Hello")))


def ask(url, request=REQUEST, **settings):
    """All pieces of an answer."""

    async def asked():
        model = OpenAIModel("house", OpenAISettings(url=url, model="scripted", **{"timeout": 10.0, **settings}))
        try:
            return [piece async for piece in model.answer(request)]
        finally:
            await model.close()

    return asyncio.run(asked())


def test_words_come_as_they_arrive_and_then_the_whole():
    with ScriptedModel(Says("Hello there, Ann.")) as server:
        *words, whole = ask(server.url, api_key=Secret("k-1"), temperature=0.5, max_tokens=9)

        assert "".join(each.text for each in words) == "Hello there, Ann."
        assert whole == Completion("Hello there, Ann.", (), Usage(10, 3), "stop", "scripted")
        [sent] = server.requests
        assert server.keys == ["Bearer k-1"]
    assert sent["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    assert (sent["model"], sent["temperature"], sent["max_tokens"], "tools" in sent) == ("scripted", 0.5, 9, False)


UNSUPPORTED = "Unsupported parameter: '{}' is not supported with this model. Use the other one instead."
LENGTHS = ("max_tokens", "max_completion_tokens")


@pytest.mark.parametrize("given", LENGTHS)
def test_the_longest_answer_is_named_as_the_server_requires(given):
    """The name of the client is tried first, and what the server requires is remembered."""
    (other,) = {*LENGTHS} - {given}

    def act(body):
        return Fails(400, message=UNSUPPORTED.format(given)) if given in body else Says("Yes.")

    async def asked(url):
        model = OpenAIModel("m", OpenAISettings(url=url, model="newest"))
        request = evolve(REQUEST, max_tokens=9, counts_reasoning=given == "max_completion_tokens")
        try:
            for _ in range(2):
                *_, whole = [piece async for piece in model.answer(request)]
                assert whole.text == "Yes."
        finally:
            await model.close()

    with ScriptedModel(then=act) as server:
        asyncio.run(asked(server.url))
        assert [name for body in server.requests for name in LENGTHS if name in body] == [given, other, other]


def test_a_length_that_is_refused_under_both_names_is_refused():
    with ScriptedModel(then=lambda body: Fails(400, message=f"{[*body]} is too large")) as server:
        with pytest.raises(ModelRefused, match="too large"):
            ask(server.url, max_tokens=9)
        assert len(server.requests) == 2


def test_tools_go_there_and_back():
    tool = ToolSpec("price", "Tell a price", {"type": "object", "properties": {"of": {"type": "string"}}})
    answered = (Message("assistant", "", (ToolUse("u1", "price", "{}"),)), Message("tool", "9", (), "u1"))
    request = ModelRequest((*REQUEST.messages, *answered), (tool,), answer_schema={"type": "object"})
    with ScriptedModel(Calls("price", {"of": "x"})) as server:
        [whole] = ask(server.url, request)
        [sent] = server.requests

    assert (whole.tool_uses, whole.finish) == ((ToolUse("call-price", "price", '{"of": "x"}'),), "tool_calls")
    assert sent["tools"][0]["function"]["name"] == "price"
    assert sent["messages"][2]["tool_calls"][0]["function"] == {"name": "price", "arguments": "{}"}
    assert sent["messages"][3] == {"role": "tool", "content": "9", "tool_call_id": "u1"}
    assert sent["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    "fault",
    [
        Fails(429, retry_after="0"),
        Fails(429, retry_after="Fri, 31 Dec 1999 23:59:59 GMT"),
        Fails(500),
        Fails(503),
        Fails(408),
        Breaks(""),
        Breaks("", cleanly=True),
    ],
    ids=["429", "429-date", "500", "503", "408", "broken", "empty"],
)
def test_what_may_pass_is_tried_again(fault):
    with ScriptedModel(fault, Says("Yes.")) as server:
        if fault == Breaks("", cleanly=True):
            with pytest.raises(ModelNonsense):
                ask(server.url)
        else:
            assert ask(server.url)[-1].text == "Yes."
            assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("steps", "error", "told", "requests"),
    [
        ([Fails(429, message="slow down")] * 3, ModelUnavailable, r"overloaded or failing \(HTTP 429: .*slow down", 3),
        ([Fails(429, retry_after="60")], ModelUnavailable, "HTTP 429", 1),
        ([Fails(429, code="insufficient_quota")], ModelRefused, "no quota left", 1),
        ([Fails(401, message="bad key")], ModelRefused, r"rejects the request \(HTTP 401: .*bad key", 1),
        ([Fails(404)], ModelRefused, "HTTP 404", 1),
        ([Sends(b"<html>", "text/html")], ModelNonsense, "cannot be read", 1),
        ([Sends(b'{"choices":')], ModelNonsense, "cannot be read", 1),
        ([Sends(b"data: {]\n\n", "text/event-stream")], ModelNonsense, "cannot be read", 1),
        ([Sends(b'data: {"choices": 5}\n\n', "text/event-stream")], ModelNonsense, "cannot be read", 1),
        ([Breaks("Half an")], ModelUnavailable, "broke off", 1),
        ([Breaks("Half an", cleanly=True)], ModelUnavailable, "broke off", 1),
    ],
)
def test_each_fault_is_an_error_that_says_what_it_is(steps, error, told, requests):
    with ScriptedModel(*steps, then=Says("too late")) as server:
        with pytest.raises(error, match=told):
            ask(server.url)
        assert len(server.requests) == requests


def test_words_before_a_fault_are_said_even_if_they_arrive_with_it():
    words = b'data: {"choices": [{"delta": {"content": "Half an"}}]}\n\n'

    async def asked(url):
        model = OpenAIModel("house", OpenAISettings(url=url, model="scripted"))
        pieces = model.answer(REQUEST)
        try:
            assert await anext(pieces) == Words("Half an")
            with pytest.raises(ModelUnavailable, match="on fire"):
                await anext(pieces)
        finally:
            await model.close()

    with ScriptedModel(Sends(words + b'data: {"error": "on fire"}\n\n', "text/event-stream")) as server:
        asyncio.run(asked(server.url))
        assert len(server.requests) == 1


@pytest.mark.parametrize("step", [Hangs(), Says("a b c d e f g h i j k", pause=0.2)], ids=["silent", "slow"])
def test_a_whole_answer_has_its_time(step):
    """A slow stream is bounded too, even if each piece comes soon.

    The connection is closed.
    """
    with ScriptedModel(step) as server:
        with pytest.raises(ModelUnavailable, match=r"did not answer within 0\.5 s"):
            ask(server.url, timeout=0.5)
        assert server.disconnected.wait(30)


def test_a_fast_answer_has_its_time_too():
    """Its end comes while the client rests between two reads, or while it reads."""
    fast = ScriptedModel(Says("a b c d " * 2000, pause=0.002))
    with fast as server, pytest.raises(ModelUnavailable, match=r"did not answer within 0\.5 s"):
        ask(server.url, timeout=0.5)


def test_a_server_that_is_not_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(ModelUnavailable, match="cannot be reached"):
            ask(url, retries=0)


def test_the_server_sees_when_nobody_waits_any_more():
    async def leave(url):
        model = OpenAIModel("house", OpenAISettings(url=url))
        task = asyncio.ensure_future(anext(aiter(model.answer(REQUEST))))
        await poll_in_loop(lambda: server.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.disconnected.wait, 30)
        await model.close()

    with ScriptedModel(Hangs()) as server:
        asyncio.run(leave(server.url))


def piece(delta, finish=None):
    """One event of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


def streams(*pieces, finish="stop"):
    """A stream of a server's own making."""
    return Sends(f"{''.join(pieces)}{piece({}, finish)}data: [DONE]\n\n".encode(), "text/event-stream")


def called(index, call_id, name, arguments):
    """A piece of a tool call."""
    call = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return piece({"tool_calls": [call]})


def whole_of(*pieces, finish="stop"):
    with ScriptedModel(streams(*pieces, finish=finish)) as server:
        return ask(server.url)[-1]


@pytest.mark.parametrize(
    ("pieces", "uses"),
    [
        (
            [called(0, "a", "one", "{}"), called(1, "b", "two", '{"n": 1}')],
            [("a", "one", "{}"), ("b", "two", '{"n": 1}')],
        ),
        (
            [called(0, "a", "one", "{}"), called(0, "b", "two", '{"n": 1}')],
            [("a", "one", "{}"), ("b", "two", '{"n": 1}')],
        ),
        ([called(0, "a", "one", "{}"), called(0, "b", "one", "{}")], [("a", "one", "{}"), ("b", "one", "{}")]),
        ([called(0, "a", "one", ""), called(0, "b", "two", "")], [("a", "one", "{}"), ("b", "two", "{}")]),
        ([called(0, "", "one", "{}"), called(0, "", "two", "{}")], [("call-0", "one", "{}"), ("call-1", "two", "{}")]),
        ([called(0, "", "one", '{"n"'), called(0, "", "one", ": 1}")], [("call-0", "one", '{"n": 1}')]),
        ([called(None, "a", "one", "{}"), called(None, "b", "two", "{}")], [("a", "one", "{}"), ("b", "two", "{}")]),
        ([called(0, "a", "one", "{}"), called(1, "a", "two", "{}")], [("a", "one", "{}"), ("call-1", "two", "{}")]),
        ([called(1, "b", "two", "{}"), called(0, "a", "one", "{}")], [("a", "one", "{}"), ("b", "two", "{}")]),
        (
            [called(0, "a", "one", ""), called(0, None, None, '{"n"'), called(0, None, None, ": 1}")],
            [("a", "one", '{"n": 1}')],
        ),
        (
            [called(0, "a", "one", '{"n"'), called(0, "a", "one", ": 1}"), called(0, "a2", None, "")],
            [("a2", "one", '{"n": 1}')],
        ),
        (
            [called(0, "a", "one", '{"n"'), called(0, "b", "two", "{}"), called(0, "b", None, "")],
            [("a", "one", '{"n"'), ("b", "two", "{}")],
        ),
        ([called(0, "a", "one", {"n": "ö"})], [("a", "one", '{"n": "ö"}')]),
        ([piece({"tool_calls": [{"index": 0, "id": "a", "function": None}]})], [("a", "", "{}")]),
    ],
    ids=[
        "indexes",
        "one index",
        "one name",
        "no arguments",
        "no ids",
        "pieces without ids",
        "no indexes",
        "one id",
        "backwards",
        "pieces",
        "repeated",
        "cut off",
        "an object",
        "no function",
    ],
)
def test_calls_of_tools_are_told_apart(pieces, uses):
    """Servers number calls in different ways.

    A new id at a used index is a new call.
    """
    whole = whole_of(*pieces, finish="tool_calls")

    assert tuple(ToolUse(*use) for use in uses) == whole.tool_uses


def test_a_refusal_is_what_the_model_says():
    """Its words are in a field of their own."""
    whole = whole_of(piece({"refusal": "I can't help "}), piece({"content": None, "refusal": "with that."}))

    assert (whole.text, whole.refused, whole.finish) == ("I can't help with that.", True, "stop")
    assert not whole_of(piece({"content": "Yes.", "refusal": None})).refused


@pytest.mark.parametrize(
    ("said", "finish"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("content_filter", "content_filter"),
        ("eos", "eos"),
    ],
)
def test_why_an_answer_ended(said, finish):
    assert whole_of(piece({"content": "Yes"}), finish=said).finish == finish
