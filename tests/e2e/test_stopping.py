"""SIGTERM and Ctrl-C: requests in flight are finished, and the host exits with 0."""

import os
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from caller import Caller, functions, tool_call
from environment import heard_interrupts
from polling import poll_until
from raw_http import Connection


@pytest.fixture(scope="module")
def slow(desk):
    """The environment with an agent whose tools take their time."""
    desk.install("slow-tools")
    return desk


def begin(served, tool, seconds):
    """Call a tool, and come back when it has begun."""
    url = functions(Caller.of(served).document("/slow-tools", "c-1"))[tool]["web_hook_url"]
    connection = Connection.to(served.url)
    connection.send(tool_call(url, tool, {"seconds": seconds}, "c-1"))
    poll_until(lambda: f"{tool} has begun" in served.stderr)
    return connection


def wait_until_closed(served):
    """Wait until nobody listens any more."""
    poll_until(lambda: served.status("/live") is None)


@pytest.mark.parametrize(
    ("number", "tool", "said"),
    [(signal.SIGTERM, "wait", "waited"), (signal.SIGTERM, "sleep", "slept"), (signal.SIGINT, "sleep", "slept")],
)
def test_a_tool_in_flight_is_finished(slow, number, tool, said):
    """It may run on the event loop or in a thread.

    The port is closed meanwhile, and the connection afterwards.
    """
    with slow.serve() as served:
        with Connection.to(served.url) as idle, begin(served, tool, 2.0) as busy:
            idle.ask(Caller.of(served).request("GET", "/live"))
            os.killpg(served.process.pid, number)
            wait_until_closed(served)
            assert idle.ended()
            answer = busy.answer()
            assert busy.ended()
        assert served.process.wait(30) == 0

    assert (answer.status, answer.json) == (200, {"response": said})
    assert answer.header("connection") == "close"
    served.once_logged(f"stopping: 1 in flight: tool {tool} of slow-tools\n")
    assert "Traceback" not in served.stderr
    assert "Aborted" not in served.stderr


def test_who_asks_for_readiness_can_send_its_requests_elsewhere(slow):
    """The readiness response changes at once.

    Further requests are served, and each connection is closed with its response.
    """
    with slow.serve(variables={"AGENTHOST_DRAIN_GRACE": "5"}) as served:
        caller = Caller.of(served)
        assert served.status("/ready") == 200
        with Connection.to(served.url) as kept:
            kept.ask(caller.request("GET", "/live"))
            served.process.send_signal(signal.SIGTERM)
            poll_until(lambda: served.status("/ready") == 503)
            answers = [caller.ask("POST", "/slow-tools", {}), kept.ask(caller.request("POST", "/slow-tools", {}))]
            assert kept.ended()
        assert served.process.wait(30) == 0

    assert [(answer.status, answer.header("connection")) for answer in answers] == [(200, "close")] * 2
    served.once_logged("stopping: not ready, requests are accepted for another 5 s\n")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_signal_waits_for_nothing(slow, workers):
    """It waits neither for readiness probes nor for requests in flight.

    An agent cannot end the host.
    """
    limits = {"AGENTHOST_DRAIN_GRACE": "60", "AGENTHOST_BREAKER_FAILURES": "0"}
    with slow.serve("--workers", workers, variables=limits) as served:
        poll_until(lambda: served.status("/ready") == 200)
        caller = Caller.of(served)
        url = functions(caller.document("/slow-tools", "c-1"))["disturb"]["web_hook_url"]
        assert caller.call(url, "disturb", {}, "c-1") == {"response": "begun"}
        poll_until(lambda: served.stderr.count("leave of agent slow-tools, tried to end the process: SystemExit") > 1)
        with begin(served, "wait", 60) as busy:
            served.process.send_signal(signal.SIGTERM)
            time.sleep(1)  # what comes sooner counts as the same signal
            assert served.process.poll() is None
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(30) == 0
            assert busy.answer().json["response"]


HURRIED = {"AGENTHOST_DRAIN_TIMEOUT": "1", "AGENTHOST_TOOL_TIMEOUT": "60"}


