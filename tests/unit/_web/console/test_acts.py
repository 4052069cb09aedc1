"""Acts: confirmed, granted by a scope of its own, and named in the log."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest
from asking import ask
from workplaces import work_in

from agenthost import AgentBase, AgentServer
from agenthost._host.recording.kept_records import keep_record, list_records
from agenthost.errors import AddressError, PlanError

HOST = ("agenthost", "for tests of the host")
BOSS, EYE = ("boss", "the-secret-of-key-boss"), ("eye", "the-secret-of-key-eye")
FILE = f"""
[host]
password = "{HOST[1]}"
breaker_failures = 1
[console]
enabled = true
[recording]
days = 1
[keys.boss]
secret = "{BOSS[1]}"
agents = ["*"]
scopes = ["observe", "administer"]
[keys.eye]
secret = "{EYE[1]}"
agents = ["*"]
scopes = ["observe", "operate"]
"""


class Desk(AgentBase):
    """Answers calls."""

    def __init__(self):
        super().__init__("sales", "/sales")
        self.prompt_add_section("Role", "You sell.")
        self.set_post_prompt("Summarise.")

    @AgentBase.tool(secure=False)
    def fail(self) -> str:
        """Fail."""
        raise ValueError("the tool is broken")


@pytest.fixture
def app(tmp_path, monkeypatch):
    work_in(tmp_path, monkeypatch, FILE)
    server = AgentServer()
    server.register(Desk())
    return server.app


def confirm(app, path, auth=BOSS, **more):
    """Send the form of an act's page."""
    page = ask(app, "GET", path, auth=auth)
    token = re.search(r'name="token" value="(\w+)"', page.text)
    return ask(app, "POST", path, auth=auth, data={"token": token[1] if token else "", **more})


def sent_to(app, answer):
    """Answer reloads by a value or an error, and return the list of commands."""
    sent = []

    def send(command, _seconds):
        if command["command"] != "reload":
            raise AddressError("no host listens there")  # then the worker shows itself
        sent.append(command)
        if isinstance(answer, Exception):
            raise answer
        return answer

    app._site.send_command = send
    return sent


def disabled(app):
    """The disabled agents, as the page lists them."""
    app._site.send_command = None
    return ask(app, "GET", "/-/acts.json", auth=BOSS).json()["disabled"]


@pytest.mark.parametrize("auth", [HOST, EYE], ids=["host", "another key"])
@pytest.mark.parametrize("act", ["reload", "disable/sales", "close-breaker/sales", "forget-caller"])
def test_only_the_scope_allows_it(app, auth, act):
    """Not even the host's own pair does, which documents carry."""
    page = ask(app, "GET", f"/-/acts/{act}", auth=auth)

    assert (page.status_code, 'name="token"' in page.text) == (200, False)
    assert "scope administer" in page.text
    assert ask(app, "POST", f"/-/acts/{act}", auth=auth, data={"token": ""}).status_code == 403
    assert ask(app, "POST", f"/-/acts/{act}", data={"token": ""}).status_code == 401


def test_a_form_of_somebody_else_is_refused(app):
    other = re.search(r'name="token" value="(\w+)"', ask(app, "GET", "/-/acts/reload", auth=BOSS).text)[1]

    assert ask(app, "POST", "/-/acts/reload", auth=BOSS, data={"token": other[::-1]}).status_code == 403
    elsewhere = {"sec-fetch-site": "cross-site"}
    answer = ask(app, "POST", "/-/acts/reload", auth=BOSS, data={"token": other}, headers=elsewhere)
    assert answer.status_code == 403


def test_a_breaker_is_closed_and_the_log_says_by_whom(app, caplog):
    ask(app, "POST", "/sales/swaig", auth=HOST, json={"function": "fail", "call_id": "c-1"})
    gates = app.runtime.caller.gates
    [agent] = app.runtime.published.plan.agents
    assert gates.open_breaker(agent)

    with caplog.at_level(logging.WARNING, "agenthost.console"):
        answer = confirm(app, "/-/acts/close-breaker/sales")

    assert "Circuit breakers closed: 1" in answer.text
    assert gates.open_breaker(agent) is None
    told = [record.fields for record in caplog.records if record.name == "agenthost.console"]
    assert told[0] == {"act": "close-breaker", "principal": "key boss", "agent": "sales"}


