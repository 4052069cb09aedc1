"""The Responses API, with OpenAI's own client on a real port."""

from __future__ import annotations

import json
from contextlib import contextmanager

import openai
import pytest
from chat_host import calls, client, scripted, served, streams
from pydantic import BaseModel

from agenthost import AgentBase, Parallel, Router
from agenthost.testing import Breaks, Calls, Fails, Says

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
RAN = []


class Shop(AgentBase):
    """Sells."""

    def __init__(self):
        super().__init__("shop", "/shop", description="orders and prices")

    @AgentBase.tool
    def cancel(self, order: str) -> str:
        """Cancel an order."""
        RAN.append(order)
        return f"Order {order} is cancelled."


class Trip(BaseModel):
    city: str
    days: int


@pytest.fixture(autouse=True)
def fresh():
    RAN.clear()


@contextmanager
def running(tmp_path, *script, then=None, more="", agents=()):
    every = [Shop(), AgentBase("help", "/help", description="help"), *agents]
    with scripted(tmp_path, every, *script, then=then, more=more) as (url, model), client(url) as opened:
        yield opened, model


def told(request):
    """Return the messages that a model received, without its instructions."""
    return [(message["role"], message["content"]) for message in request["messages"][1:]]


def test_a_response_has_the_form_of_openais(tmp_path):
    with running(tmp_path, Says("Hello there.")) as (opened, model):
        response = opened.responses.create(model="shop", input="Hello", instructions="Be brief.", metadata={"a": "b"})

    assert response.output_text == "Hello there."
    assert (response.status, response.model, response.object) == ("completed", "shop", "response")
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens > 0
    assert (response.instructions, response.metadata) == ("Be brief.", {"a": "b"})
    assert response.agenthost["agent"] == "shop"
    assert "Be brief." in model.requests[0]["messages"][1]["content"]


def test_a_stream_has_the_events_of_openais(tmp_path):
    with (
        running(tmp_path, Says("Hello there.")) as (opened, _),
        opened.responses.stream(model="shop", input="Hi") as stream,
    ):
        events = list(stream)
        final = stream.get_final_response()

    kinds = [event.type for event in events]
    assert kinds[:4] == [
        *("response.created", "response.in_progress"),
        *("response.output_item.added", "response.content_part.added"),
    ]
    assert kinds[-4:] == [
        *("response.output_text.done", "response.content_part.done"),
        *("response.output_item.done", "response.completed"),
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Hello there."
    assert final.output_text == "Hello there."


def test_a_response_continues_the_previous_one(tmp_path):
    """It continues with the words of both sides and the tools that ran."""
    script = [Calls("cancel", {"order": "7"}), Says("Done."), Says("Order 7.")]
    with running(tmp_path, *script) as (opened, model):
        said = [{"role": "user", "content": [{"type": "input_text", "text": "Cancel order 7"}]}]
        first = opened.responses.create(model="shop", input=said)
        second = opened.responses.create(model="shop", input="Which one?", previous_response_id=first.id)

    assert told(model.requests[2]) == [
        ("user", "Cancel order 7"),
        *[("assistant", ""), ("tool", "Order 7 is cancelled."), ("assistant", "Done.")],
        ("user", "Which one?"),
    ]
    assert second.previous_response_id == first.id
    assert second.agenthost["conversation"] == first.agenthost["conversation"]


def test_a_response_that_was_continued_already_begins_another_conversation(tmp_path):
    with running(tmp_path, Says("A."), Says("B."), Says("C.")) as (opened, model):
        first = opened.responses.create(model="shop", input="one")
        second = opened.responses.create(model="shop", input="two", previous_response_id=first.id)
        third = opened.responses.create(model="shop", input="three", previous_response_id=first.id)

    assert told(model.requests[2]) == [("user", "one"), ("assistant", "A."), ("user", "three")]
    assert second.agenthost["conversation"] == first.agenthost["conversation"] != third.agenthost["conversation"]


def test_a_conversation_that_is_named_is_remembered_by_the_host(tmp_path):
    with running(tmp_path, Says("A."), Says("B."), Says("C.")) as (opened, model):
        first = opened.responses.create(model="shop", input="one", conversation="conv_1")
        opened.chat.completions.create(
            model="shop", messages=[{"role": "user", "content": "two"}], metadata={"conversation": "conv_1"}
        )
        opened.responses.create(model="shop", input="three", previous_response_id=first.id)

    assert first.conversation.id == "conv_1"
    assert [text for _, text in told(model.requests[2])] == ["one", "A.", "two", "B.", "three"]


@pytest.mark.parametrize("way", ["previous", "resent", "named", "referred"])
@pytest.mark.parametrize("stream", [False, True])
def test_tools_of_the_client_and_the_agent_run_once(tmp_path, way, stream):
    both = calls(("cancel", {"order": "7"}), ("weather", {"city": "Oslo"}))
    named = {"conversation": "conv_1"} if way == "named" else {}
    with running(tmp_path, both, Says("It rains.")) as (opened, model):
        asked = "Cancel 7, and the weather?"
        first = create(opened, stream=stream, model="shop", input=asked, tools=[WEATHER], **named)
        [call] = first.output
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
        items = {
            "previous": [result],
            "named": [result],
            "resent": [{"role": "user", "content": asked}, call.model_dump(), result],
            "referred": [{"role": "user", "content": asked}, {"type": "item_reference", "id": call.id}, result],
        }[way]
        more = {"previous_response_id": first.id} if way == "previous" else named
        second = create(opened, stream=stream, model="shop", input=items, tools=[WEATHER], **more)

    assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "weather", {"city": "Oslo"})
    assert second.output_text == "It rains."
    assert RAN == ["7"]
    assert told(model.requests[1]) == [
        ("user", asked),
        *[("assistant", ""), ("tool", "Order 7 is cancelled."), ("tool", "rain")],
    ]


