"""Pydantic AI, by chat completions and by responses."""

from __future__ import annotations

import asyncio
import os

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from wanted import Trip


def provider():
    return OpenAIProvider(base_url=os.environ["AGENTHOST_URL"], api_key=os.environ["AGENTHOST_PASSWORD"])


def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


def agents(**options):
    models = [OpenAIChatModel("shop", provider=provider()), OpenAIResponsesModel("shop", provider=provider())]
    return [Agent(model, instructions="Be brief.", **options) for model in models]


def chat():
    for agent in agents():
        assert agent.run_sync("Hello").output == "You have written 1 times."
        assert "kite, order number" in agent.run_sync("Order kite").output


def stream():
    async def streamed(agent):
        async with agent.run_stream("Hello") as result:
            return [piece async for piece in result.stream_text(delta=True, debounce_by=None)]

    for agent in agents():
        pieces = asyncio.run(streamed(agent))
        assert len(pieces) > 3
        assert "".join(pieces) == "You have written 1 times."


def tools():
    for agent in agents(tools=[weather]):
        assert agent.run_sync("The weather?").output == "The result is: rain in Oslo."


def structured():
    for agent in agents(output_type=Trip):
        assert agent.run_sync("A trip").output == Trip(city="Oslo", days=3)


def retry():
    for number, agent in enumerate(agents()):
        assert agent.run_sync(f"flaky pydantic ai {number}").output == "You have written 1 times."


def resend():
    for agent in agents():
        first = agent.run_sync("Hello")
        assert agent.run_sync("Again", message_history=first.all_messages()).output == "You have written 2 times."
