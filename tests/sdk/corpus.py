"""The example programs of the SDK, read from its wheel, and their documents."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import sys
from importlib import import_module
from importlib.resources import as_file, files
from unittest.mock import patch

import httpx

__all__ = ["documents", "examples", "moved", "normal", "plain"]

_CORE = r"(?:\.core\.(?:contexts|data_map|function_result|logging_config))?"
_MOVED = re.compile(rf"^(\s*)from signalwire{_CORE} import", re.MULTILINE)
_ELSEWHERE = re.compile(
    r"^\s*(?:from|import) signalwire\.(?:ai_chat|livewire|prefabs|relay|rest|search|skills|core\.swml)"
    r"|import BedrockAgent|\.add_skill\(",
    re.MULTILINE,
)
"""Marks of programs that are more than agents.

They use other parts of the SDK, or its skills.
"""
_BASE = "https://u:p@host.example"
_VARIABLES = {
    "SWML_BASIC_AUTH_USER": "u",
    "SWML_BASIC_AUTH_PASSWORD": "p",
    "SWML_PROXY_URL_BASE": "https://host.example",
    "SIGNALWIRE_SWAIG_SECRET": "k" * 40,
    "API_NINJAS_KEY": "k",
}


def examples():
    """Return the sources of the examples by name."""
    with as_file(files("signalwire") / "_docs" / "examples") as folder:
        return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}


def plain():
    """Return the examples that use nothing but agents, tools, contexts and results."""
    return {name: text for name, text in examples().items() if not _ELSEWHERE.search(text) and _MOVED.search(text)}


def moved(text):
    """Return a program with its imports changed."""
    return _MOVED.sub(r"\1from agenthost import", text)


def documents(text, package):
    """Run a program, and return the documents of its agents, by route.

    Args:
        text: its source.
        package: ``signalwire`` or ``agenthost``.

    """
    served = {}
    one = _of_ours if package == "agenthost" else _of_theirs
    module = import_module(package)

    def alone(agent, *_args, **_options):
        served[agent.route or "/"] = one(agent)

    def application(app, *_args, **_options):
        served["/swml"] = _answered(app)

    def together(server, *_args, **_options):
        served.update((route, one(agent)) for route, agent in server.get_agents())

    agent, server = module.AgentBase, module.AgentServer
    with (
        patch.dict(os.environ, _VARIABLES),
        patch.object(agent, "run", alone),
        patch.object(agent, "serve", alone),
        patch.object(server, "run", together),
        patch("uvicorn.run", application),
        patch.object(sys, "argv", ["program.py"]),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        exec(compile(text, "program.py", "exec"), {"__name__": "__main__", "__file__": "program.py"})  # noqa: S102
    return served


def _of_ours(agent):
    from agenthost.agent.base import declared, seal  # noqa: PLC0415 - after the environment
    from agenthost.agent.per_call import render_per_call  # noqa: PLC0415

    base = _BASE + ("" if agent.route == "/" else agent.route)
    template = seal(agent)
    if declared(agent).per_call:
        rendered = render_per_call(agent, base, lambda _: "T", lambda name: f"{_BASE}/{name}", {}, {}, {})
    else:
        rendered = template.render(base.encode(), lambda _: b"T")
    return json.loads(rendered)


def _of_theirs(agent):
    callback = agent._dynamic_config_callback
    if callback is None:
        return json.loads(agent._render_swml("c"))
    copy = agent._create_ephemeral_copy()
    callback({}, {}, {}, copy)
    return json.loads(copy._render_swml("c"))


def _answered(app):
    """Return an agent's document in another framework's application, and its other pages."""

    async def answers():
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=_BASE, follow_redirects=True) as client,
        ):
            pages = [(await client.get(path)).text for path in ("/", "/health", "/static/file.txt")]
            facts = (await client.get("/api")).json()
            document = await client.post("/swml", json={"call_id": "c"})
            return {"document": document.json(), "pages": pages, "facts": {**facts, "timestamp": ""}}

    return asyncio.run(answers())


def normal(value, key=""):
    """Return a document without tokens, and with its tools as a set."""
    if isinstance(value, str):
        return re.sub(r"__token=[^&]*", "__token=T", value)
    if isinstance(value, dict):
        return {name: normal(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        items = [normal(inner) for inner in value]
        tools = key == "functions" and all(isinstance(each, dict) for each in items)
        return sorted(items, key=lambda each: each["function"]) if tools else items
    return value
