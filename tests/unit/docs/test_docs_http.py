"""Each status of the page on HTTP, brought about."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

import asking
import pytest
from pages import DOCS, section

from agenthost import AgentBase, AgentServer
from agenthost._host.config.load import load_config
from agenthost._host.runtime.start import make_runtime, with_secrets
from agenthost._web.front import Front

PAGE = DOCS / "reference" / "http.md"
AUTH = ("agenthost", "good for tests")
SENT = {"Content-Type": "application/json"}

CASES = [
    (200, "GET", "/desk", {}),
    (204, "OPTIONS", "/desk", {"auth": None}),
    (204, "POST", "/desk/debug_events", {"json": {"label": "barge"}}),
    (400, "POST", "/desk", {"content": "{"}),
    (400, "POST", "/desk", {"content": "[1]"}),
    (400, "POST", "/desk", {"content": '{"a":' * 65 + "1" + "}" * 65}),
    (400, "POST", "/desk", {"json": {"call": "no object"}}),
    (400, "POST", "/desk/swaig", {"json": {}}),
    (400, "POST", "/desk/swaig", {"json": {"function": 5}}),
    (200, "POST", "/desk/swaig", {"json": {"function": "no name"}}),
    (200, "POST", "/desk", {"content": "{}", "headers": SENT | {"Content-Encoding": "identity"}}),
    (400, "GET", "/desk%2fswaig", {}),
    (400, "GET", "/desk;x", {}),
    (400, "GET", "/desk", {"headers": {"Host": "no host"}}),
    (400, "GET", "/desk/check_for_input", {}),
    (401, "GET", "/desk", {"auth": None}),
    (401, "POST", "/sip", {"auth": ("agenthost", "wrong")}),
    (403, "POST", "/desk/post_prompt", {"json": {}}),
    (404, "GET", "/Desk", {}),
    (404, "POST", "/sip", {"json": {"call": {"to": "sip:nobody@example.com"}}}),
    (405, "DELETE", "/desk", {}),
    (413, "POST", "/desk", {"content": b" " * 1048577}),
    (415, "POST", "/desk", {"content": "{}", "headers": {"Content-Type": "text/plain"}}),
    (415, "POST", "/desk", {"content": "{}", "headers": SENT | {"Content-Encoding": "gzip"}}),
    (501, "POST", "/desk/mcp", {"json": {"jsonrpc": "2.0", "id": 1, "method": "ping"}}),
]


class Desk(AgentBase):
    """Answers, and has a tool."""

    def __init__(self):
        super().__init__(name="desk", route="/desk")
        self.enable_mcp_server()

    @AgentBase.tool
    def ring(self) -> str:
        """Ring the bell."""
        return "Rung."


@pytest.fixture
def app(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", AUTH[1])
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "for tests")
    server = AgentServer()
    server.register(Desk())
    server.setup_sip_routing()
    return server.app


def ask(app, method, path, **options):
    return asking.ask(app, method, path, **{"auth": AUTH, **options})


@pytest.mark.parametrize(
    ("status", "method", "path", "options"), CASES, ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)]
)
def test_statuses_come_about_as_the_page_says(app, status, method, path, options):
    answer = ask(app, method, path, **options)

    assert answer.status_code == status
    assert status < 400 or list(answer.json()) == ["error"]
    told = section(PAGE, "Response headers")
    for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
        assert f"`{name}: {answer.headers[name]}`" in told


def test_every_status_is_brought_about():
    rows = re.findall(r"^\| (\d{3}) \|", section(PAGE, "Status codes"), re.MULTILINE)

    assert {int(row) for row in rows} == {case[0] for case in CASES} | {307, 408, 429, 503}  # by tests/e2e


def test_a_starting_host_answers_as_the_page_says(app, tmp_path):
    """Agents and unknown paths are 503, and the paths of health say what they know."""
    config = with_secrets(load_config(None, {"AGENTHOST_PASSWORD": "x", "AGENTHOST_STATE_DIR": str(tmp_path)}))
    front = Front(make_runtime(config))

    statuses = {path: ask(front, "GET", path).status_code for path in ("/live", "/startup", "/ready", "/health", "/a")}
    assert statuses == {"/live": 200, "/startup": 503, "/ready": 503, "/health": 503, "/a": 503}
    assert ask(front, "GET", "/a").headers["Retry-After"] == "1"


def test_tools_alone_and_polling(app):
    [tool] = ask(app, "POST", "/desk/swaig", json={"action": "get_signature"}).json()
    assert tool["function"] == "ring"

    told = json.loads(re.findall(r"```json\n(.*?)```", section(PAGE, "Post-prompt and check-for-input"), re.DOTALL)[0])
    assert ask(app, "GET", f"/desk/check_for_input?conversation_id={told['conversation_id']}").json() == told


def test_a_document_asked_for_by_hand_tells_its_call(app):
    answer = ask(app, "GET", "/desk")
    [tool] = answer.json()["sections"]["main"][1]["ai"]["SWAIG"]["functions"]

    body = {"function": "ring", "call_id": answer.headers["Agenthost-Call-Id"]}
    assert ask(app, "POST", tool["web_hook_url"], json=body).json() == {"response": "Rung."}


@pytest.mark.parametrize(("name", "digest"), [("Sha256-Signature", "sha256"), ("Signature", "sha1")])
def test_webhook_signatures_are_checked_as_the_page_says(monkeypatch, tmp_path, name, digest):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", AUTH[1])
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "for tests")
    monkeypatch.setenv("SIGNALWIRE_SIGNING_KEY", "shared")
    monkeypatch.setenv("AGENTHOST_PUBLIC_URL", "https://agents.example.com")
    server = AgentServer()
    server.register(Desk())
    signature = hmac.digest(b"shared", b"https://agents.example.com/desk{}", digest).hex()
    assert hashlib.new(digest).digest_size * 2 == len(signature)

    signed = SENT | {f"X-SignalWire-{name}": signature}
    assert ask(server.app, "POST", "/desk", content="{}", headers=signed).status_code == 200
    assert ask(server.app, "POST", "/desk", content="{ }", headers=signed).status_code == 403
    assert ask(server.app, "POST", "/desk", content="{}", headers=SENT).status_code == 403
