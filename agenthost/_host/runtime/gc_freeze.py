"""Exclusion of permanent objects from garbage collection.

A full collection visits every object of every imported module, 20 ms for the host alone, and blocks the event loop.
Failures of agents cause one, as exceptions hold their own tracebacks. So does the end of every process.
"""

from __future__ import annotations

import gc

__all__ = ["freeze", "freeze_again"]


_YOUNG = 10_000
"""New objects from which on the youngest are collected.

Lines of the log and counts of requests are gone before that, and need not be visited.
"""


def freeze() -> None:
    """Freeze all present objects, in processes that belong to the host."""
    gc.freeze()
    gc.set_threshold(_YOUNG)


def freeze_again() -> None:
    """Freeze again, after a collection, if ``freeze`` was called before."""
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
        gc.freeze()
