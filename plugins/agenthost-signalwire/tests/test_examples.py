"""The examples of the SDK's wheel are served without a change, with their own documents."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import signalwire
from agenthost_signalwire import SignalWire
from signalwire import AgentBase, AgentServer

from agenthost import DefinitionError
from agenthost.agent.base import seal
from agenthost.agent.per_call import render_per_call

adapt_agent = SignalWire().adapt_agent
EXAMPLES = Path(signalwire.__file__).parent / "_docs" / "examples"
BASE = "https://u:p@h.example"
OTHERS = re.compile(
    r"^\s*(?:from|import) signalwire\.(?:relay|rest|livewire|core\.swml)|SearchService|include_router",
    re.MULTILINE,
)
LEAST = 43
"""Examples that serve agents."""
SETTINGS = {
    "SWML_BASIC_AUTH_USER": "u",
    "SWML_BASIC_AUTH_PASSWORD": "p",
    "SIGNALWIRE_SPACE_NAME": "space",
    "SIGNALWIRE_PROJECT_ID": "project",
    "SIGNALWIRE_API_TOKEN": "t",
    "DATASPHERE_DOCUMENT_ID": "document",
    "API_NINJAS_KEY": "k",
    "WEATHER_API_KEY": "k",
    "GOOGLE_SEARCH_API_KEY": "k",
    "GOOGLE_SEARCH_ENGINE_ID": "e",
}
"""Credentials of other services, which the examples read when they start, and never use here."""


def served(text, monkeypatch):
    """Run a program, and return the agents that it serves or only defines."""
    found = []
    names = {"__name__": "__main__", "__file__": "program.py"}
    monkeypatch.setattr(AgentBase, "run", lambda agent, *_args, **_options: found.append(agent))
    monkeypatch.setattr(AgentBase, "serve", lambda agent, *_args, **_options: found.append(agent))
    monkeypatch.setattr(
        AgentServer, "run", lambda server, *_args, **_options: found.extend(each for _, each in server.get_agents())
    )
    monkeypatch.setattr(sys, "argv", ["program.py"])
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit, ImportError, ValueError):
        exec(compile(text, "program.py", "exec"), names)  # noqa: S102
    return found or list({id(each): each for each in names.values() if isinstance(each, AgentBase)}.values())


def examples():
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.py"))}
    return {name: text for name, text in sources.items() if not OTHERS.search(text)}


def theirs(agent):
    """The document of the SDK itself."""
    request = SimpleNamespace(query_params={}, headers={}, method="POST")
    changes = agent.on_swml_request(None, None, request)
    return json.loads(agent._render_swml("call", changes))


def without_urls(value):
    """Return a document without the URLs that belong to whoever serves it."""
    own = ("web_hook_url", "post_prompt_url", "debug_webhook_url")
    if isinstance(value, dict):
        return {key: without_urls(inner) for key, inner in value.items() if key not in own}
    return [without_urls(each) for each in value] if isinstance(value, list) else value


def test_they_have_their_own_documents(monkeypatch, tmp_path):
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    done, different, rejected = [], [], []
    for name, text in examples().items():
        for agent in served(text, monkeypatch):
            expected = without_urls(theirs(agent))
            try:
                adapted = adapt_agent(agent).agent
            except DefinitionError as error:
                rejected.append((name, str(error).partition(":")[0]))
                continue
            seal(adapted)
            rendered = render_per_call(adapted, BASE, lambda _: "T", str, {}, {}, {})
            document = without_urls(json.loads(rendered))
            (done if document == expected else different).append(name)
            assert b"adapted.invalid" not in rendered

    assert different == []
    assert rejected == [
        ("bedrock_agent_run", "tool name 'Get the current time'"),
        ("bedrock_agent_test", "tool name 'Get the current weather for a location'"),
        ("lambda_agent", "tool name 'Get the current time'"),
    ]
    assert len(set(done)) >= LEAST


@pytest.fixture(autouse=True)
def loop():
    """Mangum, which an example uses, would make one and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.parametrize("name", ["quickstart_agent"])
def test_there_are_examples(name):
    assert name in examples()
