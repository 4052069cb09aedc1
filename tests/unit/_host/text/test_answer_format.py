"""Answers in JSON: the check, and its limits."""

from __future__ import annotations

import asyncio
import time

import pytest

from agenthost import AnswerMalformed, Completion, ConversationRefused, ModelRefused
from agenthost._host.text.answer_format import AnswerFormat

SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}


def made(text, *repaired):
    """Return the answer, and the requests to the model."""
    requests = []

    async def ask(request):
        requests.append(request)
        answer = repaired[len(requests) - 1]
        if isinstance(answer, Exception):
            raise answer
        return Completion(answer)

    return asyncio.run(AnswerFormat(SCHEMA).made("How long?", text, ask)), requests


def test_a_valid_answer_is_not_changed():
    assert made(' {"days": 3}\n') == (' {"days": 3}\n', [])


def test_a_block_of_code_is_unwrapped():
    assert made('```json\n{"days": 3}\n```') == ('{"days": 3}', [])


def test_an_answer_is_repaired_once():
    text, [request] = made("Three days.", '{"days": 3}')

    assert text == '{"days": 3}'
    assert (request.answer_schema, request.temperature) == (SCHEMA, 0.0)


def test_a_model_without_formats_repairs_too():
    text, requests = made("Three days.", ModelRefused("no response_format"), '{"days": 3}')

    assert text == '{"days": 3}'
    assert requests[1].answer_schema is None


def test_an_answer_that_stays_wrong_is_an_error():
    with pytest.raises(AnswerMalformed, match="required property"):
        made("Three days.", "{}")


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "objekt"}, "type is malformed"),
        ({"properties": {"objekt": {"type": "objekt"}}}, "type is malformed"),
        ({"properties": {"objekt": 5}}, "properties is malformed"),
        ({"$ref": "https://objekt.example/b"}, "it refers to something outside"),
        ({"$ref": "#/$defs/objekt"}, "it refers to something outside"),
        ({"$schema": "https://objekt.example/b"}, "it refers to something outside"),
        ({"pattern": "objekt("}, "(pattern|it) is malformed"),
    ],
)
def test_a_schema_that_cannot_be_checked_is_refused(schema, told):
    """Nothing of the schema is repeated."""
    with pytest.raises(ConversationRefused, match=f"not a JSON Schema that can be checked: {told}") as refused:
        AnswerFormat(schema)

    assert "objekt" not in str(refused.value)
    assert refused.value.option == "response_format"


def test_a_pattern_cannot_take_long():
    began = time.monotonic()
    assert AnswerFormat({"type": "string", "pattern": r"^(\w+\s?)*$(?=x)"}).problem(f'"{"a" * 5000}!"') is not None
    assert time.monotonic() - began < 5.0


def test_deeply_nested_answers_are_not_json():
    assert AnswerFormat({}).problem("[" * 100_000) == "it is not JSON"
