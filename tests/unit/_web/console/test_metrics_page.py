"""The page of metrics: the minutes of all workers, added up."""

import time

import pytest
from asking import ask
from workplaces import CONSOLE, HOST, app_in

from agenthost import AgentBase
from agenthost.errors import AddressError


class Desk(AgentBase):
    """Has a tool that fails."""

    def __init__(self):
        super().__init__("desk", "/desk")

    @AgentBase.tool(secure=False)
    def fail(self) -> str:
        """Fail."""
        raise ValueError("no")


@pytest.fixture
def app(tmp_path, monkeypatch):
    """A host of one agent."""
    return app_in(tmp_path, monkeypatch, CONSOLE, Desk())


def test_calls_and_failures_are_counted_by_minute(app):
    for number in range(3):
        ask(app, "POST", "/desk/swaig", auth=HOST, json={"function": "fail", "call_id": f"c-{number}"})
    minutes = ask(app, "GET", "/-/charts.json", auth=HOST).json()["minutes"]
    page = ask(app, "GET", "/-/charts", auth=HOST)

    assert len(minutes) == 180
    assert sum(each["failures"] or 0 for each in minutes[-3:]) == 3
    assert minutes[-1]["memory"] > 10
    assert minutes[0] == {"minute": minutes[0]["minute"], "calls": None, "failures": None, "p95": None, "memory": None}
    assert page.text.count('<svg class="chart"') == 4
    assert "Failed tool calls per minute: now" in page.text


def test_workers_are_added_up(app):
    """Slots have names for numbers, as the control socket carries JSON."""
    assert ask(app, "GET", "/live").status_code == 200
    now = int(time.time() // 60)
    one = {"minute": now, "calls": 60, "failures": 1, "memory": 50_000_000, "slots": {"0": 60}}
    two = {**one, "calls": 120, "slots": {"0": 100, "10": 20}}
    fresh = type(app)(app.runtime)
    fresh.send_commands_by(lambda *_: {"processes": [[one], [{**one, "minute": now - 1}, two]]})
    *_, before, last = [
        each for each in ask(fresh, "GET", "/-/charts.json", auth=HOST).json()["minutes"] if each["minute"] <= now
    ]

    assert (before["calls"], before["memory"]) == (1.0, 50.0)
    assert (last["calls"], last["failures"], last["memory"]) == (3.0, 2, 100.0)
    assert 22 < last["p95"] <= 32


def test_a_worker_shows_its_own_minutes_if_its_supervisor_does_not_answer(app):
    def send(*_):
        raise AddressError("no host listens there")

    app.send_commands_by(send)

    assert ask(app, "GET", "/-/charts.json", auth=HOST).json()["minutes"][-1]["memory"] > 0
