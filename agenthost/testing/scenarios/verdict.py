"""Verdicts of scenarios, and their text."""

from __future__ import annotations

from difflib import ndiff
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost.testing.platform.trace import Trace
    from agenthost.testing.scenarios.checking import Problem

__all__ = ["Run", "Verdict", "lines_about"]


@frozen
class Run:
    """One run of a scenario.

    Args:
        problems: the differences.
        trace: the trace of the call.
        seconds: its duration.
    """

    problems: tuple[Problem, ...]
    trace: Trace = field(repr=False)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """True without a difference."""
        return not self.problems

    @property
    def vetoed(self) -> bool:
        """True if something happened that must not."""
        return any(problem.kind in {"veto", "error"} for problem in self.problems)


@frozen
class Verdict:
    """The verdict of a scenario.

    Args:
        file: its file.
        title: its title.
        runs: its runs.
        passes: the number of runs that must pass.
    """

    file: str
    title: str
    runs: tuple[Run, ...]
    passes: int = 1

    @property
    def passed(self) -> bool:
        """True if enough runs pass, and none is vetoed."""
        return sum(run.passed for run in self.runs) >= self.passes and not any(run.vetoed for run in self.runs)

    @property
    def seconds(self) -> float:
        """The duration of all runs."""
        return sum(run.seconds for run in self.runs)


def lines_about(verdict: Verdict) -> Iterator[str]:
    """Yield the lines that explain a failure: each problem with its difference."""
    for number, run in enumerate(verdict.runs, 1):
        if run.passed:
            continue
        if len(verdict.runs) > 1:
            yield f"  run {number} of {len(verdict.runs)}:"
        for problem in run.problems:
            where = f"{verdict.file}:{problem.line}: " if problem.line else ""
            yield f"  {problem.kind}: {where}{problem.message}"
            yield from _difference(problem)


def _difference(problem: Problem) -> Iterator[str]:
    if not problem.expected:
        yield from (f"      {line}" for line in problem.actual)
        return
    for line in ndiff(problem.expected, problem.actual):
        if not line.startswith("?"):
            yield f"    {line.rstrip()}"
