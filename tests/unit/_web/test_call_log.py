"""The log names the agent of every document and summary."""

from __future__ import annotations

import asking
import pytest

from agenthost import AgentBase, AgentServer
from agenthost._host.telemetry.call_log import write_now

AUTH = ("agenthost", "good for tests")


class Desk(AgentBase):
    """Fails for one caller."""

    def __init__(self):
        super().__init__("desk")
        self.set_post_prompt("Summarise.")

    def on_swml_request(self, request_data=None, callback_path=None, request=None):
        if (request_data or {}).get("call_id") == "bad":
            raise ValueError


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", AUTH[1])
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "signs")
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def lines(caplog):
    """Asks an agent, and returns the fields of the lines about calls."""

    def told(agent, requests):
        server = AgentServer()
        server.register(agent, "/desk")
        answer = None
        with caplog.at_level("INFO", "agenthost.calls"):
            for path, body in requests:
                answer = asking.ask(server.app, "POST", path(answer) if callable(path) else path, auth=AUTH, json=body)
            write_now()
        names = ("agent", "tool", "call", "outcome")
        return [
            tuple(record.fields[name] for name in names)
            for record in caplog.records
            if record.name == "agenthost.calls"
        ]

    return told


def summary_path(answer):
    """The path of the summary in a document."""
    ai = answer.json()["sections"]["main"][-1]["ai"]
    return ai["post_prompt_url"].partition("host.example")[2]


@pytest.mark.parametrize(("call", "outcome"), [("one", "ok"), ("bad", "failed")])
@pytest.mark.parametrize("agent", [Desk, lambda: AgentBase("desk")])
def test_documents(lines, agent, call, outcome):
    made = agent()
    found = lines(made, [("/desk", {"call_id": call})])

    assert found == [("desk", "document", call, outcome if isinstance(made, Desk) else "ok")]


def test_summaries(lines):
    found = lines(Desk(), [("/desk", {"call_id": "one"}), (summary_path, {"call_id": "one"})])

    assert found[1:] == [("desk", "on_summary", "one", "ok")]
