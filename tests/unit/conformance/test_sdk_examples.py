"""Agents in the style of the SDK's examples respond as under the SDK.

See tests/data/sdk_examples/README.md.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from agenthost import AgentServer

FOLDER = Path(__file__).parents[2] / "data" / "sdk_examples"
_spec = importlib.util.spec_from_file_location("sdk_examples_render", FOLDER / "render.py")
render = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(render)

ASKED = {
    "function": "look_up",
    "argument": {"parsed": [{"number": "12"}], "raw": '{"number": "12"}'},
    "call_id": "call-1",
    "caller_id_num": "+15550100",
}
KNOWN = {"title": "Known questions", "body": "What are your hours?\nNine to five."}
AI = "/documents//sections/main/1/ai"
ELSEWHERE = "the address that an author sets holds for every tool without one of its own; the SDK ignores it"
NO_PROMPT = "a prompt without a word is no prompt: the agent is introduced by its name, also beside contexts"
JUDGED = {
    ("typed_tools", f"{AI}/SWAIG/functions in order"): (
        "decorated tools stand in the order of their definition; the SDK sorts them by the names of their methods",
        ["cancel", "number", "hours", "order", "status"],
        ["order", "cancel", "status", "number", "hours"],
    ),
    ("default_url", f"{AI}/SWAIG/functions/secure/web_hook_url"): (
        f"{ELSEWHERE}; the token goes along",
        "https://user:pass@agent.example/elsewhere/swaig/?__token=<TOKEN>",
        "https://api.example.com/swaig?__token=<TOKEN>",
    ),
    ("default_url", f"{AI}/SWAIG/defaults/web_hook_url"): (
        ELSEWHERE,
        "https://user:pass@agent.example/elsewhere/swaig/",
        "https://api.example.com/swaig",
    ),
    ("outline", f"{AI}/prompt/pom"): (NO_PROMPT, [], None),
    ("outline", f"{AI}/prompt/text"): (NO_PROMPT, None, "You are outline, a helpful AI assistant."),
    ("outline", "/answers/0/2/response"): (
        "a handler whose parameters are properties of its schema gets them by name; the SDK passes both dictionaries",
        f"Account {{'number': '12'}}, deep {ASKED}.",
        "Account 12, deep False.",
    ),
    ("placeholder", f"{AI}/prompt/pom"): (
        "a section that says nothing is left out; the SDK sends its title alone, which the platform's schema refuses",
        [{"title": "Goal", "body": "Answer from what you know."}, {"title": "Knowledge"}, KNOWN],
        [{"title": "Goal", "body": "Answer from what you know."}, KNOWN],
    ),
}
"""Differences: example and place, with the reason, what the SDK answers there, and what we do."""


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    """Set credentials and address as under the SDK, without the user's variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWML_BASIC_AUTH_USER", "user")
    monkeypatch.setenv("SWML_BASIC_AUTH_PASSWORD", "pass")
    monkeypatch.setenv("SWML_PROXY_URL_BASE", "https://agent.example")
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "for tests")


def served(agent):
    server = AgentServer()
    server.register(agent)
    return server.app


def differences(expected, actual, place=""):
    """Yield the places at which two JSON values differ, with both values.

    A missing value is None.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            yield from differences(expected.get(key), actual.get(key), f"{place}/{key}")
    elif place.endswith("/SWAIG/functions") and isinstance(actual, list):
        named = [{function.get("function"): function for function in functions} for functions in (expected, actual)]
        yield from differences(*named, place)
        if [*named[0]] != [*named[1]]:
            yield f"{place} in order", [*named[0]], [*named[1]]
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{place}/{index}")
    elif expected != actual or isinstance(expected, bool) is not isinstance(actual, bool):
        yield place, expected, actual


@pytest.mark.parametrize("example", render.EXAMPLES)
def test_an_example_answers_as_it_does_under_the_sdk(example, monkeypatch):
    """Documents and tool answers differ only as judged."""
    expected = json.loads((FOLDER / "expected" / f"{example}.json").read_text(encoding="utf-8"))

    actual = render.rendered(example, "agenthost", served)

    judged = [(place, theirs, ours) for (name, place), (_, theirs, ours) in JUDGED.items() if name == example]
    assert judged == list(differences(expected, actual))


def test_there_are_a_dozen():
    assert len(render.EXAMPLES) >= 12
    assert {path.stem for path in (FOLDER / "expected").glob("*.json")} == {*render.EXAMPLES}
    assert {name for name, _ in JUDGED} <= {*render.EXAMPLES}
