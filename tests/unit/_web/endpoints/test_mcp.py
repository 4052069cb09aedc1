"""The endpoint of the Model Context Protocol, without and with a plugin that serves it."""

from __future__ import annotations

import json

import pytest
from asking import ask
from attrs import evolve
from plans import built

from agenthost import AgentBase, AgentServer, McpServer
from agenthost._host.config.load import load_config
from agenthost._host.packages.stages import Extensions
from agenthost._host.plan.load import load_for_program

PAIR = ("agenthost", "correct horse battery staple")
PING = {"jsonrpc": "2.0", "id": 7, "method": "ping"}


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """Serve an agent that has enabled the protocol, and one that has not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("AGENTHOST_PASSWORD", PAIR[1])

    def go(*servers):
        """Each of the servers is offered by an installed plugin."""
        monkeypatch.setattr(
            Extensions,
            "with_hooks",
            lambda self, _, hooks: evolve(self, mcp_servers=tuple(servers)) if "mcp_servers" in hooks else self,
        )
        server = AgentServer()
        server.register(AgentBase("opened").enable_mcp_server(), "/opened")
        server.register(AgentBase("closed"), "/closed")
        return server.app

    return go


def post(app, path, auth=PAIR):
    """Send a request of the protocol."""
    return ask(app, "POST", path, auth=auth, json=PING)


async def pong(offer, request):
    """Answer with the agents of the offer."""
    names = [agent.key for agent in offer.agents]
    return 200, [(b"content-type", b"application/json")], json.dumps(names).encode()


def test_without_a_plugin_the_answer_says_what_to_install(serve):
    app = serve()
    answer = post(app, "/opened/mcp")
    assert answer.status_code == 501
    assert answer.json()["error"].endswith("fix: pip install agenthost-mcp")
    assert post(app, "/v1/mcp").status_code == 404


def test_a_program_uses_the_server_of_an_installed_plugin(serve):
    """Without further code, as one of its agents has enabled the protocol."""
    app = serve(("installed", McpServer("mcp", pong)))
    assert post(app, "/opened/mcp").json() == ["opened"]
    assert post(app, "/v1/mcp").json() == ["closed", "opened"]


def test_only_an_agent_that_enables_it_has_it(serve):
    """Other agents return 404. The endpoint requires credentials."""
    app = serve(("installed", McpServer("mcp", pong)))
    assert post(app, "/closed/mcp").status_code == 404
    assert post(app, "/opened/mcp", auth=None).status_code == 401


def test_a_missing_server_is_reported_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(Extensions, "with_hooks", lambda self, *_: self)
    config = load_config(None, {"AGENTHOST_PASSWORD": "x", "AGENTHOST_STATE_DIR": str(tmp_path)})
    opened = AgentBase("opened", "/opened").enable_mcp_server()
    [warning] = load_for_program(config, built(opened)).warnings
    assert warning.startswith("agent 'opened' calls enable_mcp_server, and no plugin serves its clients. fix: ")
    assert load_for_program(config, built(AgentBase("closed", "/closed"))).warnings == ()
