"""Answers of ``/v1`` to any request, in OpenAI's form."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from agenthost import AgentBase, AgentServer

SCALARS = st.none() | st.booleans() | st.integers(-3, 300) | st.text(max_size=8)
ANY = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def mostly(values):
    """Return values, and rarely any others."""
    return st.integers(0, 12).flatmap(lambda number: ANY if number == 12 else values)


LONG = "a" * 600
"""An ID longer than a key of the state store."""
IDS = ANY | st.sampled_from([f"msg_{LONG}_0", "msg_1_0", "fc_1_²"])
NAMES = st.sampled_from(["weather", "price", "a b", ""])
SCHEMAS = st.sampled_from(
    [
        {},
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"type": "objekt"},
        {"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/x"}}},
        {"type": "string", "pattern": "(a+)+$"},
        {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "boolean"}, "minItems": 2}]},
        {"type": "array", "minItems": "x"},
        {"type": "object", "properties": "x"},
        {"type": "object", "properties": {"a": "x"}, "required": "a"},
        {"type": "object", "properties": {"a": {"enum": 5, "anyOf": [True, 5]}}},
        {"type": "integer", "minimum": "x"},
        {"enum": []},
        True,
    ]
)
TEXTS = st.sampled_from(["Hello", "Price of 3?", "", "{}"])
PARTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "text", "input_text", "image_url", 1]), "text": mostly(TEXTS)}
)
CONTENTS = mostly(st.booleans().flatmap(lambda simple: TEXTS if simple else st.lists(PARTS, max_size=2)))
CALLS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["c1", "c2", "", None, LONG]),
        "function": mostly(st.fixed_dictionaries({"name": mostly(NAMES)})),
    }
)
ROLES = st.sampled_from(["user", "user", "user", "assistant", "system", "tool", "function", 1])
MESSAGES = st.fixed_dictionaries(
    {"role": ROLES, "content": CONTENTS},
    optional={"tool_calls": mostly(st.lists(CALLS, max_size=2)), "tool_call_id": st.sampled_from(["c1", 2, LONG])},
)
FUNCTIONS = st.fixed_dictionaries({"name": NAMES, "parameters": mostly(SCHEMAS)})
TOOLS = st.fixed_dictionaries({"type": st.just("function"), "function": mostly(FUNCTIONS)})
SHARED = {
    "tool_choice": mostly(st.sampled_from(["none", "auto", "required", {"type": "function", "name": "weather"}])),
    "temperature": mostly(st.floats(0, 2)),
    "stream": st.booleans(),
    "metadata": mostly(st.just({"conversation": "c-1"})),
    "parallel_tool_calls": mostly(st.booleans()),
}
CHATS = st.fixed_dictionaries(
    {"messages": mostly(st.lists(MESSAGES, min_size=1, max_size=4))},
    optional={
        **SHARED,
        "tools": mostly(st.lists(TOOLS, max_size=2)),
        "max_tokens": mostly(st.integers(1, 300)),
        "stop": mostly(st.lists(st.sampled_from("aeo "), max_size=4)),
        "seed": mostly(st.integers()),
        "n": mostly(st.just(1)),
        "response_format": st.fixed_dictionaries(
            {"type": st.sampled_from(["json_object", "json_schema", "text"])},
            optional={"json_schema": mostly(st.fixed_dictionaries({"schema": mostly(SCHEMAS)}))},
        ),
    },
)
ITEMS = MESSAGES | st.fixed_dictionaries(
    {"type": st.sampled_from(["function_call", "function_call_output", "item_reference", "reasoning", "x", 1])},
    optional={"call_id": st.sampled_from(["c1", 1]), "name": NAMES, "arguments": ANY, "output": CONTENTS, "id": IDS},
)
RESPONSES = st.fixed_dictionaries(
    {"input": mostly(TEXTS | st.lists(ITEMS, max_size=4))},
    optional={
        **SHARED,
        "tools": st.lists(FUNCTIONS.map(lambda function: {"type": "function", **function}), max_size=2),
        "text": st.fixed_dictionaries(
            {"format": st.fixed_dictionaries({"type": st.sampled_from(["json_schema", "text"]), "schema": SCHEMAS})}
        ),
        "max_output_tokens": mostly(st.integers(1, 300)),
        "instructions": mostly(TEXTS),
        "previous_response_id": st.sampled_from(["resp_1", f"resp_{LONG}", 1]),
        "conversation": st.sampled_from(["conv_1", {"id": "conv_1"}, {"id": 1}, 1, "a b"]),
        "store": mostly(st.booleans()),
    },
)
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Shop(AgentBase):
    """Sells."""

    def __init__(self):
        super().__init__("shop", "/")

    @AgentBase.tool
    def price(self, number: int = 1) -> str:
        """Tell the price."""
        return f"${number}"


@pytest.fixture
def post(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", "for tests of chats")
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    server = AgentServer()
    server.register(Shop())

    def go(path, body):
        async def sent():
            transport = httpx.ASGITransport(server.app)
            auth = ("agenthost", "for tests of chats")
            async with httpx.AsyncClient(transport=transport, base_url="http://host", auth=auth, timeout=60) as client:
                return await client.post(path, json={"model": "shop", **body})

        return asyncio.run(sent())

    return go


@pytest.mark.parametrize(("path", "bodies"), [("/v1/chat/completions", CHATS), ("/v1/responses", RESPONSES)])
def test_every_request_has_an_answer(post, path, bodies):
    """A refusal has a message, and only the model's answer may fail."""

    @EXAMPLES
    @given(bodies)
    def check(body):
        answer = post(path, body)
        if answer.status_code == 200:
            assert b"internal_error" not in answer.content
            return
        error = answer.json()["error"]
        assert error["message"]
        assert answer.status_code in (400, 404) or error["code"] in ("response_format_failed", "model_error"), error

    check()
