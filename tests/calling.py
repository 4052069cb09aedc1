"""Calls to a ``SwmlHost``, for tests of the simulated platform."""

from __future__ import annotations

import asyncio

from agenthost.testing.platform import Platform


def called(host, *script, options=None, route="/", caller="+15550100", turns=None, model=None):
    """Run a call, with each step of a script, and return it."""

    async def run():
        async with await Platform(host.client(), options, model=model).call(route, caller=caller, turns=turns) as call:
            for step in script:
                await step(call)
            return call

    return asyncio.run(run())


def tool(name, **arguments):
    return lambda call: call.tool(name, **arguments)


def say(text, *turns):
    return lambda call: call.say(text, *turns)


def wait(milliseconds, *turns):
    return lambda call: call.wait(milliseconds, *turns)


def hang_up(call):
    return call.hang_up("bye")


def spoken(call):
    return [event.data["text"] for event in call.trace.of("spoken")]


def codes(call):
    return [event.data["code"] for event in call.trace.findings]


def kinds(call, *names):
    return [event.kind for event in call.trace.of(*names)]


def steps(*entries, **context):
    """Return a prompt with one context."""
    return {"text": "Base.", "contexts": {"default": {"steps": list(entries), **context}}}


def play(text):
    return {"play": {"url": f"say:{text}"}}
