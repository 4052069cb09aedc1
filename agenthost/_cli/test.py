"""``agenthost test``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenthost._cli.parts.options import as_json
from agenthost._cli.parts.output import echo, print_json
from agenthost.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost.testing.scenarios.verdict import Verdict

__all__ = ["command"]


@click.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--jobs", type=click.IntRange(1), help="Number of processes.  [default: by processors and scenarios]")
@click.option("--junit", metavar="FILE", help="Write a report in the XML format of JUnit.")
@click.option("--html", metavar="FILE", help="Write a page with a picture of each call.")
@click.option("--trace", metavar="FOLDER", help="Write the trace of each run to a folder.")
@as_json
def command(
    paths: tuple[str, ...], jobs: int | None, junit: str | None, html: str | None, trace: str | None, as_json: bool
) -> None:
    """Run the scenarios in PATH: files and folders, by default this folder.

    A scenario is a file *.call.toml: a scripted call to an agent, with everything that must and must not happen. Each
    run has a host of its own in memory, and contacts no other system.

    Exit code 1: a scenario failed. 3: a scenario has a mistake.
    """
    from agenthost.testing.scenarios.many import loop_lag_unlogged, run_all, usual_jobs
    from agenthost.testing.scenarios.reading import SUFFIX, find_scenarios

    files = find_scenarios(paths or (".",))
    if not files:
        msg = f"there is no scenario (*{SUFFIX}) in {', '.join(paths or ('this folder',))}."
        raise click.UsageError(msg)
    _check(files)
    verdicts, begun = [], time.monotonic()
    with loop_lag_unlogged():
        for verdict in run_all(files, jobs or usual_jobs(len(files))):
            verdicts.append(verdict)
            if not as_json:
                _show(verdict)
    _write(verdicts, junit, html, trace)
    failed = sum(not verdict.passed for verdict in verdicts)
    if as_json:
        print_json([_as_json(verdict) for verdict in verdicts])
    else:
        echo(f"{len(verdicts) - failed} passed, {failed} failed, {time.monotonic() - begun:.1f} s")
    sys.exit(ExitCode.FINDINGS if failed else ExitCode.OK)


def _check(files: Sequence[Path]) -> None:
    """Read all files before the first call.

    Raises:
        ConfigurationError: there are mistakes, one a line.
    """
    from agenthost.testing.scenarios.reading import read_scenario

    mistakes = []
    for file in files:
        try:
            read_scenario(file)
        except ConfigurationError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))


def _show(verdict: Verdict) -> None:
    from agenthost.testing.scenarios.verdict import lines_about

    echo(f"{'passed' if verdict.passed else 'FAILED'}  {verdict.title}  ({verdict.file})")
    if not verdict.passed:
        for line in lines_about(verdict):
            echo(line)


def _as_json(verdict: Verdict) -> Mapping[str, object]:
    runs = [
        {
            "passed": run.passed,
            "problems": [
                {"kind": each.kind, "message": each.message, "expected": each.expected, "actual": each.actual}
                for each in run.problems
            ],
        }
        for run in verdict.runs
    ]
    return {"file": verdict.file, "title": verdict.title, "passed": verdict.passed, "runs": runs}


def _write(verdicts: Sequence[Verdict], junit: str | None, html: str | None, trace: str | None) -> None:
    """Write the reports that were requested."""
    if junit is not None:
        from agenthost.testing.scenarios.reports.junit import junit as as_junit

        Path(junit).write_text(as_junit(verdicts), encoding="utf-8")
    if html is not None:
        from agenthost.testing.scenarios.reports.page import page

        Path(html).write_text(page(verdicts), encoding="utf-8", errors="replace")
    if trace is not None:
        folder = Path(trace)
        folder.mkdir(parents=True, exist_ok=True)
        for position, verdict in enumerate(verdicts, 1):
            for number, run in enumerate(verdict.runs, 1):
                name = f"{position:03}-{Path(verdict.file).name.removesuffix('.call.toml')}-{number}.json"
                (folder / name).write_bytes(run.trace.encode())
