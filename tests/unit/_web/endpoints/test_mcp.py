"""The Model Context Protocol at an agent's route."""

from __future__ import annotations

import pytest
from asking import ask

from agenthost import AgentBase, AgentServer, FunctionResult

UNREADABLE = 'The arguments cannot be read. Send one JSON object: {"a": <an integer>, "b": <an integer>}'
PAIR = ("agenthost", "correct horse battery staple")


@pytest.fixture
def app(monkeypatch, tmp_path):
    """A host of two agents, of which one has opened the protocol."""
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("AGENTHOST_PASSWORD", PAIR[1])

    def add(args, raw_data):
        return FunctionResult(f"{args['a'] + args['b']}")

    def fail(args, raw_data):
        raise ValueError

    numbers = {"a": {"type": "integer"}, "b": {"type": "integer"}}
    opened = AgentBase("opened").enable_mcp_server()
    opened.define_tool("add", "Adds.", numbers, add, required=["a", "b"])
    opened.define_tool("fail", "Fails.", {}, fail)
    server = AgentServer()
    server.register(opened, "/opened")
    server.register(AgentBase("closed"), "/closed")
    return server.app


def post(app, path, body, auth=PAIR):
    """One request to the host."""
    return ask(app, "POST", path, auth=auth, json=body)


def message(method, **params):
    """A request of JSON-RPC."""
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def test_handshake(app):
    """A client receives the protocol version, the capabilities and the server's name."""
    result = post(app, "/opened/mcp", message("initialize")).json()["result"]
    assert result["protocolVersion"] == "2025-06-18"
    assert result["capabilities"] == {"tools": {}}
    assert result["serverInfo"]["name"] == "opened"
    assert post(app, "/opened/mcp", message("ping")).json() == {"jsonrpc": "2.0", "id": 7, "result": {}}
    assert post(app, "/opened/mcp", message("notifications/initialized")).status_code == 202


def test_tools_are_listed_with_their_schemas(app):
    """A client sees what a model sees."""
    tools = post(app, "/opened/mcp", message("tools/list")).json()["result"]["tools"]
    assert [tool["name"] for tool in tools] == ["add", "fail"]
    assert tools[0]["inputSchema"]["required"] == ["a", "b"]


@pytest.mark.parametrize(
    ("params", "text", "failed"),
    [
        ({"name": "add", "arguments": {"a": 1, "b": "2"}}, "3", False),
        ({"name": "add", "arguments": {"a": 1}}, "b is missing; it must be an integer", True),
        ({"name": "add", "arguments": '{"a": 1, "b": 2}'}, "3", False),
        ({"name": "add", "arguments": [1]}, UNREADABLE, True),
        ({"name": "add", "arguments": "1 and 2"}, UNREADABLE, True),
        ({"name": "add-numbers"}, "There is no tool called add-numbers. There are: add, fail.", True),
        ({"name": "fail"}, "I'm sorry, something went wrong on my side. Please try again in a moment.", True),
    ],
)
def test_tools_are_called(app, params, text, failed):
    """A tool runs with checked arguments, and what it raises stays inside."""
    result = post(app, "/opened/mcp", message("tools/call", **params)).json()["result"]
    assert result == {"content": [{"type": "text", "text": text}], "isError": failed}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 7, "method": 5}, -32600),
        (message("resources/list"), -32601),
        (message("tools/call"), -32602),
        (message("tools/call", name=["add"]), -32602),
        ({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": [1]}, -32602),
    ],
)
def test_mistakes_have_the_codes_of_json_rpc(app, body, code):
    """A mistake is answered, not raised."""
    assert post(app, "/opened/mcp", body).json()["error"]["code"] == code


def test_only_an_agent_that_opens_it_has_it(app):
    """Other agents return 404.

    The endpoint requires credentials.
    """
    assert post(app, "/closed/mcp", message("ping")).status_code == 404
    assert post(app, "/opened/mcp", message("ping"), auth=None).status_code == 401
