"""Exclusion of permanent objects from garbage collection.

A full collection visits every object of every imported module, 20 ms for the host alone and a second for ten thousand
agents, and nothing else runs meanwhile. Failures of agents cause one, as exceptions hold their own tracebacks. So does
the end of every process.
"""

from __future__ import annotations

import gc
import sys
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["freeze", "freeze_again", "freeze_new", "unfelt"]

_YOUNG = 10_000
"""New objects from which on the youngest are collected.

Lines of the log and counts of requests are gone before that, and need not be visited.
"""
_TURN = 0.0005
"""Seconds that a thread beside the event loop runs at a time while a request waits; by default, 5 ms."""

T = TypeVar("T")


def freeze() -> None:
    """Freeze all present objects, in processes that belong to the host."""
    gc.freeze()
    gc.set_threshold(_YOUNG)


def freeze_new() -> None:
    """Freeze what has been made since, if ``freeze`` was called before.

    It takes no time, and collects nothing.
    """
    if _is_own_process():
        gc.freeze()


def freeze_again() -> None:
    """Freeze again, after a full collection, if ``freeze`` was called before."""
    if _is_own_process():
        gc.unfreeze()
        gc.collect()
        gc.freeze()


def unfelt(function: Callable[[], T]) -> Callable[[], T]:
    """Make a function that makes many objects unfelt on a thread of its own.

    It gives way to the event loop ten times as often as other threads, and nothing is collected meanwhile.
    """

    @wraps(function)
    def run() -> T:
        enabled, turn = gc.isenabled(), sys.getswitchinterval()
        gc.disable()
        sys.setswitchinterval(_TURN)
        try:
            return function()
        finally:
            sys.setswitchinterval(turn)
            if enabled:
                gc.enable()

    return run


def _is_own_process() -> bool:
    """Return True if ``freeze`` was called.

    Counting the frozen objects would take as long as visiting them.
    """
    return gc.get_threshold()[0] == _YOUNG
