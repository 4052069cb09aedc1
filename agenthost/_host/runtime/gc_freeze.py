"""What the collector of garbage need not look at.

A full collection looks at every object of every imported module, 20 ms for the host alone, and the event loop stands
still meanwhile. Failures of agents cause one: exceptions hold their own tracebacks. So does the end of every process.
"""

from __future__ import annotations

import gc

__all__ = ["keep", "keep_anew"]


def keep() -> None:
    """Let everything that is there count as there for good; for processes that are all ours."""
    gc.freeze()


def keep_anew() -> None:
    """The same once more, without what nobody has use for any more; nothing where ``keep`` was not called."""
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
        gc.freeze()
