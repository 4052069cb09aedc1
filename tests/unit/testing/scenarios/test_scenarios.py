"""Scenarios of one agent: passing ones, failing ones, and files with mistakes."""

from __future__ import annotations

import asyncio

import pytest

from agenthost import ConfigurationError
from agenthost.testing.scenarios import find_scenarios, lines_about, read_scenario, run_scenario

AGENT = '''
from typing import Literal

from agenthost import AgentBase, FunctionResult


class ClinicAgent(AgentBase):
    """Books visits to a clinic."""

    def __init__(self):
        super().__init__(name="clinic", route="/clinic", fallback="I can't reach the calendar.")
        self.prompt_add_section("Role", "You answer the phone of a clinic.")
        steps = self.define_contexts().add_context("default")
        steps.add_step("identify").set_text("Ask for the date of birth.").set_functions(["identify"])
        steps.add_step("book").set_text("Book a visit.").set_functions(["book"])

    @AgentBase.tool
    def identify(self, born: str) -> FunctionResult:
        """Identify the patient.

        Args:
            born: Date of birth, such as 1980-02-29
        """
        return FunctionResult("Thank you.").update_global_data({"born": born}).swml_change_step("book")

    @AgentBase.tool
    async def book(self, day: Literal["mon", "tue"]) -> FunctionResult:
        """Book a visit.

        Args:
            day: Day of the visit
        """
        number = await self.state.incr("visits")
        return FunctionResult(f"Booked for {day}, visit {number}.").say(f"See you on {day}.")
'''
HEAD = 'agent = "/clinic"\n[host]\nfiles = ["agenthost_clinic.py"]\n'
SCRIPT = """
[[turn]]
user = "I was born on the 29th of February 1980."
model = [{ call = "identify", with = { born = "1980-02-29" } }, { say = "Which day?" }]
expect = { step = "book", offered = ["book"], not_offered = ["identify"] }

[[turn]]
user = "Tuesday, please."
model = [{ call = "book", with = { day = "tue" } }]
"""


@pytest.fixture
def run(tmp_path):
    """Write a scenario beside the agent, and return its verdict."""
    (tmp_path / "agenthost_clinic.py").write_text(AGENT, encoding="utf-8")

    def written(text):
        file = tmp_path / "clinic.call.toml"
        file.write_text(text, encoding="utf-8")
        return asyncio.run(run_scenario(read_scenario(file)))

    return written


def messages(verdict):
    return [problem.message for run in verdict.runs for problem in run.problems]


def test_a_scenario_passes(run):
    verdict = run(
        HEAD
        + SCRIPT
        + """
[expect]
tools = [{ call = "identify" }, { call = "book", with = { day = "tue" } }]
calls = { book = 1 }
responses = ["thank you", "visit 1"]
said = ["which day", "see you on tue"]
actions = ["change_step", "say"]
agent = "/clinic"
hops = ["/clinic"]
step = "book"
ended = "caller"
global_data = { born = "1980-02-29" }

[veto]
tools = [{ call = "book", with = { day = "mon" } }]
calls = { book = 1 }
said = ["monday"]
agents = ["/sales"]
global_data = ["card"]
actions = ["hangup"]
"""
    )

    assert messages(verdict) == []
    assert verdict.passed


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[expect]\ntools = ["book", "identify"]', "the function calls are not as expected"),
        ("[expect]\ncalls = { book = 2 }", "book is called 1 times, not 2"),
        ('[expect]\nresponses = ["visit 2"]', "the functions' answers are not as expected"),
        ('[expect]\nsaid = ["goodbye"]', "the words are not as expected"),
        ('[expect]\nactions = ["hangup"]', "the actions are not as expected"),
        ('[expect]\nhops = ["/clinic", "/sales"]', "hops is not as expected"),
        ('[expect]\nstep = "identify"', "step is not as expected"),
        ('[expect]\noffered = ["cancel"]', "cancel is not offered"),
        ('[expect]\nnot_offered = ["book"]', "book is offered"),
        ('[expect]\nended = "hangup"', "ended is not as expected"),
        ('[expect.global_data]\nborn = "1980-02-28"', "the global data is not as expected"),
        ('[expect]\nsummary = "booked"', "the summary is not as expected"),
        ('[expect]\nfindings = ["not_offered"]', "the finding 'not_offered' does not occur"),
        ('[veto]\ntools = ["book"]', "book() is called"),
        ("[veto]\ncalls = { book = 0 }", "book is called 1 times, at most 0 are allowed"),
        ('[veto]\nsaid = ["SEE  you"]', "'SEE  you' is said"),
        ('[veto]\nagents = ["/clinic"]', "/clinic has the call"),
        ('[veto]\nglobal_data = ["born"]', "'born' is in the global data"),
        ('[veto]\nactions = ["say"]', "the action say is applied"),
    ],
)
def test_a_difference_fails(run, more, message):
    verdict = run(HEAD + SCRIPT + more)

    assert messages(verdict) == [message]
    assert not verdict.passed


