"""openai for Python, responses."""

from __future__ import annotations

import os

import openai
from wanted import WEATHER, Trip

client = openai.OpenAI(base_url=os.environ["AGENTHOST_URL"], api_key=os.environ["AGENTHOST_PASSWORD"])
TOOL = {"type": "function", **WEATHER}


def ask(said, **options):
    return client.responses.create(model="shop", input=said, **options)


def chat():
    assert ask("Hello").output_text == "You have written 1 times."
    assert "kite, order number" in ask("Order kite").output_text


def stream():
    with client.responses.stream(model="shop", input="Hello") as events:
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert events.get_final_response().output_text == "".join(deltas) == "You have written 1 times."
    assert len(deltas) > 3


def tools():
    first = ask("The weather?", tools=[TOOL])
    result = {"type": "function_call_output", "call_id": first.output[0].call_id, "output": "rain"}
    assert ask([result], previous_response_id=first.id, tools=[TOOL]).output_text == "The result is: rain."


def structured():
    parsed = client.responses.parse(model="shop", input="A trip", text_format=Trip)
    assert parsed.output_parsed == Trip(city="Oslo", days=3)


def ordered(text):
    return int(ask(text).output_text.rstrip(".").rpartition(" ")[2])


def retry():
    assert ask("flaky openai responses").output_text == "You have written 1 times."
    before = ordered("Order a bell")
    headers = {}
    try:
        ordered("Order a late ball")
    except openai.InternalServerError as error:
        headers = error.response.headers
    assert headers.get("x-should-retry") == "false"  # the order is placed
    assert (ordered("Order a late ball"), ordered("Order a lamp")) == (before + 1, before + 2)


def resend():
    first = ask("Hello")
    assert ask("Again", previous_response_id=first.id).output_text == "You have written 2 times."
    said = [{"role": "user", "content": "Hello"}, *[item.model_dump() for item in first.output]]
    assert ask([*said, {"role": "user", "content": "Again"}]).output_text == "You have written 2 times."
