"""LiteLLM, by chat completions and by responses."""

from __future__ import annotations

import os

import litellm
from wanted import WEATHER, Trip

options = {
    "model": "openai/shop",
    "api_base": os.environ["AGENTHOST_URL"],
    "api_key": os.environ["AGENTHOST_PASSWORD"],
}
TOOL = {"type": "function", "function": WEATHER}


def ask(*messages, **more):
    said = [{"role": "user", "content": each} if isinstance(each, str) else each for each in messages]
    return litellm.completion(messages=said, **options, **more)


def chat():
    assert ask("Hello").choices[0].message.content == "You have written 1 times."
    assert "kite, order number" in ask("Order kite").choices[0].message.content
    response = litellm.responses(input="Hello", **options)
    assert response.output[0].content[0].text == "You have written 1 times."


def stream():
    chunks = [chunk.choices[0].delta.content or "" for chunk in ask("Hello", stream=True)]
    assert len([chunk for chunk in chunks if chunk]) > 3
    assert "".join(chunks) == "You have written 1 times."


def tools():
    message = ask("The weather?", tools=[TOOL]).choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"}
    answer = ask("The weather?", message.model_dump(), result, tools=[TOOL])
    assert answer.choices[0].message.content == "The result is: rain."


def structured():
    text = ask("A trip", response_format=Trip).choices[0].message.content
    assert Trip.model_validate_json(text) == Trip(city="Oslo", days=3)


def retry():
    assert ask("flaky litellm", num_retries=2).choices[0].message.content == "You have written 1 times."


def resend():
    first = ask("Hello").choices[0].message
    assert ask("Hello", first.model_dump(), "Again").choices[0].message.content == "You have written 2 times."