def create(opened, *, stream, **options):
    if not stream:
        return opened.responses.create(**options)
    with opened.responses.stream(**options) as events:
        return events.get_final_response()


def test_a_repeated_request_runs_once(tmp_path):
    script = [Calls("cancel", {"order": "7"}), Says("Done.")]
    with running(tmp_path, *script) as (opened, model):
        headers = {"Idempotency-Key": "k-1"}
        answers = [
            opened.responses.create(
                model="shop", input="Cancel 7", extra_headers=headers, instructions=f"It is {hour}."
            )
            for hour in ("ten", "eleven")
        ]

    assert [answer.output_text for answer in answers] == ["Done.", "Done."]
    assert RAN == ["7"]
    assert len(model.requests) == 2


def test_an_answer_has_the_format_of_the_client(tmp_path):
    with running(tmp_path, Says("Oslo, three days."), Says('{"city": "Oslo", "days": 3}')) as (opened, _):
        assert opened.responses.parse(model="shop", input="A trip", text_format=Trip).output_parsed.days == 3


def test_an_answer_that_is_cut_off_is_incomplete(tmp_path):
    with served(tmp_path, [Shop()]) as url, client(url) as opened:
        response = opened.responses.create(model="shop", input="Hello", max_output_tokens=2)
        assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
        with opened.responses.stream(model="shop", input="Hello", max_output_tokens=2) as stream:
            assert [event.type for event in stream][-1] == "response.incomplete"


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_a_refusal(tmp_path, stream):
    with running(tmp_path, streams({"refusal": "I cannot."})) as (opened, _):
        response = create(opened, stream=stream, model="shop", input="Forge a cheque")

    assert [part.refusal for part in response.output[0].content if part.type == "refusal"] == ["I cannot."]


def test_responses_are_kept_until_they_are_deleted(tmp_path):
    with running(tmp_path, then=Says("Your card 4111 1111 1111 1111.")) as (opened, _):
        kept = opened.responses.create(model="shop", input="Hello")
        gone = opened.responses.create(model="shop", input="Hello", store=False)
        assert opened.responses.retrieve(kept.id).output_text == "Your card [card ending in 1111]."
        assert kept.output_text == "Your card 4111 1111 1111 1111."
        opened.responses.delete(kept.id)
        for response in (kept.id, gone.id, "resp_unknown", "latest"):
            with pytest.raises(openai.NotFoundError, match="no such response"):
                opened.responses.retrieve(response)
        with pytest.raises(openai.BadRequestError, match="is not kept") as refused:
            opened.responses.create(model="shop", input="Hello", previous_response_id=kept.id)

    assert refused.value.code == "previous_response_not_found"


