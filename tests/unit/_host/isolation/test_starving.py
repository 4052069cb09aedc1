"""Processes that get no processor, and processes that do not want one."""

import os
import subprocess
import sys
import time

import pytest
from polling import poll_until

from agenthost._host.isolation.starving import cpu_of, starves

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="nobody else tells"),
    pytest.mark.slow,
]

BURNS = "while True: pass"
SLEEPS = "import time; print(flush=True); time.sleep(600)"
WAITS = "import sys; print(flush=True); sys.stdin.read()\nwhile True: pass"
PATIENCE = 30.0


@pytest.fixture
def start():
    """Starts programs, all on one processor, until the test ends."""
    processor, running = {max(os.sched_getaffinity(0))}, []

    def begin(program, *, speaks=False):
        process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        running.append(process)
        os.sched_setaffinity(process.pid, processor)
        if speaks:
            process.stdout.readline()
        return process

    yield begin
    for process in running:
        process.kill()
        os.sched_setscheduler(process.pid, os.SCHED_OTHER, os.sched_param(0))  # what starves does not even end
    for process in running:
        with process:
            pass


def watched(pid):
    """Return True as soon as the process starves, within the test's patience."""
    deadline = time.monotonic() + PATIENCE
    while True:
        before, began = cpu_of(pid), time.monotonic()
        time.sleep(0.5)
        if starves(pid, before, time.monotonic() - began):
            return True
        if time.monotonic() > deadline:
            return False


def test_a_process_that_others_leave_no_processor_starves(start):
    """It wants to run all the time."""
    process = start(WAITS, speaks=True)
    for _ in range(2):
        start(BURNS)
    os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
    process.stdin.close()

    assert watched(process.pid)


def test_a_process_that_sleeps_does_not_starve(start):
    """It does not even if other processes compute."""
    pid = start(SLEEPS, speaks=True).pid
    for _ in range(2):
        start(BURNS)
    before = cpu_of(pid)
    time.sleep(0.5)

    assert before is not None
    assert not starves(pid, before, 0.5)


def test_a_process_that_burns_all_there_is_does_not_starve(start):
    """Its own loop stands still."""
    pid = start(BURNS).pid
    before = cpu_of(pid)
    poll_until(lambda: cpu_of(pid) - before >= 0.3, PATIENCE)

    assert not starves(pid, before, 1.0)


def test_nobody_tells_of_a_process_that_is_not_there():
    """It does not starve."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert cpu_of(process.pid) is None
    assert not starves(process.pid, 0.0, 5.0)