def test_a_disabled_agent_is_a_problem_until_it_is_enabled(app):
    sent = sent_to(app, {"removed": ["sales"]})

    assert "no longer served: sales" in confirm(app, "/-/acts/disable/sales").text
    assert {"command": "reload", "agent": "sales"}.items() <= sent[-1].items()
    app._site.send_command = None
    listed = ask(app, "GET", "/-/acts.json", auth=BOSS).json()
    assert [(each["agent"], each["by"]) for each in listed["disabled"]] == [("sales", "key boss")]
    sent_to(app, {"added": ["sales"]})
    assert "new: sales" in confirm(app, "/-/acts/enable/sales").text
    assert not ask(app, "GET", "/-/acts.json", auth=BOSS).json()["disabled"]


def test_a_reload_that_is_refused_disables_nothing(app):
    sent_to(app, PlanError("something would be lost"))

    assert "Nothing was done: something would be lost" in confirm(app, "/-/acts/disable/sales").text
    app._site.send_command = None
    assert not ask(app, "GET", "/-/acts.json", auth=BOSS).json()["disabled"]


def test_a_reload_that_is_refused_enables_nothing(app):
    """The record says who has disabled the agent, as before."""
    sent_to(app, {"removed": ["sales"]})
    confirm(app, "/-/acts/disable/sales")
    before = disabled(app)
    sent_to(app, PlanError("something would be lost"))

    assert "Nothing was done: something would be lost" in confirm(app, "/-/acts/enable/sales").text
    assert (disabled(app), [each["agent"] for each in before]) == (before, ["sales"])


def test_a_host_that_does_not_answer_may_still_act(app, caplog):
    sent_to(app, AddressError("it does not answer"))
    with caplog.at_level(logging.WARNING, "agenthost.console"):
        page = confirm(app, "/-/acts/disable/sales").text

    assert "The host has not answered, and may still do it: it does not answer" in page
    assert [each["agent"] for each in disabled(app)] == ["sales"]
    assert "key boss may have done disable sales: " in caplog.text


def test_the_log_does_not_claim_what_was_refused(app, caplog):
    sent_to(app, PlanError("something would be lost"))
    with caplog.at_level(logging.WARNING, "agenthost.console"):
        confirm(app, "/-/acts/reload")

    assert "key boss has not done reload: Nothing was done: something would be lost" in caplog.text
    assert "has done" not in caplog.text


def test_a_program_cannot_be_reloaded(app):
    assert confirm(app, "/-/acts/reload").status_code == 409
    assert confirm(app, "/-/acts/disable/sales").status_code == 409
    assert not disabled(app)


@pytest.mark.parametrize(("caller", "left"), [("+1 555 1234", 1), ("call-1", 1), ("call-9", 2), ("x1234", 2)])
def test_a_caller_is_forgotten(app, caller, left):
    """By digits, or by the ID of a call."""
    stores = app.runtime.state.stores
    app.start()
    [agent] = app.runtime.published.plan.agents

    async def keep():
        for number, call in (("+15551234", "call-1"), ("+15559999", "call-2")):
            body = {"call_id": call, "caller_id_number": number, "ai_session_id": "s"}
            await keep_record(stores, app.runtime.config, (), agent, body)

    asyncio.run(keep())
    page = ask(app, "GET", "/-/acts/forget-caller", auth=BOSS, params={"caller": caller}).text
    assert f"Records found: {2 - left}" in page
    token = re.search(r'name="token" value="(\w+)"', page)
    if token:
        form = {"token": token[1], "caller": caller}
        assert "removed: 1" in ask(app, "POST", "/-/acts/forget-caller", auth=BOSS, data=form).text
    assert len(asyncio.run(list_records(stores))) == left


def test_unknown_acts_do_not_exist(app):
    for path in ("acts/destroy", "acts/disable/nobody", "acts/disable"):
        assert ask(app, "GET", f"/-/{path}", auth=BOSS).status_code == 404
