"""Commands that pages show exist, and the pages on commands show all of them."""

from __future__ import annotations

import re
import shlex
import tomllib

import click
import pytest
from pages import DOCS, PAGES, ROOT, blocks, every, section

from agenthost._cli import COMMANDS, cli
from agenthost.errors import ExitCode

_SHOWN = every("console", "sh")
_PAGE = DOCS / "reference" / "commands.md"
_OPERATORS = {"&&", "||", ";", "|"}
_OF_PACKAGES = {
    name
    for file in (DOCS.parent / "plugins").glob("*/pyproject.toml")
    for name in tomllib.loads(file.read_text()).get("project", {}).get("entry-points", {}).get("agenthost.commands", {})
}
"""Commands that distributions of this checkout bring; their own tests run them."""


def commands(text):
    """Return the simple commands of the lines that begin with ``$``.

    Each is a list of words without variables.
    """
    for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        words = []
        for word in [*shlex.split(line, comments=True), ";"]:
            if word not in _OPERATORS:
                words.append(word)
                continue
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            yield words
            words = []


@pytest.mark.parametrize("block", _SHOWN, ids=[block.name for block in _SHOWN])
def test_commands_that_are_shown_exist(block):
    """Each line is a command, and what it asks of agenthost is understood."""
    shown = list(commands(block.text))
    assert shown

    for program, *arguments in shown:
        if program.rpartition("/")[2] == "agenthost" and arguments[0] not in _OF_PACKAGES:
            with click.Context(cli) as parent:
                name, command, rest = cli.resolve_command(parent, list(arguments))
                command.make_context(name, rest, parent=parent)


def options(command):
    """The options of a command, those of its own commands included."""
    below = command.commands.values() if isinstance(command, click.Group) and command is not cli else ()
    own = {name for parameter in command.params for name in parameter.opts if name.startswith("--")} - {"--help"}
    return own.union(*map(options, below))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described(name):
    """The section of a command lists exactly its options, each with its help."""
    with click.Context(cli) as parent:
        command = cli.get_command(parent, name)
    rows = [line for line in section(_PAGE, f"agenthost {name}").splitlines() if line.startswith("| `--")]
    described = {option for row in rows for option in re.findall(r"`(--[\w-]+)", row.split(" | ")[0])}

    assert described == options(command)


def test_options_of_agenthost_itself_are_described():
    intro = _PAGE.read_text(encoding="utf-8").partition("\n## ")[0]

    assert {option for option in ("--help", *options(cli)) if f"`{option}" not in intro} == set()


def test_shared_options_name_the_commands_that_have_them():
    rows = re.findall(
        r"^\| `(--[\w-]+)[^|]*\| ([^|]+) \|", section(_PAGE, "Options that several commands share"), re.MULTILINE
    )
    with click.Context(cli) as parent:
        having = {
            option: {name for name in COMMANDS if option in options(cli.get_command(parent, name))}
            for option, _ in rows
        }

    told = {
        option: set(COMMANDS) - words if listed.startswith("all") else words
        for option, listed in rows
        for words in [set(re.findall(r"`(\w+)`", listed))]
    }
    assert told == having


def test_there_is_no_section_for_a_command_that_is_gone():
    sections = re.findall(r"^## agenthost (\w+)$", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(sections) == sorted(COMMANDS)


@pytest.mark.parametrize("page", ["commands.md", "errors.md"])
def test_exit_codes_are_described(page):
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", section(DOCS / "reference" / page, "Exit codes"), re.MULTILINE)

    assert [(int(code), name) for code, name in rows] == [(code.value, code.name) for code in ExitCode]


def test_the_test_command_of_the_readme_is_the_one_that_runs_elsewhere():
    """The second command of the README is the last line of .ci/run."""
    shown = [line for block in blocks(ROOT / "README.md", "console") for line in block.text.splitlines()]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert shown[1].removeprefix("$ ") == script[-1]


def test_every_page_is_looked_at():
    """The pages that these tests read are there, this one's among them."""
    assert {_PAGE, ROOT / "README.md"} <= set(PAGES)
