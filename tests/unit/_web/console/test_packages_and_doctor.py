"""The pages of packages and of the doctor."""

import asyncio
import json
import re
import sys

import pytest
from asking import ask
from workplaces import CONSOLE, HOST, app_in

from agenthost import AgentBase
from agenthost._web.console.child_command import ChildCommands, CommandResult, run_command

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def app(tmp_path, monkeypatch):
    """A host of one agent."""
    return app_in(tmp_path, monkeypatch, CONSOLE, AgentBase("desk", "/desk"))


def test_nothing_is_examined_until_somebody_asks(app, monkeypatch):
    monkeypatch.setattr(ChildCommands, "run", None)
    for path in ("packages", "doctor"):
        page, told = (ask(app, "GET", f"/-/{path}{end}", auth=HOST) for end in ("", ".json"))

        assert (page.status_code, told.json()["examined"]) == (200, False)
        assert 'name="examine"' in page.text


def test_packages_that_are_not_served_come_first(app):
    status = ask(app, "GET", "/-/overview.json", auth=HOST).json()
    broken = {"agent": "till", "state": "quarantined", "package": "agenthost-till", "version": "2.0", "route": None}
    plugin = {"plugin": f"agenthost-x:{HOSTILE}", "reason": "it raised", "remedy": "uninstall it"}
    hostile = {**broken, "reason": HOSTILE, "remedy": "upgrade it"}
    fresh = type(app)(app.runtime)
    fresh.send_commands_by(lambda *_: {**status, "agents": [hostile], "plugins": [plugin], "differing": [HOSTILE]})
    told = ask(fresh, "GET", "/-/packages.json", auth=HOST).json()
    page = ask(fresh, "GET", "/-/packages", auth=HOST).text

    assert [(each["name"], each["remedy"]) for each in told["set_aside"]] == [
        ("till", "upgrade it"),
        (f"agenthost-x:{HOSTILE}", "uninstall it"),
    ]
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;") == 3


@pytest.mark.slow
def test_the_doctor_finds_what_its_command_finds(app):
    told = ask(app, "GET", "/-/doctor.json?examine=1", auth=HOST).json()
    page = ask(app, "GET", "/-/doctor?examine=1", auth=HOST).text

    assert told["problem"] == ""
    assert told["report"]["checks"]
    for each in told["report"]["findings"]:
        assert each["check"] in page
    assert re.search(r"Checks: \d+. Problems: \d+. Warnings: \d+.", page)


@pytest.mark.slow
def test_packages_are_compared_and_rated(app):
    """Without a lock file, the page says how it is written."""
    told = ask(app, "GET", "/-/packages.json?examine=1", auth=HOST).json()
    page = ask(app, "GET", "/-/packages?examine=1", auth=HOST).text

    assert told["lock"] is None
    assert "fix: agenthost lock writes it" in told["problems"][0]
    assert "agenthost lock writes it" in page
    assert isinstance(told["scale"], list)


def test_what_a_command_prints_is_kept_for_a_moment(app, monkeypatch):
    ran = []

    async def run(*arguments):
        ran.append(arguments)
        found = [{"check": "x", "severity": "problem", "says": HOSTILE, "remedy": HOSTILE}]
        return CommandResult(1, json.dumps({"findings": found, "problems": 1, "warnings": 0, "checks": ["x"]}), "")

    monkeypatch.setattr(sys.modules[ChildCommands.__module__], "run_command", run)
    pages = [ask(app, "GET", "/-/doctor?examine=1", auth=HOST).text for _ in range(2)]

    assert ran == [("doctor", "--json", "--config", "agenthost.toml")]
    assert all("&lt;script&gt;" in page and HOSTILE not in page for page in pages)


def test_a_command_that_prints_nothing_gives_its_reason(app, monkeypatch):
    async def run(*_):
        return CommandResult(3, "", f"the configuration is wrong {HOSTILE}")

    monkeypatch.setattr(sys.modules[ChildCommands.__module__], "run_command", run)
    page = ask(app, "GET", "/-/doctor?examine=1", auth=HOST).text

    assert "The doctor failed: the configuration is wrong &lt;script&gt;" in page


@pytest.mark.slow
def test_a_command_runs_in_a_process_of_its_own():
    done = asyncio.run(run_command("--version"))

    assert (done.code, done.errors) == (0, "")
    assert done.output.startswith("agenthost")
