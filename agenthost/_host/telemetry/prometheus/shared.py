"""Metrics that workers share through files of a directory.

The counts of ended workers are kept in one file for all, so that a host whose workers come and go has no more files
than one whose workers stay. A lock keeps readers from seeing a number in both files, or in neither.
"""

# ruff: noqa: PLC0415 - the supervisor, which imports this module, has no metrics of its own

from __future__ import annotations

import os
import struct
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if sys.platform != "win32":  # where there are no workers
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SHARED", "forget_process", "locked"]

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the shared directory."""
_ENDED = "ended"
"""The replacement of the process number in the files of ended processes."""
_SUMS = ("counter", "histogram")


def forget_process(number: int) -> None:
    """Remove an ended worker's gauges, and keep its counts."""
    from pathlib import Path

    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(number)  # type: ignore[no-untyped-call]
    directory = Path(os.environ[SHARED])
    with locked(directory, alone=True):
        for sort in _SUMS:
            _fold(directory / f"{sort}_{number}.db", directory / f"{sort}_{_ENDED}.db")


def _fold(ended: Path, kept: Path) -> None:
    """Add the numbers of one file to another, and remove it."""
    import json

    from prometheus_client.mmap_dict import MmapedDict

    if not ended.exists():
        return
    sums = MmapedDict(str(kept))  # type: ignore[no-untyped-call]
    try:
        with suppress(RuntimeError, ValueError, struct.error):  # the worker was killed while it wrote a new name
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(ended)):  # type: ignore[no-untyped-call]
                json.loads(key)
                before, _ = sums.read_value(key)  # type: ignore[no-untyped-call]
                sums.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
    finally:
        sums.close()  # type: ignore[no-untyped-call]
    ended.unlink()


@contextmanager
def locked(directory: Path, *, alone: bool) -> Iterator[None]:
    """Keep others from changing the files, or with ``alone`` from reading them."""
    with (directory / "lock").open("w") as lock:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
