"""openai for Python, chat completions."""

from __future__ import annotations

import os

import openai
from wanted import WEATHER, Trip

client = openai.OpenAI(base_url=os.environ["AGENTHOST_URL"], api_key=os.environ["AGENTHOST_PASSWORD"])
TOOL = {"type": "function", "function": WEATHER}


def ask(*messages, **options):
    said = [{"role": "user", "content": each} if isinstance(each, str) else each for each in messages]
    return client.chat.completions.create(model="shop", messages=said, **options)


def chat():
    assert ask("Hello").choices[0].message.content == "You have written 1 times."
    assert "kite, order number" in ask("Order kite").choices[0].message.content


def stream():
    chunks = [chunk.choices[0].delta.content or "" for chunk in ask("Hello", stream=True) if chunk.choices]
    assert len(chunks) > 3
    assert "".join(chunks) == "You have written 1 times."


def tools():
    message = ask("The weather?", tools=[TOOL]).choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"}
    assert ask("The weather?", message.model_dump(), result, tools=[TOOL]).choices[0].message.content == (
        "The result is: rain."
    )


def structured():
    said = [{"role": "user", "content": "A trip"}]
    parsed = client.chat.completions.parse(model="shop", messages=said, response_format=Trip)
    assert parsed.choices[0].message.parsed == Trip(city="Oslo", days=3)


def ordered(text):
    return int(ask(text).choices[0].message.content.rstrip(".").rpartition(" ")[2])


def retry():
    assert ask("flaky openai chat").choices[0].message.content == "You have written 1 times."
    before = ordered("Order a bell")
    headers = {}
    try:
        ordered("Order a late kite")
    except openai.InternalServerError as error:
        headers = error.response.headers
    assert headers.get("x-should-retry") == "false"  # the order is placed
    assert (ordered("Order a late kite"), ordered("Order a lamp")) == (before + 1, before + 2)


def resend():
    first = ask("Hello").choices[0].message
    assert ask("Hello", first.model_dump(), "Again").choices[0].message.content == "You have written 2 times."
