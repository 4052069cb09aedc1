"""A newcomer's path: the commands and the files of the tutorial.

It leads from an empty folder to an agent that answers elsewhere.
"""

import json
import re
import sys
import zipfile

import pytest
from caller import Caller, functions
from environment import BUILD, checked
from pages import DOCS, blocks
from polling import poll_until

PAGE = DOCS / "tutorial" / "first-agent.md"
MOST = 10
"""The most lines that a newcomer types."""


def shown(info):
    return [block.text for block in blocks(PAGE, info)]


LINES = [line for text in shown("console") for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE)]


@pytest.fixture
def newcomer(env):
    """A person in an empty folder, with agenthost and what tests need."""
    with env.having_too("pytest", "hypothesis"):
        yield Newcomer(env, env.workplace())


class Newcomer:
    """A person who types the lines of the tutorial, and writes its files."""

    def __init__(self, env, place):
        self.env, self.project, self.place = env, place / "agenthost-cinema", place
        self.lines, self.installed = iter(LINES), False
        self.files = {block.file: block.text for block in blocks(PAGE) if block.file}

    def types(self, *commands):
        """Return the next line of the page, which has these commands."""
        line = next(self.lines)
        assert all(each in line for each in commands), line
        return line

    def runs(self, *command):
        """Run a command in the project."""
        return self.env.run(*command, cwd=self.project)

    def saves(self, name):
        assert (self.project / name).exists() or name == "agenthost.toml"
        (self.project / name).write_text(self.files[name])

    def changes(self, diff, name="src/agenthost_cinema/__init__.py"):
        """Apply a change of the page."""
        old, new = ("\n".join(re.findall(rf"^{sign}(.*)$", diff, re.MULTILINE)) for sign in ("-", r"\+"))
        text = (self.project / name).read_text()
        assert old in text
        (self.project / name).write_text(text.replace(old, new))

    def installs(self):
        """Install the project as it is."""
        if self.installed:
            self.env.forget(self.project)
        self.env.install(self.project)
        self.installed = True


def test_the_path_has_few_lines():
    assert len(LINES) <= MOST


def test_a_newcomer_reaches_an_agent_that_answers_elsewhere(newcomer):
    env, project = newcomer.env, newcomer.project
    changed, ran, failed, broken, fixed = shown("text")
    refuse, misspell = shown("diff")
    newcomer.types("pip install ../agenthost")  # what the fixture has done, without an index
    newcomer.types("agenthost new cinema", "cd agenthost-cinema")
    assert env.run("agenthost", "new", "cinema", cwd=newcomer.place).returncode == 0

    newcomer.types("agenthost dev")
    with env.serve(cwd=project, command="dev") as served:
        poll_until(lambda: "watching" in served.stdout, 30)
        newcomer.saves("src/agenthost_cinema/__init__.py")
        poll_until(lambda: "served after" in served.stdout, 30, said=lambda: served.stdout + served.stderr)
        assert changed in served.stdout
        tool = functions(Caller.of(served).document("/cinema"))["keep_seats"]
        del tool["web_hook_url"]
        assert tool == json.loads(shown("json")[0])

    newcomer.types("pip install --editable '.[test]' build")
    newcomer.installs()
    line = newcomer.types("agenthost tool cinema")
    assert newcomer.runs(*line.split()).stdout == ran

    newcomer.saves("tests/test_cinema.py")
    newcomer.saves("tests/cinema.call.toml")
    newcomer.types("pytest", "agenthost test")
    tested = newcomer.runs("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert newcomer.runs("agenthost", "test").stdout.startswith(failed)
    newcomer.changes(refuse)
    assert newcomer.runs("agenthost", "test").returncode == 0

    newcomer.changes(misspell)
    newcomer.installs()
    newcomer.types("agenthost check")
    checked_once = newcomer.runs("agenthost", "check")
    assert (checked_once.stdout, checked_once.returncode) == (broken, 1)
    newcomer.saves("agenthost.toml")
    assert newcomer.runs("agenthost", "check").stdout == fixed
    newcomer.changes(misspell.translate(str.maketrans("+-", "-+")))

    newcomer.types("python -m build")
    (project / "dist").mkdir()
    [wheel] = json.loads(checked(sys.executable, "-c", BUILD, str(project / "dist"), str(project)))
    assert "agenthost.toml" not in str(zipfile.ZipFile(project / "dist" / wheel).namelist())
    newcomer.types("../elsewhere/bin/pip install", "dist/*.whl")
    env.uninstall("agenthost-cinema")
    newcomer.installs()
    newcomer.types("../elsewhere/bin/agenthost run")
    elsewhere = env.workplace()
    with env.serve(cwd=elsewhere) as served:
        caller = Caller.of(served)
        url = functions(caller.document("/cinema", "call-1"))["keep_seats"]["web_hook_url"]
        assert caller.call(url, "keep_seats", {"day": "sun"}, "call-1")["response"] == "1 kept for The General at 5 pm."
    assert not list(newcomer.lines)
