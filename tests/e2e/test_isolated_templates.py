"""Template processes of isolated agents: what is served is what was decided."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from polling import poll_until
from walled import MODULE, walled

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, nothing is forked")

CONFIGURATION = """
[host]
breaker_failures = 0

[agents.prisoner]
isolation = "process"

[agents.neighbour]
enabled = false
"""
PIDS = "import os\nanswer = os.getpid(), os.getppid()"
RELEASE = "import agenthost_test_walls as module\nanswer = module.RELEASE"
THREAD = "import threading, time\nthreading.Thread(target=time.sleep, args=(999,), daemon=True).start()\n"


def release(number, more=""):
    return f"RELEASE = {number}\n{more}"


def install(host, text):
    """Replace the module while the host serves."""
    (host.site / "agenthost_test_walls.py").write_text(text + MODULE)


def answers(host, code):
    """Ask until there is an answer without an error, and return it."""
    return poll_until(lambda: (answer := host.ask(code)).get("error_id") is None and answer["response"])


def processes(host):
    process, template = answers(host, PIDS).strip("()").split(", ")
    return int(process), int(template)


def test_a_killed_process_comes_back_with_the_code_that_was_decided():
    """Until a reload, whatever is installed meanwhile."""
    with walled(CONFIGURATION, module=release(1)) as host:
        process, template = processes(host)
        install(host, release(2))
        os.kill(process, signal.SIGKILL)

        assert answers(host, RELEASE) == "1"
        again, same = processes(host)
        assert (again != process, same) == (True, template)
        assert host.served.once_logged("was ended by SIGKILL")


def test_without_its_template_it_serves_nothing_else():
    """A new template shows the same files, or the caller hears the fallback."""
    with walled(CONFIGURATION, module=release(1)) as host:
        kill(*processes(host))
        assert answers(host, RELEASE) == "1"

        install(host, release(2))
        kill(*processes(host))
        refused = host.ask(RELEASE)
        assert refused == {"response": "It failed.", "error_id": refused["error_id"]}
        assert host.served.once_logged("the files of agenthost-test-walls 1.0 have changed since this host loaded it")

        install(host, release(1))
        assert answers(host, RELEASE) == "1"


def test_a_later_import_is_the_code_that_was_decided():
    """A module that a tool imports first is refused if its file has changed."""
    later = "import importlib\nanswer = importlib.import_module('agenthost_test_later').RELEASE"
    with walled(CONFIGURATION, later="RELEASE = 1\n") as host:
        path = host.site / "agenthost_test_later.py"
        path.write_text("RELEASE = 2\n")
        assert "error_id" in host.ask(later)
        assert host.served.once_logged("module agenthost_test_later is refused: its file has changed")

        path.write_text("RELEASE = 1\n")
        assert host.ask(later) == {"response": "1"}


def test_a_worker_that_is_replaced_has_no_other_code():
    """Its agent is not served there until a reload, and the others are."""
    with walled(CONFIGURATION.replace("enabled = false", ""), module=release(1)) as host:
        pids = host.pids
        install(host, release(2))
        os.kill(pids[-1], signal.SIGKILL)
        assert host.served.once_logged("the files of agenthost-test-walls 1.0 have changed since this host loaded it")
        poll_until(lambda: host.served.status("/ready") == 200)
        assert host.attack(RELEASE, "/neighbour") == "1"
        assert host.reload().returncode == 0
        assert answers(host, RELEASE) == "2"


def test_a_worker_that_is_killed_leaves_no_directory():
    """The supervisor removes it."""
    with walled(CONFIGURATION) as host:
        own = host.attack("import tempfile\nanswer = tempfile.gettempdir()")
        worker = host.pids[-1]
        assert f"agenthost-{worker}-prisoner-" in own
        os.kill(worker, signal.SIGKILL)
        poll_until(lambda: not Path(own).exists())


def test_a_package_with_threads_is_started_anew_each_time():
    """It shows the same files, too."""
    with walled(CONFIGURATION, module=release(1, THREAD)) as host:
        process, parent = processes(host)
        assert parent in host.pids
        os.kill(process, signal.SIGKILL)
        assert answers(host, RELEASE) == "1"

        install(host, release(2, THREAD))
        os.kill(processes(host)[0], signal.SIGKILL)
        assert "error_id" in host.ask(RELEASE)
        assert host.served.once_logged("have changed since this host loaded it")


def test_what_an_agent_leaves_behind_ends_with_it():
    """A helper ends with its process, and one that has detached itself with the host."""
    with walled(CONFIGURATION) as host:
        helper, detached = (int(word) for word in answers(host, LEAVE).split())
        began = time.monotonic()
        assert "error_id" in host.ask("import os\nos._exit(1)")
        assert time.monotonic() - began < 5  # not at the deadline, although the helpers hold the connection
        poll_until(lambda: not lives(helper))
        assert lives(detached)
    poll_until(lambda: not lives(detached))


LEAVE = """
import os, time
def start(detach):
    reading, writing = os.pipe()
    if not (child := os.fork()):
        if detach:
            os.setsid()
        if os.fork():
            os._exit(0)
        os.write(writing, str(os.getpid()).encode())
        time.sleep(999)
    os.waitpid(child, 0)
    return os.read(reading, 20).decode()
answer = start(False) + " " + start(True)
"""


def kill(*pids):
    """Kill processes, the last one first: a template would fork another at once."""
    for pid in reversed(pids):
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        poll_until(lambda pid=pid: not lives(pid))


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
