"""Scenarios of an agent: who may run them, and their last results."""

import json
import logging
import re
import shutil
import sys
from types import SimpleNamespace

import pytest
from asking import ask
from hypothesis import given, strategies as st
from workplaces import CONSOLE, HOST, app_in

from agenthost import AgentBase
from agenthost._host.config.load import load_config
from agenthost._host.generations.contents import editable_folder, recorded_files
from agenthost._web.console.agents.found_scenarios import found_scenarios
from agenthost._web.console.agents.scenario_results import keep_result, last_results
from agenthost._web.console.child_command import ChildCommands, CommandResult

SIGHT = ("sight", "the-secret-of-key-sight")
FILE = f"""{CONSOLE}[keys.sight]
secret = "{SIGHT[1]}"
agents = ["*"]
scopes = ["observe"]
"""
HOSTILE = "<script>alert(1)</script>"
PAGE = "/-/agents/desk/scenarios/hours"
FORM = re.compile(r'name="token" value="(\w+)"')


def written(place, name, calls, title="A caller asks"):
    file = place / f"{name}.call.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"title = {json.dumps(title)}\nagent = {json.dumps(calls)}\n", encoding="utf-8")
    return file


@pytest.fixture
def app(tmp_path, monkeypatch):
    """A program with two agents, in a folder with scenarios."""
    written(tmp_path / "tests", "hours", "/desk", HOSTILE)
    written(tmp_path / "tests", "address", "sip:till@example.com")
    written(tmp_path / ".venv", "other", "/desk")
    till = AgentBase("till", "/till")
    till.register_sip_username("till")
    return app_in(tmp_path, monkeypatch, FILE, AgentBase("desk", "/desk"), till)


@pytest.fixture
def ran(monkeypatch):
    """The commands that ran, which end as ``result`` says."""
    commands = []
    problem = {"kind": "expect", "message": HOSTILE, "expected": ["at 9"], "actual": ["at https://a:b@host/"]}
    verdict = {"passed": False, "runs": [{"passed": False, "problems": [problem]}]}
    found = SimpleNamespace(commands=commands, result=CommandResult(1, json.dumps([verdict]), ""))

    async def run(*arguments):
        commands.append(arguments)
        return found.result

    monkeypatch.setattr(sys.modules[ChildCommands.__module__], "run_command", run)
    return found


def names(app, key):
    return [each["name"] for each in ask(app, "GET", f"/-/agents/{key}.json", auth=HOST).json()["scenarios"]]


def run(app):
    page = ask(app, "GET", PAGE, auth=HOST).text
    return ask(app, "POST", PAGE, auth=HOST, data={"token": FORM.search(page)[1]})


def test_an_agent_has_the_scenarios_that_call_it(app):
    assert (names(app, "desk"), names(app, "till")) == (["hours"], ["address"])
    assert HOSTILE not in ask(app, "GET", "/-/agents/desk", auth=HOST).text


def test_scenarios_that_call_nobody_are_those_of_all(app, tmp_path):
    written(tmp_path, "lost", "/nobody")
    (tmp_path / "broken.call.toml").write_text("title = ", encoding="utf-8")
    written(tmp_path / "more", "hours", "/desk")

    assert names(app, "desk") == ["broken", "lost", "hours", "hours-2"]
    assert names(app, "till") == ["broken", "lost", "address"]


def test_a_scenario_runs_and_its_result_stays(app, ran, tmp_path, caplog):
    file = str(tmp_path / "tests" / "hours.call.toml")
    before = ask(app, "GET", "/-/agents/desk", auth=HOST).text
    with caplog.at_level(logging.WARNING):
        page = run(app).text
    after = ask(app, "GET", "/-/agents/desk", auth=HOST).text
    told = ask(app, "GET", f"{PAGE}.json", auth=HOST).json()

    assert ran.commands == [("test", file, "--json", "--jobs", "1")]
    assert "not run here" in before
    for each in (page, after):
        assert re.search(r"failed</span>, \d+ s ago, by <bdi>host", each)
        assert HOSTILE not in each
    assert "actual: at https://***@host/" in page
    assert told["last"]["problems"][0]["message"] == f"expect: {HOSTILE}"
    assert [each.getMessage() for each in caplog.records] == ["host runs scenario hours of desk"]


