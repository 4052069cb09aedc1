"""The types that authors see, checked by mypy as authors run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

import agenthost

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parents[1] / "typing"


def reported(program, cache):
    """Return mypy's error codes by line number, and its output."""
    output, errors, _ = api.run(
        [
            "--strict",
            "--no-error-summary",
            "--hide-error-context",
            "--config-file=",
            f"--cache-dir={cache}",
            str(PROGRAMS / program),
        ]
    )
    assert errors == ""
    lines: dict[int, set[str]] = {}
    for line, code in re.findall(rf"{program}:(\d+): error: .*\[([\w-]+)\]", output):
        lines.setdefault(int(line), set()).add(code)
    return lines, output


@pytest.fixture(autouse=True)
def found(monkeypatch, tmp_path):
    """Set MYPYPATH to the agenthost under test, and leave the checkout.

    mypy finds an installed one by itself, and reports none of its lines. It would prefer one in the working directory.
    """
    monkeypatch.chdir(tmp_path)
    home = Path(agenthost.__file__).parents[1]
    if home.name != "site-packages":
        monkeypatch.setenv("MYPYPATH", str(home))


def test_what_authors_write_passes(types_cache):
    """No line of the program needs an ignore or a cast."""
    lines, output = reported("must_check.py", types_cache)

    assert (lines, output) == ({}, "")


def test_mistakes_are_reported_where_they_are(types_cache):
    """Each marked line, with the marked codes, and nothing else."""
    source = (PROGRAMS / "must_fail.py").read_text("utf-8").splitlines()
    marks = {number: re.search(r"# error: ([\w,-]+)$", line) for number, line in enumerate(source, 1)}
    expected = {number: set(mark[1].split(",")) for number, mark in marks.items() if mark}
    lines, _ = reported("must_fail.py", types_cache)

    assert len(expected) >= 20
    assert expected == lines


def test_the_package_says_that_it_is_typed():
    """PEP 561: without the marker, authors' type checkers see nothing."""
    assert (Path(agenthost.__file__).parent / "py.typed").is_file()