@pytest.mark.parametrize("tool", ["wait", "sleep"])
def test_a_tool_that_takes_too_long_does_not_keep_the_host(slow, tool):
    """After the drain timeout, the caller hears the agent's sentence.

    A thread ends with the process.
    """
    with slow.serve(variables=HURRIED) as served, begin(served, tool, 60) as busy:
        served.process.send_signal(signal.SIGTERM)
        answer = busy.answer()
        assert busy.ended()
        assert served.process.wait(30) == 0

    assert answer.status == 200
    assert [*answer.json] == ["response", "error_id"]
    served.once_logged(f"tool {tool} of agent slow-tools failed ({answer.json['error_id']})")
    assert answer.header("connection") == "close"
    assert answer.header("x-content-type-options") == "nosniff"


def test_a_tool_that_takes_no_notice_does_not_keep_the_host(slow):
    """The log names it."""
    with slow.serve(variables=HURRIED) as served, begin(served, "refuse", 60):
        assert served.stop(30) == 0

    assert "a task ignores its cancellation, and is abandoned" in served.stderr


def test_a_host_that_is_still_starting_stops_at_once(slow):
    with slow.having("hangs-on-import"), slow.serve(until="/live") as served:
        assert served.status("/startup") == 503
        assert served.stop(30) == 0

    assert served.stdout == ""
    assert "Traceback" not in served.stderr


def test_the_port_is_free_at_once_for_the_next_host(slow):
    """The number of closed connections has no effect."""
    with slow.serve() as first:
        with Connection.to(first.url) as connection:
            connection.ask(Caller.of(first).request("GET", "/live"))
            assert first.stop() == 0
            assert connection.ended()
        with slow.serve(port=urlsplit(first.url).port) as second:
            assert second.url == first.url
            assert second.status("/live") == 200


def test_a_start_is_not_delayed_by_probes(desk):
    """The process that answers meanwhile has nothing to announce when a worker takes over."""
    with desk.serve(until="/ready", seconds=45, variables={"AGENTHOST_DRAIN_GRACE": "60"}) as served:
        assert "accepted for another 60 s" not in served.stderr
        os.killpg(served.process.pid, signal.SIGINT)  # as a terminal does
        assert served.process.wait(30) == 0


INTERRUPTED = """
import os, signal, sys

class AtImport:
    def find_spec(self, name, path, target=None):
        if name == os.environ["AT_IMPORT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, AtImport())
"""


@pytest.mark.parametrize("command", ["run", "agents"])
@pytest.mark.parametrize("module", ["agenthost._web.supervisor.reading", "agenthost._cli", "click"])
def test_an_interrupt_during_the_imports(desk, tmp_path, command, module):
    """Ctrl-C before anything serves ends the process as it ends any other, without a traceback."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED)
    with heard_interrupts():
        done = desk.run("agenthost", command, "--help", variables={"PYTHONPATH": str(tmp_path), "AT_IMPORT": module})

    imported = command == "run" or module != "agenthost._web.supervisor.reading"
    assert (done.returncode, done.stderr) == (-signal.SIGINT if imported else 0, "")


LASTING = ("template", "worker", "template of sales", "process of sales")  # what only helps to start has ended


def test_what_asks_for_a_new_log_file_ends_nothing(desk):
    """SIGUSR1 has no meaning: the log goes to the standard streams."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text('[agents.sales]\nisolation = "process"\n')
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        poll_until(lambda: len(descendants(served.process.pid)) == len(LASTING))
        processes = [served.process.pid, *descendants(served.process.pid)]
        for number in processes:
            os.kill(number, signal.SIGUSR1)
        statuses = [caller.ask("POST", path, {}).status for path in ("/sales", "/billing") * 3]

        assert statuses == [200] * 6
        assert [served.process.pid, *descendants(served.process.pid)] == processes


def descendants(process):
    """The processes below another one. There is none below one that has ended."""
    try:
        own = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [number for each in map(int, own) for number in (each, *descendants(each))]
