"""``agenthost dev``: a project is served without being installed, and anew after each edit."""

import json
import re

import pytest
from caller import Caller, functions
from forms import send_form
from polling import poll_until

BEFORE = "You answer the phone."
SCENARIO = """
title = "A caller asks for the hours"
agent = "/cinema"
[host]
installed = ["agenthost-cinema"]
[[turn]]
user = "When are you open?"
model = [{ call = "opening_hours" }, { say = "At nine." }]
[expect]
tools = ["opening_hours"]
"""


@pytest.fixture
def project(env):
    place = env.workplace()
    assert env.run("agenthost", "new", "cinema", cwd=place).returncode == 0
    return place / "agenthost-cinema"


class Author:
    """An author who edits the source of a served project."""

    def __init__(self, served, project):
        self.served, self.caller = served, Caller.of(served)
        self.code = project / "src" / "agenthost_cinema" / "__init__.py"

    def edit(self, old, new):
        """Replace a text in the source, and return what the command prints about it."""
        known = len(self.served.stdout)
        text = self.code.read_text()
        assert old in text
        self.code.write_text(text.replace(old, new))
        poll_until(
            lambda: " served after " in self.served.stdout[known:] or "\ncinema:\n" in self.served.stdout[known:],
            30,
            said=lambda: self.served.stdout + self.served.stderr,
        )
        return self.served.stdout[known:]

    def prompt(self):
        return json.dumps(self.caller.document("/cinema")["sections"]["main"][1]["ai"]["prompt"])


def test_edits_are_served_and_mistakes_are_not(env, project):
    """The last good version goes on while the new one is broken."""
    with env.serve(cwd=project, command="dev") as served:
        poll_until(lambda: "watching" in served.stdout, 30)
        author = Author(served, project)
        assert BEFORE in author.prompt()

        told = author.edit(BEFORE, "You sell tickets.")
        assert f'~ sections.main[1].ai.prompt.pom[Role].body: "{BEFORE}" → "You sell tickets."' in told
        assert "You sell tickets." in author.prompt()

        told = author.edit("self.add_language(", "self.add_langauge(")
        assert "not served, the last good version goes on: cinema: AttributeError: " in told
        traceback = told.partition("\ncinema:\n")[2].splitlines()
        assert re.fullmatch(r'  File "src/agenthost_cinema/__init__.py", line \d+, in __init__', traceback[0])
        assert traceback[1:2] + traceback[3:] == [
            '    self.add_langauge("English", "en-US", "rime.spore")',
            "AttributeError: 'CinemaAgent' object has no attribute 'add_langauge'",
        ]
        assert "You sell tickets." in author.prompt()

        author.code.write_text(author.code.read_text().replace("add_langauge", "add_language"))
        told = author.edit("def opening_hours(", "def hours(")
        assert "tool: cinema: new tool hours\n" in told
        assert "tool: cinema: tool opening_hours gone\n" in told
        assert set(functions(author.caller.document("/cinema"))) == {"hours", "take_message"}
    assert not (project / "state" / "state.db").exists()
    assert not (project / "state" / "owners").exists()


def test_the_console_runs_commands_on_a_source(env, project):
    """A simulated call and a scenario, which processes of their own play."""
    scenario = project / "tests" / "hours.call.toml"
    scenario.parent.mkdir(exist_ok=True)
    scenario.write_text(SCENARIO)
    with env.serve(cwd=project, command="dev") as served:
        poll_until(lambda: "watching" in served.stdout, 30)
        auth = served.credentials
        called = send_form(served, "/-/agents/cinema/simulate", auth, b"line=hello")
        passed = send_form(served, "/-/agents/cinema/scenarios/hours", auth)
        scenario.write_text(f"{SCENARIO}[veto]\ntools = ['opening_hours']\n")
        failed = send_form(served, "/-/agents/cinema/scenarios/hours", auth)
        page = Caller.of(served).ask("GET", "/-/agents/cinema").body

        assert b"/cinema has the call" in re.sub(rb"<[^>]*>", b"", called.body), called.body
        assert b'<span class="ok">passed</span>' in passed.body, passed.body
        assert b"opening_hours(" in failed.body, failed.body
        assert b'<span class="error">failed</span>' in page


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("skill", "a skill runs in an agent, which calls add_skill('lotto')"),
        ("plugin", "a plugin has no route of its own"),
    ],
)
def test_a_project_without_agents_is_explained(env, kind, why):
    place = env.workplace()
    assert env.run("agenthost", "new", "lotto", "--kind", kind, cwd=place).returncode == 0
    checked = env.run("agenthost", "check", ".", cwd=place / "agenthost-lotto")
    assert checked.stdout == f"  {kind} lotto (agenthost-lotto 0.1.0): ready\nNo problems.\n"

    with env.serve(cwd=place / "agenthost-lotto", command="dev") as served:
        poll_until(lambda: "watching" in served.stdout, 30)
        assert f"  no agent is served: {why}\n    fix:  " in served.stdout


def test_a_file_is_checked_and_run(env):
    place = env.workplace()
    (place / "shop.py").write_text(
        "from agenthost import AgentBase\n\n\nclass ShopAgent(AgentBase):\n    def __init__(self):\n"
        '        super().__init__("shop", "/shop")\n'
    )
    (place / "broken.py").write_text(
        "from agenthost import AgentBase\nimport numpyy\nclass ShopAgent(AgentBase): ...\n"
    )

    assert env.run("agenthost", "check", "shop.py", cwd=place).stdout.splitlines()[-1] == "No problems."
    told = env.run("agenthost", "check", "broken.py", "--traceback", cwd=place)
    assert told.returncode == 1
    assert told.stdout.splitlines()[-5:-1] == [
        "broken:",
        '  File "broken.py", line 2, in <module>',
        "    import numpyy",
        "ModuleNotFoundError: No module named 'numpyy'",
    ]
    with env.serve("shop.py", cwd=place) as served:
        assert Caller.of(served).document("/shop")["version"] == "1.0.0"
