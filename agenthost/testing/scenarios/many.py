"""Many scenarios at once, in processes of their own."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from agenthost.errors import ConfigurationError
from agenthost.testing.platform.trace import Trace
from agenthost.testing.scenarios.checking import Problem
from agenthost.testing.scenarios.reading import read_scenario
from agenthost.testing.scenarios.running import run_scenario
from agenthost.testing.scenarios.verdict import Run, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["run_all", "run_file", "usual_jobs"]

_PER_JOB = 20
"""Scenarios for which another process pays."""


def run_all(files: Sequence[Path], jobs: int = 1) -> Iterator[Verdict]:
    """Run scenario files, and yield their verdicts in the order of the files.

    Args:
        files: the files.
        jobs: the number of processes. With 1, everything runs in this one.
    """
    if jobs <= 1 or len(files) <= 1:
        yield from map(run_file, files)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(files)), mp_context=context) as pool:
        yield from pool.map(run_file, files, chunksize=max(1, min(8, len(files) // jobs)))


def run_file(file: Path) -> Verdict:
    """Run one scenario file. A mistake in it is its verdict."""
    try:
        return asyncio.run(run_scenario(read_scenario(file)))
    except ConfigurationError as error:
        return Verdict(str(file), file.name, (Run((Problem("error", str(error)),), Trace(())),))


def usual_jobs(scenarios: int) -> int:
    """Return the number of processes for a number of scenarios."""
    return max(1, min(os.cpu_count() or 1, scenarios // _PER_JOB))
