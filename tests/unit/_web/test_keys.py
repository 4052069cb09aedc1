"""Keys: what each opens, what its documents contain, and what belongs to it alone."""

from __future__ import annotations

import asyncio
import json
import logging
from urllib.parse import unquote, urlsplit

import pytest
from asking import ask
from workplaces import work_in

from agenthost import AgentBase, AgentServer, FunctionResult

HOST = ("agenthost", "for tests of the host")
ONE, TWO, SIGHT, TALK = (f"the-secret-of-key-{name}" for name in ("one", "two", "sight", "talk"))
FILE = f"""
[host]
password = "{HOST[1]}"
access_log = true
[agents.billing]
user = "billing"
password = "of billing alone"
[keys.one]
secret = "{ONE}"
agents = ["sales", "billing"]
scopes = ["call", "text"]
[keys.two]
secret = "{TWO}"
agents = ["*"]
scopes = ["call", "text"]
[keys.sight]
secret = "{SIGHT}"
agents = ["*"]
scopes = ["observe"]
[keys.talk]
secret = "{TALK}"
agents = ["sales"]
scopes = ["text", "observe"]
"""


class Desk(AgentBase):
    """Counts in the state of the call, and hands calls over."""

    def __init__(self, name):
        super().__init__(name, f"/{name}")
        self.prompt_add_section("Role", f"You are {name}.")

    @AgentBase.tool
    async def count(self, call) -> str:
        """Count."""
        return f"number {await call.state.incr('asked')}"

    @AgentBase.tool(idempotent=True)
    async def once(self, call) -> str:
        """Count once."""
        return f"once {await call.state.incr('once')}"

    @AgentBase.tool
    def pass_on(self) -> FunctionResult:
        """Pass the call on."""
        return FunctionResult("One moment.").hand_over("support")


@pytest.fixture
def app(tmp_path, monkeypatch):
    """A host of three agents, one of them with credentials of its own."""
    work_in(tmp_path, monkeypatch, FILE)
    server = AgentServer()
    for name in ("sales", "support", "billing"):
        server.register(Desk(name))
    server.setup_sip_routing()
    return server.app


def send(app, method, path, credentials, **options):
    """Send a request with a pair, with a key as Bearer, or without credentials."""
    if isinstance(credentials, tuple):
        return ask(app, method, path, auth=credentials, **options)
    headers = {"authorization": f"Bearer {credentials}"} if credentials else {}
    return ask(app, method, path, headers=headers | options.pop("headers", {}), **options)


def tools_of(document):
    ai = next(verb["ai"] for verb in document.json()["sections"]["main"] if "ai" in verb)
    return {each["function"]: each["web_hook_url"] for each in ai["SWAIG"]["functions"]}


def run_tool(app, credentials, name, call="c-1", agent="sales"):
    """Call a tool as the platform does, with the credentials in its URL."""
    url = urlsplit(tools_of(send(app, "POST", f"/{agent}", credentials, json={"call_id": call}))[name])
    pair = (unquote(url.username), unquote(url.password))
    return send(app, "POST", f"{url.path}?{url.query}", pair, json={"function": name, "call_id": call}), pair


@pytest.mark.parametrize("form", ["bearer", "basic"])
@pytest.mark.parametrize(
    ("key", "path", "status"),
    [
        ("one", "/sales", 200),
        ("one", "/billing", 200),
        ("one", "/support", 403),
        ("one", "/metrics", 403),
        ("two", "/sales", 200),
        ("two", "/support", 200),
        ("two", "/billing", 403),
        ("sight", "/metrics", 200),
        ("sight", "/-/sip/unmatched", 200),
        ("sight", "/sales", 403),
        ("talk", "/metrics", 403),
        ("talk", "/sales", 403),
    ],
)
def test_scopes_and_agents(app, key, path, status, form):
    secret = {"one": ONE, "two": TWO, "sight": SIGHT, "talk": TALK}[key]
    credentials = secret if form == "bearer" else (key, secret)

    assert send(app, "GET", path, credentials).status_code == status


def test_another_user_does_not_present_a_key(app):
    assert send(app, "GET", "/sales", ("agenthost", ONE)).status_code == 401
    assert send(app, "GET", "/sales", ("two", ONE)).status_code == 401


def test_a_document_for_a_key_contains_no_permanent_pair(app):
    """Its URLs contain credentials for this call, which open this agent and this call alone."""
    document = send(app, "POST", "/sales", ONE, json={"call_id": "c-1"})
    url = urlsplit(tools_of(document)["count"])

    assert not any(secret in document.text for secret in (ONE, "for%20tests", HOST[1]))
    assert (url.username, unquote(url.password).rpartition("~")[2]) == ("call.key-one", "c-1")
    pair = (unquote(url.username), unquote(url.password))
    assert send(app, "POST", "/sales", pair, json={"call_id": "c-1"}).status_code == 200
    assert send(app, "POST", "/sales", pair, json={"call_id": "c-2"}).status_code == 401
    assert send(app, "POST", "/support", pair, json={"call_id": "c-1"}).status_code == 401
    assert send(app, "POST", "/sales", ("call", pair[1]), json={"call_id": "c-1"}).status_code == 401
    assert send(app, "POST", "/sales", ("call.key-two", pair[1]), json={"call_id": "c-1"}).status_code == 401


