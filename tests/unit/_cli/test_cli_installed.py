"""Commands of installed packages, found by their entry points and run as ``agenthost NAME``."""

from __future__ import annotations

import sys

import pytest

from agenthost._cli import COMMANDS, main

CODE = """
import click

@click.command()
@click.option("--loud", is_flag=True)
def greet(loud):
    \"\"\"Greet.\"\"\"
    click.echo("HELLO" if loud else "hello")

number = 5
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the commands of a package, and return exit code, stdout and stderr.

    The package is installed with commands by name.
    """
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme_greetings.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "acme_broken.py").write_text("import nowhere_at_all", encoding="utf-8")

    def run(words, packages):
        for name, entries in packages.items():
            folder = tmp_path / f"{name}-1.0.dist-info"
            folder.mkdir()
            (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n")
            lines = [f"{command} = {value}\n" for command, value in entries.items()]
            (folder / "entry_points.txt").write_text("".join(["[agenthost.commands]\n", *lines]))
        monkeypatch.setattr(sys, "argv", ["agenthost", *words])
        try:
            main()
        except SystemExit as ended:
            return (ended.code, *capsys.readouterr())
        return (0, *capsys.readouterr())

    return run


def test_a_command_of_a_package_runs(run):
    assert run(["greet", "--loud"], {"acme": {"greet": "acme_greetings:greet"}}) == (0, "HELLO\n", "")


@pytest.mark.parametrize(
    ("packages", "code", "told"),
    [
        ({}, 2, "No such command 'greet'"),
        (
            {"acme": {"greet": "acme_greetings:greet"}, "zebra": {"greet": "acme_greetings:greet"}},
            4,
            "command 'greet' is offered by acme 1.0 and zebra 1.0. fix: uninstall all but one of them.",
        ),
        (
            {"acme": {"greet": "acme_broken:greet"}},
            4,
            (
                "acme 1.0: command 'greet' cannot be loaded: ModuleNotFoundError: No module named 'nowhere_at_all'. "
                "fix: pip install --upgrade acme"
            ),
        ),
        ({"acme": {"greet": "acme_greetings:number"}}, 4, "acme_greetings:number is of type int, not a click command."),
        ({"acme": {"greet": "not a value"}}, 4, "acme 1.0: command 'greet' cannot be loaded: "),
    ],
    ids=["none", "two", "broken", "no command", "no value"],
)
def test_one_that_cannot_run_says_why(run, packages, code, told):
    ended, out, err = run(["greet"], packages)

    assert (ended, out) == (code, "")
    assert told in err
    assert "Traceback" not in err


def test_a_package_takes_no_command_of_agenthost(run):
    code, out, _ = run(["stats", "--help"], {"acme": dict.fromkeys(COMMANDS, "acme_greetings:greet")})

    assert code == 0
    assert "Greet." not in out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rnu", "No such command 'rnu'. Did you mean run? agenthost --help lists them."),
        ("gret", "No such command 'gret'. Did you mean greet? agenthost --help lists them."),
        ("xyzzy", "No such command 'xyzzy'. agenthost --help lists them."),
    ],
)
def test_a_misspelt_command_is_corrected(run, name, told):
    """The nearest name may be one of agenthost or of a package."""
    code, _, err = run([name], {"acme": {"greet": "acme_greetings:greet"}})

    assert (code, told in err) == (2, True)
