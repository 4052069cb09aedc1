"""Calls whose traces are kept, so that every Python gives the same bytes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from calling import called, steps
from swml_host import SwmlHost, ai, document, function

from agenthost.testing.platform import FunctionCall, ModelTurn, PlatformOptions, Stub
from agenthost.testing.scenarios import read_scenario, run_scenario

KEPT = Path(__file__).parents[3] / "data" / "traces"
DESK = KEPT / "desk.call.toml"


def test_the_trace_of_a_call_is_the_kept_one():
    """After a wanted change, write the new bytes to the file."""
    weather = {"url": "https://weather.example/*", "output": {"response": "${enc:city} ${t}"}}
    look = {"function": "look", "description": "Look.", "data_map": {"webhooks": [weather]}}
    prompt = steps(
        {"name": "a", "text": "A", "functions": ["book"]}, {"name": "b", "text": "B", "functions": ["look", "book"]}
    )
    book = function("book", fillers={"default": ["One moment.", "Wait.", "I look."]})
    there = {"SWML": document({"set": {"left": "${1 / 3}"}}, {"transfer": {"dest": "http://host.example/b"}})}
    host = SwmlHost(
        {"/": document({"set": {"x": "${call.from}"}}, ai(book, look, prompt=prompt)), "/b": document(ai(book))},
        {
            "book": lambda body: {
                "response": "Booked.",
                "action": [{"set_global_data": {"ü": 1e21, "n": [True, None, 1.5]}}, {"change_step": "b"}]
                if body["ai_session_id"] and "global_data" not in body
                else [there | {"transfer": True}],
            }
        },
    )
    options = PlatformOptions(seed=7, stubs=(Stub("https://weather.example/*", {"city": "Köln", "t": 2.5}),))
    call = called(
        host,
        lambda call: call.say("Hi", ModelTurn("Hello", (FunctionCall("book", {"n": 1}),)), ModelTurn("Done.")),
        lambda call: call.tool("look"),
        lambda call: call.tool("book"),
        lambda call: call.wait(12_000),
        lambda call: call.model(ModelTurn(calls=(FunctionCall("change_context", {"context": "default"}),))),
        lambda call: call.hang_up({"ok": True}),
        options=options,
    )

    assert call.trace.encode() == (KEPT / "golden.json").read_bytes()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_trace_of_a_scenario_is_the_kept_one(tmp_path, seed):
    """The caller spells, hesitates and changes its mind."""
    (tmp_path / "desk.py").write_bytes((KEPT / "desk.py").read_bytes())
    file = tmp_path / "desk.call.toml"
    file.write_text(DESK.read_text(encoding="utf-8").replace("seed = 0", f"seed = {seed}"), encoding="utf-8")
    [run] = asyncio.run(run_scenario(read_scenario(file))).runs

    assert not run.problems
    assert run.trace.encode() == (KEPT / f"desk-{seed}.json").read_bytes()
