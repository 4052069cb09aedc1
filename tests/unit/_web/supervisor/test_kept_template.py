"""The template process that is kept for the workers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from agenthost._host.generations.manifest import Manifest
from agenthost._host.generations.orders import Imported
from agenthost._web.supervisor.kept_template import KeptTemplate
from agenthost.errors import PlanError


class _Process:
    """A template process without a process."""

    def __init__(self) -> None:
        self.child = SimpleNamespace(pid=1, exitcode=-9)
        self.imported = None
        self.refused = None
        self.lost = False
        self.ended = False

    @property
    def forks(self):
        return not self.lost and self.imported is not None and self.imported.forks

    def end(self):
        self.ended = True


class _Keeping:
    """A kept template, and what it has started and said."""

    def __init__(self) -> None:
        self.started = []
        self.withheld = []
        self.told = []
        self.kept = KeptTemplate(forking=True, differ=self.told.append)

    def start(self, withheld):
        self.withheld.append(dict(withheld))
        self.started.append(_Process())
        return self.started[-1]

    def keep(self, *, serving=True, wait=False):
        return self.kept.keep(self.start, 10.0, serving=serving, wait=wait)


@pytest.fixture
def keeping():
    return _Keeping()


def _imported(**how):
    return Imported(Manifest(), **how)


def test_one_is_started_and_kept(keeping):
    """While it imports and while it forks, there is no other."""
    process = keeping.keep()

    importing = keeping.keep()
    process.imported = _imported()

    assert (importing, keeping.keep()) == (None, None)
    assert keeping.kept.able
    assert [process] == keeping.started


def test_one_that_was_killed_is_started_again(keeping):
    """Its packages had been imported, so it takes no pause."""
    killed = keeping.keep()
    killed.imported = _imported()
    killed.lost = True

    again = keeping.keep()

    assert killed.ended
    assert again is keeping.kept.process is not killed


def test_one_that_keeps_dying_while_it_imports_has_a_pause(keeping):
    """The third in a row waits."""
    for _ in range(2):
        keeping.keep().lost = True

    assert keeping.keep() is None
    assert 0 < keeping.kept.pause <= 0.5


def test_none_is_started_while_another_one_imports_changed_packages(keeping):
    """A reload brings its own."""
    assert keeping.keep(wait=True) is None
    assert keeping.started == []


def test_threads_of_packages_end_the_forks(keeping):
    """Workers import the packages themselves, and no process is left over."""
    process = keeping.keep()
    process.imported = _imported(threads=("beats",))

    assert keeping.keep() is None
    assert process.ended
    assert (
        keeping.kept.spawning,
        keeping.kept.able,
        keeping.kept.process,
        keeping.kept.pause,
    ) == (True, True, None, None)


def test_a_module_that_hangs_is_left_out_next_time(keeping):
    """The next process imports the rest."""
    keeping.keep().imported = _imported(hung=("bakery",))

    assert keeping.keep() is not None
    assert keeping.withheld == [{}, {"bakery": 10.0}]


def test_packages_that_have_changed_are_told_and_not_imported(keeping):
    """No worker is started until a reload has decided."""
    keeping.keep().imported = _imported(differing=("agenthost-bakery",))

    assert keeping.keep() is None
    assert keeping.told == [("agenthost-bakery",)]
    assert (keeping.kept.able, keeping.kept.pause) == (False, None)

    keeping.kept.replace(_Process())

    assert keeping.kept.differing == ()


def test_a_refusal_before_anything_serves_is_raised(keeping):
    """Later, the process is only started again."""
    process = keeping.keep()
    process.lost, process.refused = True, PlanError("refused")

    with pytest.raises(PlanError, match="refused"):
        keeping.keep(serving=False)

    process = keeping.keep()
    process.lost, process.refused = True, PlanError("refused")

    assert keeping.keep() is not process
