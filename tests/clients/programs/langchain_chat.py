"""LangChain's ChatOpenAI, by chat completions and by responses."""

from __future__ import annotations

import os

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from wanted import Trip

options = {"base_url": os.environ["AGENTHOST_URL"], "api_key": os.environ["AGENTHOST_PASSWORD"], "model": "shop"}
models = [ChatOpenAI(**options), ChatOpenAI(**options, use_responses_api=True)]


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


def chat():
    for model in models:
        assert model.invoke("Hello").text == "You have written 1 times."
        assert "kite, order number" in model.invoke("Order kite").text


def stream():
    for model in models:
        chunks = [chunk.text for chunk in model.stream("Hello")]
        assert len([chunk for chunk in chunks if chunk]) > 3
        assert "".join(chunks) == "You have written 1 times."


def tools():
    for model in models:
        bound = model.bind_tools([weather])
        said = [HumanMessage("The weather?")]
        answer = bound.invoke(said)
        [call] = answer.tool_calls
        result = ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])
        assert bound.invoke([*said, answer, result]).text == "The result is: rain in Oslo."


def structured():
    for model in models:
        assert model.with_structured_output(Trip).invoke("A trip") == Trip(city="Oslo", days=3)
    by_tool = models[0].with_structured_output(Trip, method="function_calling")
    assert by_tool.invoke("A trip") == Trip(city="Oslo", days=3)


def retry():
    for number, model in enumerate(models):
        assert model.invoke(f"flaky langchain {number}").text == "You have written 1 times."


def resend():
    for model in models:
        answer = model.invoke("Hello")
        said = [HumanMessage("Hello"), answer, HumanMessage("Again")]
        assert model.invoke(said).text == "You have written 2 times."
