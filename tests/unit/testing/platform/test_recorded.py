"""Everything that SignalWire's SDK emits, played through the simulated platform."""

from __future__ import annotations

import asyncio
import json

import pytest
from conformance import records
from swml_host import SwmlHost, ai, document, function

from agenthost.testing.platform import AsgiClient, Platform, PlatformOptions
from agenthost.testing.platform.ai.actions import ACTIONS, NOT_PERFORMED

IGNORED = {
    "play": "the SDK emits it, but the platform has no such action",
    "n": "a made-up name",
    "l": "a made-up name",
    "": "a made-up name",
    "int": "a made-up name",
}
"""Actions of the records that are findings, each with the reason."""
RESULTS = [record for record in records("actions") if isinstance(record["emitted_json"], dict)]
DOCUMENTS = [
    record["emitted"] for record in records("documents", kind="document") if isinstance(record.get("emitted"), dict)
]


def played(answer):
    """Return the trace of a call in which a function gives the answer."""
    steps = [{"name": name, "text": name} for name in ("s1", "s2", "step_2", "ünï")]
    prompt = {"text": "Base.", "contexts": {"default": {"steps": steps}, "ünï": {"steps": steps}}}
    host = SwmlHost({"/": document(ai(function("f"), prompt=prompt))}, {"f": answer})

    async def run():
        async with await Platform(host.client(), PlatformOptions(lenient=True)).call("/") as call:
            await call.tool("f")
            await call.hang_up("bye")
            return call.trace

    return asyncio.run(run())


def names_of(answer):
    listed = answer.get("action", [])
    return [name for action in (listed if isinstance(listed, list) else [listed]) for name in action]


def told(response):
    """Return the text for the model: JSON of everything that is not text."""
    if isinstance(response, dict) and "tool_result" in response:
        response = response["tool_result"]
    return response if isinstance(response, str) else "" if response is None else json.dumps(response)


@pytest.mark.parametrize("record", RESULTS, ids=lambda record: record["id"])
def test_each_action_has_its_effect_or_a_reason(record):
    answer = record["emitted_json"]
    trace = played(answer)
    performed = {event.data["action"] for event in trace.of("action", "action_skipped")}
    ignored = {event.data.get("action") for event in trace.findings}

    for name in names_of(answer):
        with_document = name == "transfer" and "SWML" in performed | ignored
        assert name in performed or name in ignored or with_document
        assert name in {*ACTIONS, *NOT_PERFORMED, *IGNORED}
    assert trace.of("tool")[0].data["response"] == told(answer.get("response"))


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_each_document_is_played(number):
    emitted = DOCUMENTS[number]

    class Sdk(SwmlHost):
        def client(self):
            return AsgiClient(self, "https://user:pass@agent.example")

    host = Sdk({"/": emitted, "/agent/post_prompt/": {"success": True}})

    async def run():
        async with await Platform(host.client()).call("/") as call:
            for name in call.tools:
                await call.tool(name)
            await call.hang_up("bye")
            return call

    call = asyncio.run(run())
    named = [verb for entry in emitted["sections"]["main"] for verb in entry]
    errors = [event.data["message"] for event in call.trace.of("script_error")]

    assert not [error for error in errors if "unknown method" in error]
    assert "ai" not in named or errors or len(call.trace.of("session_start")) == named.count("ai")


def exchanges():
    for record in records("http"):
        request = record["request"]
        body = request["body"]
        if record["status"] == 200 and isinstance(body, dict) and isinstance(body.get("argument"), dict):
            yield pytest.param(record, id=record["id"])


@pytest.mark.parametrize("record", list(exchanges()))
def test_each_recorded_exchange_of_a_function_replays(record):
    """The request has what the platform's had, and the answer reaches the model."""
    body, answer = record["request"]["body"], record["response"]
    described = {"parameters": {}, "description": body["description"]}
    called = "echo" if not body["function"].isidentifier() else body["function"]
    host = SwmlHost({"/": document(ai(function(called, **described), global_data={"k": 1}))}, {called: answer})

    async def run():
        async with await Platform(host.client()).call("/") as call:
            arguments = body["argument"].get("parsed")
            given = arguments[0] if isinstance(arguments, list) and arguments else {}
            return await call.tool(called, **(given if isinstance(given, dict) else {}))

    outcome = asyncio.run(run())
    [sent] = host.bodies(called)
    optional = {"args", "conversation_id", "caller_id_name", "argument"}

    assert {*body} - optional <= {*sent}
    assert sent["global_data"] == {"k": 1}
    if isinstance(answer.get("response"), str):
        assert outcome.response == answer["response"]
