"""Measure agenthost next to other software in the same run, and print the table.

``tox -e benchmark`` runs this, and ``tox -e benchmark -- --write`` puts the table into docs/reference/performance.md.
It needs Linux, the package index (for the SDK, once) and about six minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import charts
from answering import measure_documents, measure_requests
from bounding import measure_bounds
from changing import measure_changes
from cold import measure_cold_starts
from installed import AGENTS, SDK, frontdesk, generated, litellm, sdk
from isolating import measure_isolation
from locking import measure_locks
from playing import measure_scenarios
from probing import measure_readiness
from reloading import measure_reloads
from report import markdown, write, write_some
from sharing import measure_sharing
from starting import measure_commands, measure_starts
from storing import measure_state
from streaming import measure_streams, measure_voice_beside_text
from talking import measure_turns
from watching import measure_console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from report import Figure

GROUPS = (
    "requests",
    "isolation",
    "documents",
    "readiness",
    "state",
    "turns",
    "streams",
    "locks",
    "reloads",
    "changes",
    "bounds",
    "cold",
    "starts",
    "workers",
    "commands",
    "scenarios",
    "console",
)


def main() -> int:
    """Run the benchmarks, and return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}; by default, all")
    parser.add_argument("--write", action="store_true", help="also put the table into the documentation")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # every process that is started here inherits it
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    with tempfile.TemporaryDirectory(prefix="agenthost-benchmark-") as directory:
        figures = []
        for figure in measure(Path(directory), options.groups or GROUPS):
            print(figure.row(), flush=True)
            figures.append(figure)
    table = markdown(figures, SDK)
    print(f"\n{table}")
    if options.write:
        if options.groups:
            write_some(figures, options.groups)
        else:
            write(table)
        charts.main()
    return int(any(figure.missed for figure in figures))


def measure(directory: Path, groups: tuple[str, ...]) -> Iterator[Figure]:
    """Install the requirements and measure."""
    work = directory / "work"
    work.mkdir()
    kept = Path(sys.prefix) / "benchmark-sdk"
    many = cache(lambda: generated(directory / "many", AGENTS))
    measured: Mapping[str, Callable[[], Iterable[Figure]]] = {
        "requests": lambda: measure_requests(work, frontdesk(directory / "frontdesk"), sdk(kept)),
        "isolation": lambda: measure_isolation(work, frontdesk(directory / "isolated")),
        "documents": lambda: measure_documents(work),
        "readiness": lambda: measure_readiness(work),
        "state": lambda: measure_state(work),
        "turns": lambda: measure_turns(_new(directory / "turns")),
        "streams": lambda: _streams(directory),
        "locks": lambda: measure_locks(_new(directory / "locks")),
        "reloads": lambda: measure_reloads(_new(directory / "reloads")),
        "changes": lambda: measure_changes(
            _new(directory / "changes"), {AGENTS: many(), 10 * AGENTS: generated(directory / "ten", 10 * AGENTS)}
        ),
        "bounds": lambda: measure_bounds(_new(directory / "bounds")),
        "cold": lambda: measure_cold_starts(work, sdk(kept)),
        "starts": lambda: measure_starts(work, generated(directory / "one", 1), many()),
        "workers": lambda: measure_sharing(work, many()),
        "commands": lambda: measure_commands(work, many()),
        "scenarios": lambda: measure_scenarios(_new(directory / "scenarios")),
        "console": lambda: measure_console(_new(directory / "console")),
    }
    for group in GROUPS:
        if group in groups:
            yield from measured[group]()


def _streams(directory: Path) -> Iterator[Figure]:
    """Measure text over sockets, next to LiteLLM if it can be installed."""
    site = generated(directory / "few", 5)
    proxy = litellm(Path(sys.prefix) / "benchmark-litellm")
    yield from measure_streams(_new(directory / "streams"), site, proxy)
    yield from measure_voice_beside_text(_new(directory / "beside"), site)


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory


if __name__ == "__main__":
    sys.exit(main())
