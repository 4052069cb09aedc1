"""Many scenarios at once, in processes of their own."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
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

__all__ = ["loop_lag_unlogged", "run_all", "run_file", "usual_jobs"]

_ABOUT_THE_LOOP = ("agenthost.watchdog", "agenthost.health")
"""Loggers of a host that measures its event loop."""
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
    with ProcessPoolExecutor(min(jobs, len(files)), mp_context=context, initializer=_without_loop_lag) as pool:
        yield from pool.map(run_file, files, chunksize=max(1, min(8, len(files) // jobs)))


def run_file(file: Path) -> Verdict:
    """Run one scenario file. A mistake in it is its verdict."""
    try:
        return asyncio.run(run_scenario(read_scenario(file)))
    except ConfigurationError as error:
        return Verdict(str(file), file.name, (Run((Problem("error", str(error)),), Trace(())),))


@contextmanager
def loop_lag_unlogged() -> Iterator[None]:
    """Log nothing about a slow event loop during the block.

    Host and simulated platform share one loop, so its delays say nothing about the host.
    """
    loggers = [logging.getLogger(name) for name in _ABOUT_THE_LOOP]
    before = [logger.level for logger in loggers]
    _without_loop_lag()
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _without_loop_lag() -> None:
    for name in _ABOUT_THE_LOOP:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def usual_jobs(scenarios: int) -> int:
    """Return the number of processes for a number of scenarios."""
    return max(1, min(os.cpu_count() or 1, scenarios // _PER_JOB))