def test_responses_belong_to_those_who_asked(tmp_path):
    with running(tmp_path, then=Says("Hello."), more='[agents.shop]\npasswords = ["own"]\n') as (opened, _):
        theirs = opened.with_options(api_key="own")
        response = theirs.responses.create(model="shop", input="Hello")
        for action in (opened.responses.retrieve, opened.responses.delete):
            with pytest.raises(openai.NotFoundError):
                action(response.id)
        with pytest.raises(openai.BadRequestError, match="not kept"):
            opened.responses.create(model="help", input="Hello", previous_response_id=response.id)
        assert theirs.responses.retrieve(response.id).output_text == "Hello."


def test_responses_belong_to_the_key(tmp_path):
    """The calls of a turn that waits for a client's tools do, too."""
    keys = "".join(
        f'[keys.{name}]\nsecret = "{name}-secret-of-a-test"\nagents = ["shop"]\nscopes = ["text"]\n'
        for name in ("one", "two")
    )
    with running(tmp_path, Calls("weather", {"city": "Oslo"}), then=Says("Hello."), more=keys) as (opened, model):
        one, two = (opened.with_options(api_key=f"{name}-secret-of-a-test") for name in ("one", "two"))
        assert [each.id for each in two.models.list()] == ["shop"]
        response = one.responses.create(model="shop", input="Weather?", tools=[WEATHER])
        with pytest.raises(openai.NotFoundError):
            two.responses.retrieve(response.id)
        call = response.output[0]
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
        two.responses.create(model="shop", input=[{"role": "user", "content": "Hi"}, call.model_dump(), result])
        assert one.responses.retrieve(response.id).id == response.id

    assert [role for role, _ in told(model.requests[1])] == ["user", "assistant", "tool"]


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "image_generation_call"}]}, "input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"input": [{"type": "item_reference", "id": "msg_1_0"}]}, "input[0]"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"tools": [{"type": "function", "name": "cancel", "parameters": {}}]}, "tools"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format"),
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "objekt"}}}}, "text.format"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"previous_response_id": "resp_1", "conversation": "conv_1"}, "previous_response_id"),
        ({"model": "both", "tools": [WEATHER]}, "tools"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(tmp_path, options, param):
    both = Parallel("both", ["shop", "help"], route="/both")
    with running(tmp_path, then=Fails(500), agents=[both]) as (opened, model):
        with pytest.raises(openai.BadRequestError) as refused:
            opened.responses.create(model="shop", input="Hello", extra_body=options)
        assert model.requests == []

    assert refused.value.param == param


def test_what_is_ignored_is_listed(tmp_path):
    with running(tmp_path, Says("Hello.")) as (opened, _):
        options = {"top_p": 0.5, "truncation": "auto", "text": {"verbosity": "low"}, "reasoning": {"effort": "low"}}
        response = opened.responses.create(model="shop", input="Hello", **options)

    assert response.agenthost["ignored"] == ["reasoning", "top_p", "truncation", "text.verbosity"]


def test_a_stream_that_breaks_ends_with_the_error(tmp_path):
    with running(tmp_path, Breaks("Hello")) as (opened, _):
        kinds = []
        with pytest.raises(openai.APIError, match="broke off"):
            kinds.extend(event.type for event in opened.responses.create(model="shop", input="Hi", stream=True))


def test_a_model_that_is_down_is_an_error(tmp_path):
    desk = Router("desk", ["shop", "help"], route="/desk", clarify=False)
    with running(tmp_path, then=Fails(503), agents=[desk]) as (opened, _):
        for model in ("shop", "desk"):
            with pytest.raises(openai.InternalServerError) as failed:
                opened.responses.create(model=model, input="orders and prices", stream=True)
            assert failed.value.status_code == 503


def test_the_older_completions_name_their_successors(tmp_path):
    with (
        served(tmp_path, [Shop()]) as url,
        client(url) as opened,
        pytest.raises(openai.NotFoundError, match="/v1/chat/completions and /v1/responses"),
    ):
        opened.completions.create(model="shop", prompt="Hello")
