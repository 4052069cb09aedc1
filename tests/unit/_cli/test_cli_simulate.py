"""``agenthost simulate`` and ``agenthost test`` with an agent in a file."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pytest
from pages import DOCS, write

from agenthost._cli import main

PAGE = DOCS / "how-to" / "test-conversations.md"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command beside the files of the page."""
    write(PAGE, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))

    def ran(*arguments, typed=""):
        monkeypatch.setattr(sys, "argv", ["agenthost", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return ran


def test_a_call_is_typed(run, tmp_path):
    typed = '/tools\nPlease identify me, I was born 1980-02-29\n/step\n/data\n/tool book {"day": "tue"}\n'
    code, out, _ = run("simulate", "agenthost_clinic.py", "--trace", "t.json", typed=typed)

    assert code == 1
    assert "identify\nnext_step\n" in out
    assert "default/identify" in out
    assert "invalid_function" in out
    assert json.loads((tmp_path / "t.json").read_text("utf-8"))["trace"] == 1


def test_a_scenario_is_shown_as_it_goes(run):
    code, out, err = run("simulate", "agenthost_clinic.py", "--scenario", "clinic.call.toml")

    assert (code, err) == (0, "")
    assert '  · book(day="tue") → Booked for tue.\n' in out
    assert "/clinic: See you on tue.\n" in out


def test_events_are_json(run):
    code, out, _ = run("simulate", "agenthost_clinic.py", "--json", typed="/hangup\n")

    assert code == 0
    assert [json.loads(line)["kind"] for line in out.splitlines()][-1] == "ended"


def test_commands_of_the_caller(run):
    typed = "/prompt\n/press 1\n/wait 100\n/unhold\n/tool book [1]\n/tool book {\n/odd\n"
    code, out, err = run("simulate", "agenthost_clinic.py:ClinicAgent", typed=typed)

    assert code == 0
    assert "You answer the phone of a clinic." in out
    assert "the arguments must be an object" in err
    assert "the arguments are not JSON" in err


def test_many_calls_at_once(run):
    code, out, _ = run("simulate", "agenthost_clinic.py", "--scenario", "clinic.call.toml", "--calls", "20")

    assert code == 0
    assert out.startswith("20 calls at once, 0 with problems\n60 requests: p50 ")
    assert run("simulate", "agenthost_clinic.py", "--calls", "2")[0] == 2
    code, out, _ = run("simulate", "agenthost_clinic.py", "--scenario", "clinic.call.toml", "--calls", "2", "--json")
    assert (code, json.loads(out)["calls"]) == (0, 2)


def test_arguments_that_break_a_tool_are_found(run, tmp_path):
    code, out, _ = run("simulate", "agenthost_clinic.py", "--fuzz", "5")
    assert code == 0
    assert re.fullmatch(
        r"identify: 10 calls, none failed\nbook: \d+ calls, none failed\ncallers: 5 calls, none failed\n", out
    )

    text = (tmp_path / "agenthost_clinic.py").read_text("utf-8").replace('"Thank you."', "str(1 // len(born))")
    (tmp_path / "broken.py").write_text(text, "utf-8")
    code, out, _ = run("simulate", "broken.py", "--fuzz", "20")
    assert code == 1
    assert 'calls failed: the tool failed, first with {"born": ""}' in out


@pytest.mark.slow
def test_fuzzing_leaves_nothing_in_the_working_directory(run, tmp_path):
    command = [sys.executable, "-m", "agenthost", "simulate", "agenthost_clinic.py", "--fuzz", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / ".hypothesis").exists()


def test_mistakes_are_reported_before_anything_is_served(run, tmp_path):
    """An error inside the host's lifespan would be an internal one."""
    (tmp_path / "clinic.call.toml").write_text("odd = 1", "utf-8")

    assert run("simulate", "agenthost_clinic.py", "--scenario", "clinic.call.toml")[0] == 3
    code, _, err = run("simulate", "agenthost_clinic.py", "--model", "nope")
    assert (code, "there is no language model 'nope'" in err) == (2, True)


def test_an_agent_that_is_not_there(run):
    code, _, err = run("simulate", "nothing.py")

    assert (code, "there is no such Python file" in err) == (4, True)


def test_scenarios_pass_and_are_reported(run, tmp_path):
    code, out, _ = run("test", "--junit", "j.xml", "--html", "r.html", "--trace", "traces")

    assert code == 0
    assert out.startswith(
        "passed  Books after the date of birth  (clinic.call.toml)\npassed  persona  (persona.call.toml)\n"
    )
    assert "2 passed, 0 failed" in out
    assert "<testsuite " in (tmp_path / "j.xml").read_text("utf-8")
    assert "<svg " in (tmp_path / "r.html").read_text("utf-8")
    assert len(list((tmp_path / "traces").iterdir())) == 2


def test_a_scenario_fails(run, tmp_path):
    file = tmp_path / "clinic.call.toml"
    file.write_text(file.read_text("utf-8").replace("See you on tue.", "See you on mon."), "utf-8")

    code, out, _ = run("test", "clinic.call.toml")
    assert (code, "    - See you on mon.\n" in out) == (1, True)
    code, out, _ = run("test", "clinic.call.toml", "--json")
    assert (code, json.loads(out)[0]["passed"]) == (1, False)


def test_mistakes_and_missing_scenarios(run, tmp_path):
    (tmp_path / "persona.call.toml").write_text("odd = 1", "utf-8")
    (tmp_path / "empty").mkdir()

    assert run("test")[0] == 3
    assert run("test", "empty")[0] == 2
    assert run("test", "missing")[0] == 3