def test_a_result_says_what_it_is_of(app, ran, tmp_path):
    run(app)
    written(tmp_path / "tests", "hours", "/desk", "Another")

    assert "of an earlier content of the file" in ask(app, "GET", PAGE, auth=HOST).text
    assert ask(app, "GET", f"{PAGE}.json", auth=HOST).json()["last"]["passed"] is False


def test_a_scenario_with_a_mistake_fails_with_the_reason(app, ran):
    ran.result = CommandResult(3, "", f"hours.call.toml:1: {HOSTILE}")

    assert "hours.call.toml:1: &lt;script&gt;" in run(app).text


def test_a_result_that_cannot_be_kept_is_shown(app, ran, tmp_path):
    shutil.rmtree(tmp_path / "state", ignore_errors=True)
    (tmp_path / "state").write_text("", encoding="utf-8")

    assert "fix: make [host] state_dir writable" in run(app).text


def test_running_needs_the_scope(app, ran):
    page = ask(app, "GET", PAGE, auth=SIGHT)

    assert (page.status_code, FORM.search(page.text)) == (200, None)
    assert "scope operate" in page.text
    assert FORM.search(ask(app, "GET", "/-/agents/desk", auth=SIGHT).text) is None
    assert ask(app, "POST", PAGE, auth=SIGHT, data={"token": "x"}).status_code == 403
    assert ask(app, "POST", PAGE, auth=HOST, data={"token": "x"}).status_code == 403
    assert ask(app, "GET", "/-/agents/desk/scenarios/none", auth=HOST).status_code == 404
    assert ask(app, "GET", "/-/agents/nobody/scenarios/hours", auth=HOST).status_code == 404
    assert ran.commands == []


def test_files_of_installed_packages_are_those_that_they_record(tmp_path):
    location = tmp_path / "desk-1.0.dist-info"
    location.mkdir()
    (location / "RECORD").write_text("desk/a.call.toml,,\ndesk/a.py,,\n", encoding="utf-8")

    assert recorded_files(str(location), ".call.toml") == [str(tmp_path / "desk" / "a.call.toml")]
    assert editable_folder(str(location)) is None
    direct = {"url": "file:///a%20b", "dir_info": {"editable": True}}
    (location / "direct_url.json").write_text(json.dumps(direct), encoding="utf-8")
    assert editable_folder(str(location)) == "/a b"


def test_the_latest_results_are_kept(tmp_path, monkeypatch):
    app_in(tmp_path, monkeypatch, CONSOLE)
    config = load_config(None, {"AGENTHOST_STATE_DIR": str(tmp_path / "state")})
    for number in range(302):
        assert keep_result(config, f"{number}.call.toml", {"passed": True})
    found = list(last_results(config))

    assert (found[0], found[-1], len(found)) == ("2.call.toml", "301.call.toml", 300)
    assert [each.name for each in (tmp_path / "state").glob("*scenarios*")] == ["scenarios.json"]


@given(st.lists(st.lists(st.sampled_from("ab"), min_size=1, max_size=2), max_size=6))
def test_names_lead_to_one_scenario_each(tmp_path_factory, folders):
    place = tmp_path_factory.mktemp("project")
    for folder in folders:
        written(place.joinpath(*folder), "same", "/desk")
    metadata = place / "desk.dist-info"
    metadata.mkdir()
    direct = {"url": place.as_uri(), "dir_info": {"editable": True}}
    (metadata / "direct_url.json").write_text(json.dumps(direct), encoding="utf-8")
    candidate = SimpleNamespace(location=str(metadata))
    agent = SimpleNamespace(
        distribution="desk",
        key="desk",
        route="/desk",
        own=SimpleNamespace(route=None),
        sip=(),
        selected=SimpleNamespace(candidate=candidate),
    )
    found = found_scenarios(SimpleNamespace(agents=[agent]), agent)

    assert len({each.name for each in found}) == len(found) == len({tuple(each) for each in folders})
