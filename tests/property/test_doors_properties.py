"""Doors: any headers, credentials and messages have an orderly answer."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from asking import ask
from attrs import evolve
from hypothesis import HealthCheck, given, settings, strategies as st
from workplaces import work_in

from agenthost import AgentBase, AgentServer, McpServer
from agenthost._host.access.call_credentials import call_userinfo

HOST = ("agenthost", "for tests of doors")
FILE = f"""
[host]
password = "{HOST[1]}"
failed_logins = 0
webhook_keys = ["a key of the platform"]
signed_requests = []
[agents.hidden]
user = "other"
password = "of hidden alone, long"
[keys.one]
secret = "the-secret-of-the-key-one"
agents = ["desk"]
scopes = ["call", "text"]
"""
DOORS = ("/desk", "/desk/swaig", "/desk/mcp", "/sip", "/desk/sip", "/v1/mcp", "/v1/responses", "/v1/chat/completions")
HEADERS = st.sampled_from(
    [
        *("accept", "agenthost-conversation", "authorization", "content-type", "forwarded", "idempotency-key"),
        *("mcp-protocol-version", "origin", "x-conversation-id", "x-forwarded-for", "x-forwarded-host"),
        *("x-signalwire-sha256-signature", "x-signalwire-signature", "x-stainless-retry-count"),
    ]
)
VALUES = st.sampled_from([b"null", b"http://[", b"http://\xff", b"\xc3\xa9", b"1" * 400, b"Basic", b"Bearer ~"])
VALUES |= st.binary(max_size=30).map(lambda value: bytes(each for each in value if each not in b"\0\r\n").strip())
EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
METHODS = st.sampled_from(["initialize", "ping", "tools/list", "tools/call", "notifications/x", "x"])
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": JSON,
        "method": METHODS | JSON,
        "params": JSON | st.fixed_dictionaries({"name": st.just("price") | JSON, "arguments": JSON}),
    },
)


class Desk(AgentBase):
    """Sells."""

    def __init__(self, name):
        super().__init__(name, f"/{name}", sip=(name,))
        self.enable_mcp_server()

    @AgentBase.tool(secure=False)
    async def price(self, number: int = 1) -> str:
        """Tell the price."""
        return f"${number}"


@pytest.fixture
def app(tmp_path, monkeypatch):
    work_in(tmp_path, monkeypatch, FILE)
    server = AgentServer()
    for name in ("desk", "hidden"):
        server.register(Desk(name))
    server.setup_sip_routing()
    ask(server.app, "GET", "/live")
    return server.app


async def list_agents(offer, _):
    return 200, [(b"content-type", b"application/json")], json.dumps([each.key for each in offer.agents]).encode()


def offer_mcp(app):
    """Let a plugin answer clients of MCP."""
    plan = app.runtime.published.plan
    offered = (("test", McpServer("test", list_agents)),)
    app.publish(evolve(plan, extensions=evolve(plan.extensions, mcp_servers=offered)))


@pytest.mark.parametrize("of_plugin", [False, True])
def test_any_header_has_an_orderly_answer(app, of_plugin):
    if of_plugin:
        offer_mcp(app)

    @EXAMPLES
    @given(st.sampled_from(DOORS), HEADERS, VALUES)
    def check(door, name, value):
        answer = ask(app, "POST", door, auth=None if name == "authorization" else HOST, json={}, headers={name: value})
        assert answer.status_code < 500 or (answer.status_code == 501 and not of_plugin)  # nobody serves MCP

    check()


def test_any_credentials_open_nothing(app):
    """They consist of parts of those of a call, a key and an agent."""
    offer_mcp(app)
    user, _, password = call_userinfo(app.runtime.published.tokens["/desk"], "/desk", "c-1").partition(":")
    token, _, call = password.partition("~")
    parts = st.sampled_from(
        [user, token, call, *token.split("."), ".key-one", "one", "other", "~", ".", "", "²", "9" * 30]
    )
    texts = st.lists(parts | st.text(max_size=3), max_size=5).map("".join)

    @EXAMPLES
    @given(st.sampled_from(DOORS), texts, texts, st.sampled_from(["Basic", "Bearer", "basic ", "Digest"]))
    def check(door, name, secret, scheme):
        if (name, secret) == (user, password):
            return
        shown = b64encode(f"{name}:{secret}".encode()) if "asic" in scheme else secret.encode()
        header = f"{scheme} ".encode() + shown
        answer = ask(app, "POST", door, json={"call_id": "c-1"}, headers={"authorization": header})
        assert answer.status_code == 401
        assert "hidden" not in answer.text

    check()


def test_any_message_of_mcp_has_an_answer(app):
    offer_mcp(app)

    @EXAMPLES
    @given(JSON | MESSAGES)
    def check(message):
        answer = ask(app, "POST", "/desk/mcp", auth=HOST, json=message)
        assert answer.status_code in (200, 202, 400)
        assert isinstance(answer.json() if answer.content else {}, dict | list)

    check()
