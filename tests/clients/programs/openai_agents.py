"""OpenAI Agents SDK with its default settings: responses."""

from __future__ import annotations

import asyncio
import os

from agents import Agent, Runner, SQLiteSession, function_tool, set_default_openai_client, set_tracing_disabled
from openai import AsyncOpenAI
from wanted import Trip

set_tracing_disabled(disabled=True)


def connect():
    """Use a client of this event loop: connections of another one cannot be used."""
    client = AsyncOpenAI(base_url=os.environ["AGENTHOST_URL"], api_key=os.environ["AGENTHOST_PASSWORD"])
    set_default_openai_client(client, use_for_tracing=False)


@function_tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


def agent(**options):
    return Agent(name="assistant", instructions="Be brief.", model="shop", **options)


def run(said, started=None, **options):
    connect()
    return Runner.run_sync(started or agent(), said, **options)


def chat():
    assert run("Hello").final_output == "You have written 1 times."
    assert "kite, order number" in run("Order kite").final_output


def stream():
    async def streamed():
        connect()
        result = Runner.run_streamed(agent(), "Hello")
        deltas = [
            event.data.delta
            async for event in result.stream_events()
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
        ]
        return deltas, result.final_output

    deltas, final = asyncio.run(streamed())
    assert len(deltas) > 3
    assert "".join(deltas) == final == "You have written 1 times."


def tools():
    assert run("The weather?", agent(tools=[weather])).final_output == "The result is: rain in Oslo."
    other = Agent(name="billing", model="shop", handoff_description="Bills")
    assert run("Hello", agent(handoffs=[other])).last_agent.name == "assistant"


def structured():
    assert run("A trip", agent(output_type=Trip)).final_output == Trip(city="Oslo", days=3)


def retry():
    assert run("flaky agents sdk").final_output == "You have written 1 times."


def resend():
    first = run("Hello")
    assert (
        run([*first.to_input_list(), {"role": "user", "content": "Again"}]).final_output == "You have written 2 times."
    )
    assert run("Again", previous_response_id=first.last_response_id).final_output == "You have written 2 times."
    session = SQLiteSession("one")
    run("Hello", session=session)
    assert run("Again", session=session).final_output == "You have written 2 times."
