"""``agenthost calls`` and ``agenthost replay``, from a call to a scenario."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap

import pytest
from pages import DOCS, write

from agenthost import AgentServer
from agenthost._cli import main
from agenthost._host.runtime.find_agent import agents_of_file
from agenthost.testing.platform import AsgiClient, FunctionCall, ModelTurn, Platform

PASSWORD = "good enough for tests"
CONFIGURATION = (
    f'[host]\npassword = "{PASSWORD}"\nstate_dir = "state"\n[state]\nurl = "sqlite:///s.db"\n[recording]\ndays = 7\n'
)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Record one call beside the files of the page, and run commands."""
    write(DOCS / "how-to" / "test-conversations.md", tmp_path)
    code = tmp_path / "agenthost_clinic.py"
    code.write_text(
        code.read_text("utf-8").replace(
            "        steps = self", '        self.set_post_prompt("Summarise.")\n        steps = self'
        ),
        "utf-8",
    )
    (tmp_path / "agenthost.toml").write_text(CONFIGURATION, "utf-8")
    (tmp_path / "agenthost.toml").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    asyncio.run(record(code))

    def ran(*arguments):
        monkeypatch.setattr(sys, "argv", ["agenthost", *arguments])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code
        return code, capsys.readouterr().out

    return ran


async def record(code):
    server = AgentServer()
    for agent in agents_of_file(code):
        server.register(agent)
    base = f"http://agenthost:{PASSWORD.replace(' ', '%20')}@127.0.0.1:3000"
    async with AsgiClient(server.app, base) as client, await Platform(client).call("/clinic") as call:
        await call.say(
            "Born 1980-02-29.",
            ModelTurn("One moment.", (FunctionCall("identify", {"born": "1980-02-29"}),)),
            ModelTurn("Which day?"),
        )
        await call.say("Tuesday.", ModelTurn(calls=(FunctionCall("book", {"day": "tue"}),)))
        assert call.cause == "hangup"


def test_a_call_is_recorded_replayed_and_saved(run, tmp_path):
    code, out = run("calls")
    call = next(word for word in out.split() if word.count("-") == 4)
    assert (code, "clinic" in out) == (0, True)

    code, out = run("calls", "show", call[:8])
    assert "caller: Tuesday." in out
    assert '  · book({"day": "tue"}) → Booked for tue.' in out

    code, out = run("replay", call, "--against", "agenthost_clinic.py")
    assert (code, "  book" in out) == (0, True)

    changed = tmp_path / "changed.py"
    changed.write_text((tmp_path / "agenthost_clinic.py").read_text("utf-8").replace("Booked for", "Kept"), "utf-8")
    code, out = run("replay", call, "--against", "changed.py")
    assert code == 1
    assert "-   response: Booked for tue.\n+   response: Kept tue.\n" in out
    assert run("replay", call, "--against", "changed.py", "--recorded")[0] == 0

    code, out = run("calls", "show", call, "--json")
    (tmp_path / "kept.json").write_text(out, "utf-8")
    assert json.loads(out)[0]["caller"] == "…0100"
    assert run("replay", "kept.json", "--against", "agenthost_clinic.py")[0] == 0

    for file in tmp_path.glob("*.call.toml"):
        file.unlink()
    assert run("replay", call, "--against", "agenthost_clinic.py", "--save", "kept.call.toml")[0] == 0
    code, out = run("test")
    assert (code, "1 passed" in out) == (0, True), out


def test_a_forgotten_step_is_shown_as_the_guide_shows_it(run, tmp_path):
    guide = (DOCS / "how-to" / "replay-calls.md").read_text("utf-8")
    shown = textwrap.dedent(guide.partition("```text\n")[2].partition("   ```")[0])
    code = (tmp_path / "agenthost_clinic.py").read_text("utf-8").replace('.swml_change_step("book")', "")
    (tmp_path / "agenthost_clinic.py").write_text(code, "utf-8")
    call = json.loads(run("calls", "--json")[1])[0]["id"]

    assert run("replay", call, "--against", "agenthost_clinic.py") == (1, textwrap.dedent(shown))


def test_calls_that_are_not_there(run, tmp_path):
    (tmp_path / "empty.json").write_text("[]", "utf-8")

    assert run("calls", "show", "nothing")[0] == 4
    assert run("replay", "nothing")[0] == 4
    assert run("replay", "empty.json")[0] == 3
    assert run("replay", "missing.json")[0] == 3
    assert json.loads(run("calls", "--json")[1])[0]["agent"] == "clinic"


def test_the_scenario_of_a_served_file_runs_from_any_folder(run, tmp_path):
    """``agenthost dev FILE`` serves it as a package that is not installed."""
    records = json.loads(run("calls", "show", json.loads(run("calls", "--json")[1])[0]["id"], "--json")[1])
    (tmp_path / "kept.json").write_text(json.dumps([each | {"package": "agenthost-clinic"} for each in records]))
    (tmp_path / "kept").mkdir()
    for file in tmp_path.glob("*.call.toml"):
        file.unlink()

    assert run("replay", "kept.json", "--save", "kept/kept.call.toml")[0] == 0
    assert 'files = [\n    "../agenthost_clinic.py",\n]' in (tmp_path / "kept" / "kept.call.toml").read_text("utf-8")
    code, out = run("test", "kept")
    assert (code, "1 passed" in out) == (0, True), out


def test_a_scenario_of_an_unknown_package_is_not_written(run, tmp_path):
    call = json.loads(run("calls", "--json")[1])[0]["id"]

    assert run("replay", call, "--save", "kept.call.toml")[0] == 4
    assert not (tmp_path / "kept.call.toml").exists()


def test_an_empty_list_says_what_makes_a_record(run, tmp_path):
    (tmp_path / "s.db").unlink(missing_ok=True)
    (tmp_path / "agenthost.toml").write_text(CONFIGURATION.replace("s.db", "other.db"), "utf-8")
    assert "    fix:  self.set_post_prompt(" in run("calls")[1]

    (tmp_path / "agenthost.toml").write_text(CONFIGURATION.replace("s.db", "other.db").replace("days = 7", "days = 0"))
    assert "    fix:  [recording] days = 7 in agenthost.toml, and self.set_post_prompt(" in run("calls")[1]


def test_a_name_that_is_not_a_scenarios(run):
    call = json.loads(run("calls", "--json")[1])[0]["id"]

    assert run("replay", call, "--save", "x.toml")[0] == 2
