"""LiveKit's openai plugin."""

from __future__ import annotations

import asyncio
import os

from livekit.agents import llm as agents_llm
from livekit.agents.llm import ChatContext, function_tool
from livekit.plugins import openai
from wanted import Trip


@function_tool
async def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


def model():
    return openai.LLM(model="shop", base_url=os.environ["AGENTHOST_URL"], api_key=os.environ["AGENTHOST_PASSWORD"])


def run(context, **options):
    async def collected():
        texts, calls = [], []
        async with model() as started, started.chat(chat_ctx=context, **options) as stream:
            async for chunk in stream:
                if chunk.delta is not None:
                    texts += [chunk.delta.content] if chunk.delta.content else []
                    calls += chunk.delta.tool_calls or []
        return texts, calls

    return asyncio.run(collected())


def said(*messages):
    context = ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    for role, text in messages:
        context.add_message(role=role, content=text)
    return context


def chat():
    assert "kite, order number" in "".join(run(said(("user", "Order kite")))[0])
    assert run(said())[0]  # the agent begins


def stream():
    pieces, _ = run(said(("user", "Hello")))
    assert len(pieces) > 3
    assert "".join(pieces) == "You have written 1 times."


def tools():
    context = said(("user", "The weather?"))
    _, [call] = run(context, tools=[weather])
    context.items.append(agents_llm.FunctionCall(call_id=call.call_id, name=call.name, arguments=call.arguments))
    context.items.append(
        agents_llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output="rain", is_error=False)
    )
    assert "".join(run(context, tools=[weather])[0]) == "The result is: rain."


def structured():
    pieces, _ = run(said(("user", "A trip")), response_format=Trip)
    assert Trip.model_validate_json("".join(pieces)) == Trip(city="Oslo", days=3)


def retry():
    assert "".join(run(said(("user", "flaky livekit")))[0]) == "You have written 1 times."


def resend():
    history = [("user", "Hello"), ("assistant", "You have written 1 times."), ("user", "Again")]
    assert "".join(run(said(*history))[0]) == "You have written 2 times."
