"""Timed routes: one path, and an agent that depends on the time."""

from __future__ import annotations

from datetime import UTC, datetime

import asking
import attrs
import pytest

from agenthost import AgentBase, AgentServer

AUTH = ("agenthost", "good for tests")
FILE = """
[routes."/line"]
hours = "Mon-Fri 09:00-17:00"
timezone = "Europe/Berlin"
to = "desk"
else = "/night"

[routes."/gone"]
hours = "00:00-24:00"
timezone = "UTC"
to = "nobody"
else = "desk"

[routes."/desk"]
hours = "00:00-24:00"
timezone = "UTC"
to = "night"
else = "night"
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", AUTH[1])
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "signs")
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "agenthost.toml").write_text(FILE, encoding="utf-8")
    server = AgentServer()
    for name in ("desk", "night"):
        agent = AgentBase(name, f"/{name}")
        agent.set_prompt_text(f"You are {name}.")
        server.register(agent)
    return server


def at(server, moment):
    """Let the host's clock stand at a moment."""
    runtime = server.app.runtime
    server.app.start()
    runtime.publish(runtime.published.plan, settings=attrs.evolve(runtime.settings, clock=moment.timestamp))


def words(server, path="/line", method="POST", auth=AUTH):
    answer = asking.ask(server.app, method, path, auth=auth, json={"call_id": "c"} if method == "POST" else None)
    return (
        answer.json()["sections"]["main"][1]["ai"]["prompt"]["text"]
        if answer.status_code == 200
        else answer.status_code
    )


@pytest.mark.parametrize(
    ("moment", "agent"),
    [
        (datetime(2026, 11, 30, 8, 0, tzinfo=UTC), "desk"),
        (datetime(2026, 11, 30, 7, 59, tzinfo=UTC), "night"),
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), "night"),
        (datetime(2026, 11, 29, 12, 0, tzinfo=UTC), "night"),
        (datetime(2026, 7, 31, 7, 0, tzinfo=UTC), "desk"),
    ],
)
def test_the_time_decides(server, moment, agent):
    """By the clock on the wall of the time zone, in summer as well."""
    at(server, moment)

    assert words(server) == f"You are {agent}."
    assert words(server, "/line/", "GET") == f"You are {agent}."


def test_credentials_are_needed(server):
    assert [words(server, auth=auth) for auth in (None, ("agenthost", "wrong"))] == [401, 401]


def test_an_agent_that_is_not_served_is_404_and_a_warning(server, caplog):
    assert words(server, "/gone") == 404
    assert "agent 'nobody' is not served: callers get 404 then" in caplog.text


def test_an_agent_keeps_its_route(server, caplog):
    assert words(server, "/desk") == "You are desk."
    assert "agent 'desk' is at this route, so the hours have no effect" in caplog.text


def test_other_paths_are_as_before(server):
    assert words(server, "/line/more") == 404
    assert asking.ask(server.app, "PUT", "/line", auth=AUTH).status_code == 405


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('[routes."/line"]\nto = "a"', "routes./line.hours: it is missing"),
        ('[routes."/line"]\nhours = "Mon 9-17"\ntimezone = "UTC"\nto = "a"\nelse = "b"', "routes./line.hours"),
        ('[routes."line"]\nto = "a"', "is not a path"),
        ('[routes."/line"]\nhour = "x"', "hour"),
    ],
)
def test_what_is_wrong_is_named(server, tmp_path, table, reason):
    (tmp_path / "agenthost.toml").write_text(table, encoding="utf-8")

    with pytest.raises(Exception, match=r"agenthost\.toml:.*routes") as refused:
        _ = server.app
    assert reason in str(refused.value).replace('"', "")
