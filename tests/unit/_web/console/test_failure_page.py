"""The page of a failure: its traceback, one click from the overview."""

import re

import pytest
from asking import ask
from workplaces import CONSOLE, HOST, app_in

from agenthost import AgentBase

FILE = f"""{CONSOLE}[agents.own]
user = "own"
password = "of own alone, long"
[keys.all]
secret = "the-secret-of-key-all"
agents = ["*", "own"]
scopes = ["observe"]
"""
HOSTILE = "<script>alert(1)</script>"
OWN = ("own", "of own alone, long")


class Desk(AgentBase):
    """Has a tool that fails."""

    def __init__(self, name="desk"):
        super().__init__(name, f"/{name}")

    @AgentBase.tool(secure=False)
    def fail(self) -> str:
        """Fail."""
        raise ValueError(HOSTILE)


@pytest.fixture
def app(tmp_path, monkeypatch, kept_log):
    """A host of two agents, one of which has credentials of its own."""
    return app_in(tmp_path, monkeypatch, FILE, Desk(), Desk("own"))


def failed(app, name="desk", auth=HOST):
    """Let a tool fail, and return the error ID."""
    ask(app, "POST", f"/{name}/swaig", auth=auth, json={"function": "fail", "call_id": "c-1"})
    return app.runtime.caller.failures.latest[name].error_id


def test_the_overview_leads_to_the_traceback(app):
    error_id = failed(app)
    overview = ask(app, "GET", "/-/", auth=HOST).text
    page = ask(app, "GET", f"/-/errors/{error_id}", auth=HOST)

    assert overview.count(f'href="./errors/{error_id}"') == 2
    assert f'href="../errors/{error_id}"' in ask(app, "GET", "/-/agents/desk", auth=HOST).text
    assert page.status_code == 200
    assert "Traceback (most recent call last)" in page.text
    assert "raise ValueError(HOSTILE)" in page.text
    assert HOSTILE not in page.text
    assert ">c-1<" in page.text


def test_a_repeated_failure_leads_to_the_traceback_of_the_first(app):
    first, again = failed(app), failed(app)
    told = ask(app, "GET", f"/-/errors/{again}.json", auth=HOST).json()

    assert first != again
    assert [each["error_id"] for each in told["traces"]] == [first]
    assert told["call"] == "c-1"


def test_an_unknown_failure(app):
    page, told = (ask(app, "GET", f"/-/errors/e-000000000000{end}", auth=HOST) for end in ("", ".json"))

    assert (page.status_code, told.status_code, told.json()["lines"]) == (404, 404, [])
    assert re.search("fix: search for e-000000000000", page.text)


def test_credentials_of_an_agent_guard_its_failures(app):
    """The host's pair does not open them, and the key does."""
    error_id = failed(app, "own", OWN)
    closed, opened = (
        ask(app, "GET", f"/-/errors/{error_id}.json", auth=pair) for pair in (HOST, ("all", "the-secret-of-key-all"))
    )

    assert (closed.status_code, opened.status_code) == (404, 200)
    assert "ValueError" not in closed.text
