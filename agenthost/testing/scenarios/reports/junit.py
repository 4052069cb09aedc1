"""Verdicts in the XML format of JUnit, which CI systems read."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from agenthost.testing.scenarios.verdict import lines_about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.testing.scenarios.verdict import Verdict

__all__ = ["junit"]

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def junit(verdicts: Sequence[Verdict]) -> str:
    """Return a JUnit report of verdicts."""
    failed = sum(not verdict.passed for verdict in verdicts)
    seconds = sum(verdict.seconds for verdict in verdicts)
    head = f'<testsuite name="agenthost test" tests="{len(verdicts)}" failures="{failed}" time="{seconds:.3f}">'
    cases = "\n".join(_case(verdict) for verdict in verdicts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{head}\n{cases}\n</testsuite>\n</testsuites>\n'


def _case(verdict: Verdict) -> str:
    head = f'<testcase classname="{_text(verdict.file)}" name="{_text(verdict.title)}" time="{verdict.seconds:.3f}"'
    if verdict.passed:
        return f"{head}/>"
    problems = [problem.message for run in verdict.runs for problem in run.problems]
    lines = "\n".join(lines_about(verdict))
    first = _text(problems[0] if problems else "too few runs pass")
    return f'{head}><failure message="{first}">{_text(lines)}</failure></testcase>'


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("?", text))
