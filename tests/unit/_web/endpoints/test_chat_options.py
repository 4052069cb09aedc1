"""Options of a chat completion: honoured, refused by name, or listed as ignored."""

from __future__ import annotations

import json

import openai
import pytest
from chat_host import client, scripted, served, streams

from agenthost import AgentBase, Parallel, Router
from agenthost.testing import Fails, Says

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
WANTED = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA, "strict": True}}
GOOD = '{"city": "Oslo", "days": 3}'


def agents():
    return [
        AgentBase("travel", "/travel", description="trips"),
        AgentBase("food", "/food", description="meals"),
        Router("desk", ["travel", "food"], route="/desk", clarify=False),
        Parallel("both", ["travel", "food"], route="/both", synthesis="rule"),
        Parallel("joined", ["travel", "food"], route="/joined"),
    ]


def ask(url, *messages, model="travel", **options):
    said = [{"role": "user", "content": each} if isinstance(each, str) else each for each in messages]
    with client(url) as opened:
        answer = opened.chat.completions.create(model=model, messages=said, **options)
        return list(answer) if options.get("stream") else answer


@pytest.mark.parametrize("model", ["travel", "desk", "both"])
def test_the_options_go_to_the_model(tmp_path, model):
    options = {"temperature": 0.3, "max_completion_tokens": 50, "stop": ["END", "\n"], "seed": 7}
    with scripted(tmp_path, agents(), then=Says("Oslo.")) as (url, server):
        ask(url, "A trip", model=model, top_p=0.5, user="u", **options)

    for request in server.requests:
        assert (request["temperature"], request["max_completion_tokens"]) == (0.3, 50)
        assert (request["stop"], request["seed"]) == (["END", "\n"], 7)


def test_what_is_ignored_is_listed(tmp_path):
    with served(tmp_path, agents()) as url:
        whole = ask(url, "A trip", top_p=0.5, user="u", presence_penalty=1, temperature=0)
        *_, last = ask(url, "A trip", stream=True, logit_bias={"1": 2})

    assert whole.agenthost["ignored"] == ["presence_penalty", "top_p", "user"]
    assert last.agenthost["ignored"] == ["logit_bias"]


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"seed": "x"}, "seed"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "response_format"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "objekt"}}}},
            "response_format",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"$ref": "https://a.example/b"}}}},
            "response_format",
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(tmp_path, options, param):
    with scripted(tmp_path, agents(), then=Fails(500)) as (url, server):
        with pytest.raises(openai.BadRequestError) as refused:
            ask(url, "A trip", extra_body=options)
        assert server.requests == []

    assert refused.value.param == param


def test_an_answer_that_is_cut_off_says_so(tmp_path):
    with served(tmp_path, agents()) as url:
        assert ask(url, "A trip", max_tokens=2).choices[0].finish_reason == "length"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["travel", "desk"])
