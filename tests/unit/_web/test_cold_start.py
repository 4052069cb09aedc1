"""A function of a serverless platform imports what its one request needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("mangum")

LEFT_OUT = (
    *("litestar", "uvicorn", "httptools", "uvloop", "click", "prometheus_client", "opentelemetry", "aiohttp"),
    *("docstring_parser", "importlib_metadata", "packaging", "sqlite3", "multiprocessing"),
    *("importlib.resources", "tempfile", "ctypes"),
    *("agenthost._host.text", "agenthost._web.app", "agenthost._web.at_once", "agenthost._web.endpoints.chat"),
    *("agenthost._web.endpoints.responses", "agenthost._web.endpoints.mcp", "agenthost._web.endpoints.sip"),
    *("agenthost._web.endpoints.post_prompt", "agenthost._host.telemetry.prometheus.families"),
    *("agenthost.workflows.router", "agenthost.conversation.matter", "agenthost.conversation.turns"),
    *("agenthost.builtin.classifying.lexical", "agenthost.builtin.escalating", "agenthost.builtin.offline.model"),
    *(
        "agenthost.builtin.openai_api.model",
        "agenthost._host.plan.configured_workflows",
        "agenthost._host.identity.turns",
    ),
)
"""Packages and modules that neither a document nor a tool call needs."""

_PROGRAM = '''
import base64, json, sys
from urllib.parse import urlsplit
from agenthost import AgentBase, FunctionResult

class Desk(AgentBase):
    """Answers."""

    def __init__(self):
        super().__init__(name="desk", route="/desk", basic_auth=("user", "a password"))
        self.prompt_add_section("Role", "You answer.")

    @AgentBase.tool(description="Say a price", parameters={"type": "object", "properties": {"of": {"type": "string"}}})
    def price(self, args, raw_data=None):
        return FunctionResult(f"{args['of']} is free")

def ask(path, query, body):
    credentials = base64.b64encode(b"user:a password").decode()
    headers = {"host": "function.example", "authorization": f"Basic {credentials}", "content-type": "application/json"}
    http = {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
    place = {"version": "2.0", "rawPath": path, "rawQueryString": query, "headers": headers}
    answer = desk.run({**place, "requestContext": {"http": http}, "body": json.dumps(body)}, None)
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"])

desk = Desk()
call = "7c1fd0c4-6c2b-4d5e-9a53-0f6a7b1c2d3e"
document = ask("/desk", "", {"call": {"call_id": call}})
[function] = document["sections"]["main"][1]["ai"]["SWAIG"]["functions"]
url = urlsplit(function["web_hook_url"])
body = {"function": "price", "argument": {"parsed": [{"of": "air"}]}, "call_id": call}
assert "air is free" in ask(url.path, url.query, body)["response"]
print(*sys.modules)
'''


@pytest.mark.slow
def test_document_and_tool_call_of_a_lambda_import_little(tmp_path):
    """Neither the document nor the tool call imports what other requests need."""
    finished = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert finished.returncode == 0, finished.stderr
    imported = finished.stdout.split()

    assert not [name for name in imported for left in LEFT_OUT if name == left or name.startswith(f"{left}.")]


_LIFESPAN = """
import asyncio, sys
from agenthost import AgentBase, AgentServer

server = AgentServer()
server.register(AgentBase("desk", "/desk"))

async def main():
    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    async def receive():
        return next(events)
    async def send(message):
        assert message["type"].endswith(".complete"), message
    await server.app({"type": "lifespan", "app": server.app, "state": {}}, receive, send)

asyncio.run(main())
print(*sys.modules)
"""


@pytest.mark.slow
def test_a_server_with_a_lifespan_imports_everything_before_its_first_request(tmp_path):
    """No caller waits for an import."""
    finished = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-c", _LIFESPAN], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert finished.returncode == 0, finished.stderr

    assert {"agenthost._web.at_once", "agenthost._web.endpoints.v1"} <= set(finished.stdout.split())