def test_the_state_of_a_call_belongs_to_its_key(app):
    """Others that name the same call reach neither it nor its kept answers."""
    told = [run_tool(app, each, "count")[0].json()["response"] for each in (ONE, ONE, TWO, HOST, ONE)]
    assert told == ["number 1", "number 2", "number 1", "number 1", "number 3"]

    told = [run_tool(app, each, "once")[0].json()["response"] for each in (ONE, ONE, TWO, HOST)]
    assert told == ["once 1"] * 4


def test_a_hand_off_follows_the_agents(app):
    """A key decides where a call begins. From there, the agent leads it."""
    answer, _ = run_tool(app, ONE, "pass_on")
    [url] = [part for part in json.dumps(answer.json()).split('"') if "/support" in part]
    pair = (unquote(urlsplit(url).username), unquote(urlsplit(url).password))

    assert pair[0] == "call.key-one"
    assert "You are support." in send(app, "POST", "/support", pair, json={"call_id": "c-1"}).text


def test_a_removed_key_ends_its_calls(app):
    """Credentials for a call are refused once its key is gone, or may not call."""
    _, pair = run_tool(app, ONE, "count")
    runtime = app.runtime
    config = runtime.settings.config
    from attrs import evolve  # noqa: PLC0415

    for keys in ({}, {"one": evolve(config.keys["one"], scopes=("text",))}):
        runtime.settings = evolve(runtime.settings, config=evolve(config, keys=keys))
        assert send(app, "POST", "/sales", pair, json={"call_id": "c-1"}).status_code == 401


SIP = {"call": {"call_id": "c-1", "to": "sip:support@host.example"}}


@pytest.mark.parametrize(
    ("credentials", "path", "status", "agent"),
    [
        (TWO, "/sip", 200, "support"),
        (TWO, "/sales/sip", 200, "support"),
        (ONE, "/sip", 404, None),
        (ONE, "/sales/sip", 200, "sales"),
        (HOST, "/sip", 200, "support"),
        (SIGHT, "/sip", 403, None),
    ],
)
def test_sip_leads_a_key_to_its_own_agents(app, credentials, path, status, agent):
    """The client chooses the agent here, so the key has to open it."""
    answer = send(app, "POST", path, credentials, json=SIP)

    assert answer.status_code == status
    assert agent is None or f"You are {agent}." in answer.text


def chat(app, credentials, agent="sales", conversation="c-1", text="hello"):
    body = {"model": agent, "messages": [{"role": "user", "content": text}]}
    headers = {"agenthost-conversation": conversation}
    return send(app, "POST", "/v1/chat/completions", credentials, json=body, headers=headers)


def test_v1_lists_and_answers_for_the_agents_of_a_key(app):
    models = {
        key: [each["id"] for each in send(app, "GET", "/v1/models", key).json()["data"]] for key in (ONE, TWO, TALK)
    }

    assert models == {ONE: ["billing", "sales"], TWO: ["sales", "support"], TALK: ["sales"]}
    assert send(app, "GET", "/v1/models", SIGHT).status_code == 403
    assert send(app, "GET", "/v1/models/support", ONE).status_code == 404
    assert chat(app, ONE).status_code == 200
    unknown, others = chat(app, ONE, "support"), chat(app, ONE, "nowhere")
    assert (unknown.status_code, unknown.json()) == (others.status_code, others.json())
    assert unknown.status_code == 404
    assert chat(app, SIGHT).status_code == 403


@pytest.mark.parametrize("agent", ["sales", "billing"])
def test_a_conversation_belongs_to_its_key(app, agent):
    """Another key with the same conversation ID reaches neither the transcript nor the state."""
    pair = HOST if agent == "sales" else ("billing", "of billing alone")
    for each in (ONE, pair):
        answer = chat(app, each, agent, text="count")
        assert answer.headers["agenthost-conversation"] == "c-1"
    store = app.runtime.state.stores.entries

    async def keys():
        found, _ = await store.page(b"", b"", 1000)
        return found

    kept = asyncio.run(keys())
    for words in (b"transcripts", b"asked"):
        assert {b"key-one" in key for key in kept if words in key} == {True, False}


def test_the_log_names_a_key_and_shows_no_secret(app, caplog):
    caplog.set_level(logging.INFO, "agenthost")
    send(app, "GET", "/sales", ONE)
    send(app, "GET", "/metrics", ONE)
    send(app, "GET", "/sales", HOST)
    send(app, "GET", "/health", SIGHT)

    entries = [record.fields for record in caplog.records if record.name == "agenthost.access"]
    assert [(entry["path"], entry.get("key")) for entry in entries] == [
        *(("/sales", "one"), ("/metrics", "one"), ("/sales", None), ("/health", "sight"))
    ]
    assert "key one may not observe at /metrics" in caplog.text
    assert "the-secret-of" not in caplog.text


def test_health_details(app):
    """Keys that observe see those of the agents that they name, or of all."""
    shown = {
        (name, path): "probes" in send(app, "GET", path, key).json() or "failed" in send(app, "GET", path, key).json()
        for name, key in {"sight": SIGHT, "talk": TALK, "one": ONE, "nobody": None}.items()
        for path in ("/health",)
    }

    assert shown == {
        ("sight", "/health"): True,
        ("talk", "/health"): False,
        ("one", "/health"): False,
        ("nobody", "/health"): False,
    }


def test_mcp_needs_the_scope_of_text(app):
    """It is refused before the endpoint says that the agent has not enabled it."""
    assert send(app, "POST", "/sales/mcp", TALK, json={}).status_code == 404
    assert send(app, "POST", "/sales/mcp", SIGHT, json={}).status_code == 403