def test_a_finding_that_nobody_expects_fails(run):
    verdict = run(HEAD + '[[turn]]\nuser = "Tuesday."\nmodel = [{ call = "book", with = { day = "tue" } }]')

    assert messages(verdict) == ["not_offered: the model calls 'book', which is not offered now"]
    assert not verdict.runs[0].vetoed


def test_the_difference_is_readable(run):
    verdict = run(HEAD + SCRIPT + '[expect]\ntools = [{ call = "book", with = { day = "mon" } }]')

    assert list(lines_about(verdict)) == [
        "  expect: the function calls are not as expected",
        '    + identify(born="1980-02-29")',
        '    - book(day="mon")',
        '    + book(day="tue")',
    ]


def test_each_run_has_a_host_of_its_own(run):
    verdict = run("runs = 3\n" + HEAD + SCRIPT)
    responses = [run.trace.of("tool")[1].data["response"] for run in verdict.runs]

    assert responses == ["Booked for tue, visit 1."] * 3


def test_a_veto_counts_even_if_enough_runs_pass(run):
    """Vetoes fail, and never rescue."""
    text = "runs = 2\npasses = 1\n" + HEAD + SCRIPT

    assert run(text + '[expect]\nsaid = ["goodbye"]').passed is False
    assert run(text).passed
    assert run(text + '[veto]\nsaid = ["see you"]').runs[0].vetoed


def test_a_lost_answer_books_twice(run):
    verdict = run(HEAD + SCRIPT + '[[fault]]\nkind = "lost"\nfunction = "book"\n')

    assert verdict.runs[0].trace.of("tool")[1].data["response"] == "Booked for tue, visit 2."


def test_a_turn_after_the_end_cannot_be_played(run):
    verdict = run(HEAD + '[[turn]]\nhangup = true\n[[turn]]\nuser = "Hello?"\n')

    assert messages(verdict) == ["the call has ended before this turn: caller"]
    assert verdict.runs[0].problems[0].line == 6


def test_the_offline_model_and_a_persona_talk(run):
    verdict = run(
        HEAD
        + """
[model]
kind = "offline"
[persona]
goal = "Please identify me."
facts = { born = "1980-02-29" }
rules = ["late", "injects"]
[expect]
global_data = { born = "1980-02-29" }
tools = ["identify"]
"""
    )

    assert messages(verdict) == []


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("agent = ", "this is not TOML"),
        ("[host]\n", ":1: the file needs agent."),
        ('agent = "/"\nagnet = "/"', ":2: unknown key 'agnet'. Did you mean agent?"),
        ('agent = "/"\n\n[[turn]]\nuser = 5', ":4: [turn[0]] user must be text."),
        ('agent = "/"\n[[turn]]\nuser = "a"\n[[turn]]\nuser = "b"\ndigits = "1"', ":4: [[turn]] has user and digits"),
        ('agent = "/"\n[[turn]]\nlang = "en"', ":2: [[turn]] needs one of user, digits"),
        ('agent = "/"\n[expect]\ntools = [{ name = "x" }]', ":3: [expect] tools must be a list such as"),
        ('agent = "/"\n[persona]\nrules = []', ":2: [persona] needs goal."),
        ('agent = "/"\n[persona]\ngoal = ""\nrules = ["shy"]', ":4: [persona] rules must be a list of spells_codes"),
        ('agent = "/"\nruns = 2\npasses = 3', ":3: passes = 3 is more than runs = 2."),
        ('agent = "/"\n[[fault]]\nkind = "odd"', ":3: [fault[0]] kind must be one of status"),
        ('agent = "/"\n[[turn]]\nuser = "x"\n[turn.expect]\nsayd = []', ":5: [turn[0].expect] unknown key 'sayd'"),
    ],
)
def test_mistakes_are_named_with_their_line(run, text, mistake):
    with pytest.raises(ConfigurationError) as refused:
        run(text)

    assert mistake in str(refused.value)
    assert "clinic.call.toml" in str(refused.value)


def test_a_scenario_without_a_host_says_what_to_write(run):
    [problem] = run('agent = "/"').runs[0].problems

    assert problem.kind == "error"
    assert 'fix: [host] files = ["agent.py"]' in problem.message


def test_files_are_found_below_folders(tmp_path):
    for name in ("b.call.toml", "a/c.call.toml", ".tox/d.call.toml", "e.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")

    assert find_scenarios([tmp_path]) == [tmp_path / "a/c.call.toml", tmp_path / "b.call.toml"]
    for name in ("e.toml", "nothing"):
        with pytest.raises(ConfigurationError, match="fix: agenthost test tests/"):
            find_scenarios([tmp_path / name])


def test_a_forgotten_step_is_found(run, tmp_path):
    (tmp_path / "agenthost_clinic.py").unlink()
    (tmp_path / "forgetful.py").write_text(AGENT.replace('.swml_change_step("book")', ""), encoding="utf-8")
    verdict = run((HEAD + SCRIPT).replace("agenthost_clinic.py", "forgetful.py"))

    assert messages(verdict)[0] == "step is not as expected"
