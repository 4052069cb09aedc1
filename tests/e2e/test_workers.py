"""Several workers behind one port: one banner, one key, and one that dies is replaced."""

import os
import signal
import time

import pytest
from banner import Banner
from caller import Caller, functions, tool_call
from environment import NO_CREDENTIALS, ended
from polling import poll_until
from raw_http import Connection


@pytest.fixture(scope="module")
def slow(desk):
    """The environment with an agent that says in which process it is."""
    desk.install("slow-tools")
    return desk


@pytest.fixture(scope="module")
def served(slow):
    """Two workers, which make their own password and signing key."""
    with slow.serve("--workers", "2", variables=NO_CREDENTIALS) as served:
        yield served
        assert served.stop() == 0
    assert served.stdout.count("agenthost 0.1.0 on") == 1


@pytest.fixture
def caller(served):
    banner = Banner.of(served)
    return Caller(served.url, (banner.user, banner.password))


def processes(caller, until, seconds=30):
    """Return the workers that answer a tool with the same token.

    The calls end when *until* agrees, and every call is answered.
    """
    url = functions(caller.document("/slow-tools", "c-1"))["process"]["web_hook_url"]
    answered, deadline = set(), time.monotonic() + seconds
    while not until(answered):
        assert time.monotonic() < deadline, answered
        [(key, process)] = caller.call(url, "process", {}, "c-1").items()
        assert key == "response"
        answered.add(int(process))
    return answered


def test_full_collections_in_a_worker_do_not_look_at_what_is_there_for_good(caller):
    """They would stop its event loop for too long."""
    url = functions(caller.document("/slow-tools", "c-1"))["kept"]["web_hook_url"]

    assert caller.call(url, "kept", {}, "c-1") == {"response": "True"}


@pytest.mark.parametrize(("day", "fails", "expected"), [("mon", False, ["run 1"] * 6), ("tue", True, ["run 2"] * 5)])
def test_identical_requests_of_one_call_run_an_idempotent_tool_once(caller, day, fails, expected):
    """They may reach either worker, during the first run or after it.

    A failed run is repeated.
    """
    url = functions(caller.document("/slow-tools", "c-1"))["book"]["web_hook_url"]
    arguments = {"day": day, "fails": fails}
    connections = [Connection.to(caller.url) for _ in range(6)]
    for connection in connections:
        connection.send(tool_call(url, "book", arguments, "c-1"))
    answers = []
    for connection in connections:
        with connection:
            answers.append(connection.answer().json)
    later = caller.call(url, "book", arguments, "c-1")

    assert [answer["response"] for answer in answers if "error_id" not in answer] == expected
    assert later == {"response": expected[0]}


def test_both_workers_take_the_token_of_either(served, caller):
    """Neither is the process that was started: that one looks after them."""
    workers = processes(caller, lambda answered: len(answered) == 2)

    assert served.process.pid not in workers


def test_the_banner_comes_once_and_tells_one_password(served, caller):
    processes(caller, lambda answered: len(answered) == 2)

    assert served.stdout.count("password in ") == 1
    assert caller.credentials[1] not in served.stderr
    assert caller.document("/sales")["version"] == "1.0.0"


def test_a_worker_that_is_killed_is_replaced(served, caller):
    """The other one answers meanwhile, and the new one takes the same tokens."""
    before = processes(caller, lambda answered: len(answered) == 2)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    after = processes(caller, lambda answered: len(answered - {killed}) == 2)

    assert len(after - before) == 1
    assert ended(killed)
    served.once_logged(f"worker {killed} ended with -9")
    assert served.stdout.count("agenthost 0.1.0 on") == 1
    poll_until(lambda: b"agenthost_worker_ends_total 1.0" in caller.ask("GET", "/metrics").body)


def test_ctrl_c_reaches_all_and_ends_all(slow):
    """With 0, as SIGTERM does, which the fixture above sends."""
    with slow.serve("--workers", "2") as served:
        workers = processes(Caller.of(served), lambda answered: len(answered) == 2)
        os.killpg(served.process.pid, signal.SIGINT)
        assert served.process.wait(30) == 0

    assert all(map(ended, workers))
    assert "Traceback" not in served.stderr


def test_a_start_is_broken_off_by_ctrl_c(slow):
    """Without a word from anybody."""
    with slow.having("hangs-on-import"), slow.serve("--workers", "2", until="/live") as served:
        os.killpg(served.process.pid, signal.SIGINT)
        assert served.process.wait(30) == 0

    assert served.stdout + served.stderr == ""


def test_no_worker_outlives_the_one_that_looks_after_them(slow):
    """Even when that is killed."""
    with slow.serve("--workers", "2") as served:
        workers = processes(Caller.of(served), lambda answered: len(answered) == 2)
        served.process.kill()
        served.process.wait()
        poll_until(lambda: all(map(ended, workers)))

        assert served.status("/live") is None


def test_a_worker_that_refuses_to_serve_is_the_end_of_all(slow):
    """One sentence, and the exit code of a package that failed."""
    with slow.having("import-error"):
        refused = slow.run("agenthost", "run", "--workers", "2", "--strict", "--port", "0")

    assert refused.returncode == 4
    [line] = refused.stderr.splitlines()
    assert line.startswith("agenthost: host.strict: ")
    assert "AgentOfAnotherRelease" in line


def test_workers_that_keep_ending_turn_readiness_off(slow):
    """The other one serves meanwhile, whoever still sends it requests."""
    with slow.serve("--workers", "2") as served:
        caller = Caller.of(served)
        before = processes(caller, lambda answered: len(answered) == 2)
        assert served.status("/ready") == 200
        kept, killed = before
        deadline = time.monotonic() + 60
        while served.status("/ready") != 503:
            assert time.monotonic() < deadline
            os.kill(killed, signal.SIGKILL)
            known = {*before, killed}
            (killed,) = processes(caller, lambda answered, known=known: answered - known) - known
        assert kept in processes(caller, lambda answered: len(answered) == 2)
    served.once_logged("workers keep dying: not ready")
