"""Code that is not ours, run while the host starts."""

from __future__ import annotations

import threading
import time

import pytest

from agenthost._host.packages.guarded_run import Failed, run_guarded


@pytest.fixture
def release():
    """Ends the jobs that hang, when the test ends."""
    event, before = threading.Event(), set(threading.enumerate())
    yield event
    event.set()
    for thread in set(threading.enumerate()) - before:
        if thread.name == "agenthost-load":
            thread.join(10)


def returning(value):
    return lambda: value


def raising(error):
    def job():
        raise error

    return job


def test_results_stand_in_the_order_of_the_jobs():
    assert list(range(50)) == run_guarded([returning(number) for number in range(50)], 10)


def test_nothing_to_do():
    assert run_guarded([], 10) == []


def test_one_after_another():
    """Packages are imported one at a time: few of them expect anything else."""
    running, most = [], []

    def job():
        running.append(1)
        most.append(len(running))
        time.sleep(0.002)
        running.pop()
        return threading.current_thread()

    threads = run_guarded([job] * 5, 10)

    assert most == [1] * 5
    assert len({*threads}) == 1
    assert threads[0] is not threading.current_thread()


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        StopIteration(),
        MemoryError(),
        BaseException(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_raised_is_kept(error):
    """And the next job runs all the same."""
    first, second = run_guarded([raising(error), returning("done")], 10)

    assert Failed(error) == first
    assert first.error is error
    assert first.error.__traceback__ is not None
    assert second == "done"


def test_a_job_that_hangs_is_left_behind(release):
    """It counts as late, and the others run."""
    outcomes = run_guarded([returning(1), release.wait, returning(3)], 0.5)

    assert (outcomes[0], outcomes[2]) == (1, 3)
    assert isinstance(outcomes[1].error, TimeoutError)
    assert str(outcomes[1].error) == "did not finish loading within 0.5 s"


def test_many_that_hang(release):
    """Each has its own deadline, wherever it stands."""
    jobs = [release.wait, release.wait, returning(2), release.wait, returning(4), release.wait]
    outcomes = run_guarded(jobs, 0.4)

    assert [isinstance(outcome, Failed) for outcome in outcomes] == [True, True, False, True, False, True]
    assert (outcomes[2], outcomes[4]) == (2, 4)


def test_each_job_has_the_whole_time():
    """Many quick jobs may take longer than the deadline of one."""

    def job():
        time.sleep(0.3)
        return 1

    assert run_guarded([job] * 5, 1.2) == [1] * 5


def test_one_that_ends_late_changes_nothing(release):
    """Its thread neither overwrites its outcome nor runs another job."""
    runs = []
    ended = threading.Event()

    def late():
        runs.append("late")
        release.wait()
        ended.set()
        return "late"

    def after():
        runs.append("after")
        return "after"

    outcomes = run_guarded([late, after], 0.5)
    seen = list(outcomes)
    release.set()
    assert ended.wait(10)
    time.sleep(0.05)

    assert runs == ["late", "after"]
    assert seen == outcomes
    assert isinstance(outcomes[0], Failed)
    assert outcomes[1] == "after"


def test_threads_never_keep_the_process_from_ending(release):
    """Neither while they work nor when they hang."""
    seen, begun = [], threading.Event()

    def job():
        seen.append(threading.current_thread().daemon)
        begun.set()
        release.wait()

    run_guarded([job], 0.02)

    assert begun.wait(30)
    assert seen == [True]
