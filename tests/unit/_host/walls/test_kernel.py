"""System calls that Python has no function for."""

import platform
import subprocess
import sys

import pytest

from agenthost._host.walls import kernel
from agenthost._host.walls.kernel import control_process, system_call

CODE = """
from agenthost._host.walls.kernel import control_process, drop_capabilities, set_debuggable, system_call

def dumpable():
    return system_call(157, 3, 0, 0, 0, 0)  # PR_GET_DUMPABLE

print(dumpable())
set_debuggable(False)
print(dumpable())
set_debuggable(True)
print(dumpable())
drop_capabilities()
print([line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapEff", "CapPrm"))])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="numbers of x86-64")
def test_a_process_gives_up_rights():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.splitlines() == ["1", "0", "1", str(["0" * 16] * 2)]


HEAPS = """
import sys, threading
from agenthost._host.walls.kernel import use_one_heap

if sys.argv[1:]:
    use_one_heap()
ready, ending = threading.Barrier(5), threading.Event()

def allocate():
    held = [bytearray(4000) for _ in range(100)]
    ready.wait()
    ending.wait()

threads = [threading.Thread(target=allocate) for _ in range(4)]
for each in threads:
    each.start()
ready.wait()
print(sum(" ---p 00000000 00:00 0" in line for line in open("/proc/self/maps")))
ending.set()
"""
"""Prints the number of reserved address ranges: each further heap has one, as each thread's stack has."""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="an option of the GNU C library")
def test_threads_share_one_heap():
    def reserved(*arguments):
        command = [sys.executable, "-c", HEAPS, *arguments]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603

    assert reserved() - reserved("one") == 4


def test_other_systems_have_no_such_calls(monkeypatch):
    monkeypatch.setattr(kernel, "_libc", lambda: None)

    kernel.set_debuggable(False)
    kernel.drop_capabilities()
    kernel.use_one_heap()
    assert control_process(4, 0) is False
    with pytest.raises(OSError, match="does not have the system calls of Linux"):
        system_call(1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has them")
def test_a_call_that_fails_raises_its_error():
    with pytest.raises(OSError, match="Bad file descriptor"):
        system_call(3, -1)  # close(2)
    assert control_process(-1) is False