def test_an_answer_has_the_format_of_the_client(tmp_path, model, stream):
    with scripted(tmp_path, agents(), Says(f"```json\n{GOOD}\n```")) as (url, server):
        answer = ask(url, "A trip", model=model, response_format=WANTED, stream=stream)

    assert text_of(answer, stream=stream) == GOOD
    assert server.requests[0]["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "Answer with JSON only" in server.requests[0]["messages"][0]["content"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_of_another_form_is_repaired_once(tmp_path, stream):
    with scripted(tmp_path, agents(), Says("Three days in Oslo."), Says(GOOD)) as (url, server):
        answer = ask(url, "A trip", response_format=WANTED, stream=stream)

    assert text_of(answer, stream=stream) == GOOD
    told = json.loads(server.requests[1]["messages"][1]["content"])
    assert told == {"question": "A trip", "answer": "Three days in Oslo.", "problem": "it is not JSON"}


def test_a_combined_answer_has_the_options_of_the_client(tmp_path):
    """The answers that it is made of have none of their own."""
    script = [Says("Oslo."), Says("Fish."), streams({"content": "Oslo and"}, finish="length")]
    with scripted(tmp_path, agents(), *script) as (url, server):
        answer = ask(url, "A trip", model="joined", max_tokens=5, stop=["END"])

    assert [request.get("max_tokens") for request in server.requests] == [None, None, 5]
    assert server.requests[2]["stop"] == ["END"]
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("Oslo and", "length")


def test_several_answers_are_combined_into_the_format(tmp_path):
    with scripted(tmp_path, agents(), Says("Oslo."), Says("Fish."), Says(GOOD)) as (url, _):
        assert ask(url, "A trip", model="both", response_format=WANTED).choices[0].message.content == GOOD


def test_an_answer_that_stays_wrong_is_an_error_that_is_not_retried(tmp_path):
    script = [Says("Three days."), Says('{"city": "Oslo"}')]
    with scripted(tmp_path, agents(), *script) as (url, server), client(url, max_retries=2) as opened:
        with pytest.raises(openai.InternalServerError, match='"days" is a required property') as failed:
            opened.chat.completions.create(
                model="travel", messages=[{"role": "user", "content": "A trip"}], response_format=WANTED
            )
        assert len(server.requests) == 2

    assert (failed.value.status_code, failed.value.code) == (502, "response_format_failed")
    assert failed.value.response.headers["x-should-retry"] == "false"


def test_a_stream_sends_nothing_that_is_not_valid(tmp_path):
    with (
        scripted(tmp_path, agents(), Says("Three days."), Says("Four days.")) as (url, _),
        pytest.raises(openai.InternalServerError) as failed,
    ):
        ask(url, "A trip", response_format=WANTED, stream=True)

    assert failed.value.code == "response_format_failed"


def test_a_model_without_formats_answers_too(tmp_path):
    with scripted(tmp_path, agents(), Fails(400, message="response_format?"), Says(GOOD)) as (url, server):
        answer = ask(url, "A trip", response_format={"type": "json_object"})

    assert answer.choices[0].message.content == GOOD
    assert server.requests[0]["response_format"] == {"type": "json_object"}
    assert "response_format" not in server.requests[1]


def test_the_offline_model_keeps_to_a_format(tmp_path):
    with served(tmp_path, agents()) as url:
        for model in ("travel", "desk", "both"):
            answer = json.loads(ask(url, "3 days", model=model, response_format=WANTED).choices[0].message.content)
            assert answer["days"] == 3


def test_a_refusal_is_a_refusal_in_a_stream(tmp_path):
    with scripted(tmp_path, agents(), streams({"refusal": "I cannot "}, {"refusal": "do that."})) as (url, _):
        chunks = ask(url, "A trip", stream=True, response_format=WANTED)

    assert [chunk.choices[0].delta.refusal for chunk in chunks if chunk.choices[0].delta.refusal] == [
        "I cannot do that."
    ]


def test_a_system_message_may_come_last(tmp_path):
    with scripted(tmp_path, agents(), Says("Oslo.")) as (url, server):
        ask(url, "A trip", {"role": "system", "content": "Be brief."})

    assert [message["role"] for message in server.requests[0]["messages"]] == ["system", "user", "user"]
    assert server.requests[0]["messages"][-1]["content"] == "A trip"
    assert "Be brief." in server.requests[0]["messages"][1]["content"]


def test_an_agent_begins_where_there_are_only_instructions(tmp_path):
    more = {"metadata": {"conversation": "c-1"}}
    with scripted(tmp_path, agents(), Says("Welcome."), Says("Oslo.")) as (url, server):
        answer = ask(url, {"role": "developer", "content": "Greet."}, **more)
        ask(url, "A trip", **more)

    assert answer.choices[0].message.content == "Welcome."
    assert "has not said anything yet" in server.requests[0]["messages"][-1]["content"]
    assert [message["content"] for message in server.requests[1]["messages"][1:]] == ["Welcome.", "A trip"]


def test_a_model_that_is_down_is_an_error_through_a_team_too(tmp_path):
    for status, code in ((503, 503), (401, 502)):
        with scripted(tmp_path, agents(), then=Fails(status)) as (url, _):
            for model in ("travel", "desk", "both"):
                with pytest.raises(openai.APIStatusError) as failed:
                    ask(url, "trips", model=model)
                assert failed.value.status_code == code


def text_of(answer, *, stream):
    if not stream:
        return answer.choices[0].message.content
    pieces = [chunk.choices[0].delta.content for chunk in answer]
    return "".join(filter(None, pieces))
