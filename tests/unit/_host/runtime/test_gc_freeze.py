"""Permanent objects are not collected again, and discarded ones are freed."""

import subprocess
import sys

import pytest

PROGRAM = """
import gc, weakref
from agenthost._host.runtime.gc_freeze import freeze, freeze_again, freeze_new

class Ring:
    def __init__(self):
        self.itself = self

before = gc.get_freeze_count()  # of the interpreter, from 3.12 on
freeze_again()
freeze_new()
assert gc.get_freeze_count() == before  # nobody has said that this process is all ours
ring = Ring()
gone = weakref.ref(ring)
{frozen}
del ring
gc.collect()
early = gone() is None
count = gc.get_freeze_count()
kept = [[] for _ in range(100)]
freeze_new()
assert gc.get_freeze_count() >= count + 100 or count == before
freeze_again()
assert gone() is None or gc.get_freeze_count() == before
print(early, gc.get_freeze_count() > before)
"""


@pytest.mark.parametrize(("frozen", "told"), [("freeze()", "False True"), ("pass", "True False")])
@pytest.mark.slow
def test_what_was_kept_is_looked_at_when_a_host_is_reloaded(frozen, told):
    """Only then, and only where something was kept."""
    ended = subprocess.run(  # noqa: S603 - this test's own program
        [sys.executable, "-c", PROGRAM.format(frozen=frozen)], capture_output=True, text=True, check=True
    )

    assert ended.stdout.split() == told.split()
