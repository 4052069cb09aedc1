"""The examples of the SDK's wheel are served without a change, with their own documents."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from importlib.resources import as_file, files
from types import SimpleNamespace

import pytest
from agenthost_signalwire import SignalWire
from signalwire import AgentBase, AgentServer

from agenthost import DefinitionError
from agenthost.agent.base import seal
from agenthost.agent.per_call import render_per_call

adapt_agent = SignalWire().adapt_agent
BASE = "https://u:p@h.example"
OTHERS = re.compile(
    r"^\s*(?:from|import) signalwire\.(?:relay|rest|livewire|core\.swml)|SearchService|include_router",
    re.MULTILINE,
)
LEAST = 34
"""Most examples serve agents. The others need keys, a server or another part of the SDK."""


def served(text, monkeypatch):
    """Run a program, and return the agents that it would serve."""
    found = []
    monkeypatch.setattr(AgentBase, "run", lambda agent, *_args, **_options: found.append(agent))
    monkeypatch.setattr(AgentBase, "serve", lambda agent, *_args, **_options: found.append(agent))
    monkeypatch.setattr(
        AgentServer, "run", lambda server, *_args, **_options: found.extend(each for _, each in server.get_agents())
    )
    monkeypatch.setattr(sys, "argv", ["program.py"])
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit, ImportError, ValueError):
        exec(compile(text, "program.py", "exec"), {"__name__": "__main__", "__file__": "program.py"})  # noqa: S102
    return found


def examples():
    with as_file(files("signalwire") / "_docs" / "examples") as folder:
        sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
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


def test_they_have_their_own_documents(monkeypatch):
    for name, value in (("SWML_BASIC_AUTH_USER", "u"), ("SWML_BASIC_AUTH_PASSWORD", "p")):
        monkeypatch.setenv(name, value)
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
    assert rejected == [("bedrock_agent_run", "tool name 'Get the current time'")]
    assert len(set(done)) >= LEAST


@pytest.mark.parametrize("name", ["quickstart_agent"])
def test_there_are_examples(name):
    assert name in examples()
