"""A host on a real port for clients of ``/v1``."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import contextmanager

import openai
import pytest
import uvicorn

from agenthost import AgentServer
from agenthost.testing import ScriptedModel, Sends

PASSWORD = "for tests"


def configure(directory, toml=""):
    """Write the configuration of a host."""
    path = directory / "agenthost.toml"
    path.write_text(f'[host]\npassword = "{PASSWORD}"\nstate_dir = "state"\n{toml}', encoding="utf-8")
    path.chmod(0o600)


class _Prompt(uvicorn.Server):
    """A server that ends within milliseconds: uvicorn's own looks ten times a second."""

    async def main_loop(self):
        while not await self.on_tick(0):  # noqa: ASYNC110 - the flag is set by another thread
            await asyncio.sleep(0.005)


@contextmanager
def on_a_port(server, port=0):
    """Serve a program on a port, and yield the base URL of ``/v1``."""
    with socket.create_server(("127.0.0.1", port)) as opened:
        running = _Prompt(uvicorn.Config(server.app, lifespan="on", ws="none", log_config=None))
        thread = threading.Thread(target=lambda: asyncio.run(running.serve([opened])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{opened.getsockname()[1]}/v1"
        finally:
            running.should_exit = True
            thread.join(20)


@contextmanager
def served(directory, agents, toml="", port=0):
    """Serve agents on a port, and yield the base URL of ``/v1``."""
    configure(directory, toml)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        server = AgentServer()
        for agent in agents:
            server.register(agent)
        with on_a_port(server, port) as url:
            yield url


def model_at(url):
    """Return the configuration of a model that makes no second attempt."""
    return f'[models]\ndefault = "openai"\n[models.openai]\nurl = "{url}"\nretries = 0\n'


@contextmanager
def scripted(directory, agents, *script, then=None, more=""):
    """Serve agents whose model is a script, and yield the base URL and the model."""
    with ScriptedModel(*script, then=then) as model, served(directory, agents, model_at(model.url) + more) as url:
        yield url, model


def client(url, key=PASSWORD, **options):
    return openai.OpenAI(base_url=url, api_key=key, **{"max_retries": 0, "timeout": 20, **options})


def calls(*named, text=None):
    """Return a model's answer with several tool calls, each a name and arguments."""
    deltas = [{"content": text}] if text else []
    for index, (name, arguments) in enumerate(named):
        function = {"name": name, "arguments": json.dumps(arguments)}
        deltas.append({"tool_calls": [{"index": index, "id": f"c{index}", "type": "function", "function": function}]})
    return streams(*deltas, finish="tool_calls")


def streams(*deltas, finish="stop"):
    """Return a model's answer made of some deltas."""
    choices = [{"delta": delta, "finish_reason": None} for delta in deltas] + [{"delta": {}, "finish_reason": finish}]
    head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}
    chunks = "".join(f"data: {json.dumps({**head, 'choices': [{'index': 0, **choice}]})}\n\n" for choice in choices)
    return Sends(f"{chunks}data: [DONE]\n\n".encode(), "text/event-stream")
