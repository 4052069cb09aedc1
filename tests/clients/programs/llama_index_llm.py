"""LlamaIndex's OpenAILike."""

from __future__ import annotations

import asyncio
import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike
from wanted import Trip

llm = OpenAILike(
    model="shop",
    api_base=os.environ["AGENTHOST_URL"],
    api_key=os.environ["AGENTHOST_PASSWORD"],
    is_chat_model=True,
    is_function_calling_model=True,
)


def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


def ask(*said):
    return llm.chat([ChatMessage(role=role, content=text) for role, text in said]).message.content


def chat():
    assert ask(("user", "Hello")) == "You have written 1 times."
    assert "kite, order number" in ask(("user", "Order kite"))


def stream():
    pieces = [piece.delta for piece in llm.stream_chat([ChatMessage(role="user", content="Hello")])]
    assert len([piece for piece in pieces if piece]) > 3
    assert "".join(filter(None, pieces)) == "You have written 1 times."


def tools():
    async def run():
        return str(await FunctionAgent(tools=[weather], llm=llm).run("The weather?"))

    assert asyncio.run(run()) == "The result is: rain in Oslo."


def structured():
    made = llm.as_structured_llm(Trip).chat([ChatMessage(role="user", content="A trip")])
    assert made.raw == Trip(city="Oslo", days=3)


def retry():
    assert ask(("user", "flaky llama index")) == "You have written 1 times."


def resend():
    said = [("user", "Hello"), ("assistant", "You have written 1 times."), ("user", "Again")]
    assert ask(*said) == "You have written 2 times."
