"""The lint of words finds what it is meant to find, and nothing beside it."""

from __future__ import annotations

import re

import pytest
from vocabulary import check_markdown, check_python, main

CLEAN = '''
"""Serve agents."""

def serve(port):
    """Open the port, and serve until SIGTERM.

    Whether the port is free is checked first; whoever has it is named.
    """
    if not port:
        raise ValueError("there is no port. fix: write port = 3000")
    return "the host says no"  # a value that nobody is shown
'''


def found(source):
    """Return line and phrase of each finding in a program."""
    return [(finding.line, finding.phrase) for finding in check_python("program.py", source)]


def test_plain_english_passes():
    """Only the first line of a docstring has a fixed form.

    Texts other than messages are free.
    """
    assert found(CLEAN) == []


@pytest.mark.parametrize(
    ("first", "phrase"),
    [
        ("What it does.", "What"),
        ("Whether it is open.", "Whether"),
        ("Nobody knows.", "Nobody"),
        ("A nobody.", None),
        ("Howitzers fire.", None),
        ("Open it; close it.", ";"),
        (f"{'So ' * 15}long.", "16 words"),
        (f"{'So ' * 14}long.", None),
    ],
)
def test_first_lines(first, phrase):
    """They begin with a verb or a noun, and are one short sentence."""
    assert found(f'class Door:\n    """{first}"""\n') == ([(2, phrase)] if phrase else [])


@pytest.mark.parametrize(
    "line",
    [
        'raise ValueError("x is mended")',
        'raise ValueError(f"{x} is mended")',
        'log.warning("x is mended")',
        'click.echo("x is mended")',
        'click.option("--x", help="x is mended")',
        'msg = "x is mended"',
        "x = 1  # x is mended",
        '"""X.\n\nAnd x is mended."""',
    ],
)
def test_where_phrases_are_found(line):
    """Docstrings, comments, and texts that are raised, logged, printed or shown as help."""
    assert [phrase for _, phrase in found(line)] == ["mended"]


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("an addon", ["addon"]),
        ("a chatbot, and bots", ["chatbot", "bots"]),
        ("a heartbeat", ["heartbeat"]),
        ("it is no agent", ["is no agent"]),
        ("there is no agent", []),
        ("it is no longer there", []),
        ("it takes notice", ["takes notice"]),
        ("the plugin is told", ["is told"]),
        ("the log says so", ["says so"]),
        ("it stands in for it", ["stands in"]),
        ("a stand-in", []),
        ("it comes with a restart", ["comes with a restart"]),
        ("the host asks, the store hears", ["host asks", "store hears"]),
        ("people ask, and hear an answer", []),
        ("a robot and bottom", []),
    ],
)
def test_phrases(text, phrases):
    """Phrases are found as whole words, with the context that they need."""
    assert [finding.phrase for finding in check_markdown("page.md", text)] == phrases


def test_tools():
    """The docstring of a tool is its description for language models.

    It has no limit.
    """
    tool = f'''@AgentBase.tool
def find_order(order_id):
    """{" ".join(["word"] * 16)}; more."""
'''
    assert found(tool) == []
    assert found(tool.replace("AgentBase.tool", "cache")) == [(3, "17 words"), (3, ";")]


def test_headings():
    """A heading begins with the noun that people search for.

    A comment in a block of code is not a heading.
    """
    page = "# Restarts\n\n## Whom nobody knows\n\n```sh\n# Nobody\n```\n"

    assert [(finding.line, finding.phrase) for finding in check_markdown("page.md", page)] == [(3, "Whom")]


def test_the_command(tmp_path, capsys):
    """It prints file, line, phrase and replacement.

    It reads files and directories, and exits with 1 for findings.
    """
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "page.md").write_text("fine\n\nTo mend it\n", encoding="utf-8")
    (tmp_path / "program.py").write_text("x = 1\n", encoding="utf-8")

    assert main([str(tmp_path / "program.py")]) == 0
    assert main([str(tmp_path)]) == 1
    assert re.fullmatch(r".*page\.md:3: 'mend': write fix\n", capsys.readouterr().out)


def test_texts_below_variables_and_fields_begin_as_docstrings_do():
    below = 'LIMIT = 3\n"""What is at most kept."""\n'
    source = f'{below}class A:\n    b: int = 1\n    """Whether it is."""\n    """Why not."""\n'

    assert [(each.line, each.phrase) for each in check_python("a.py", source)] == [(2, "What"), (5, "Whether")]
