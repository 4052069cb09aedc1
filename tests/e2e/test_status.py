"""``agenthost status``: each problem of a host has its fix."""

import json
import os
import pty
import re
import signal
import subprocess
from itertools import pairwise

import pytest
from caller import Caller, functions
from environment import heard_interrupts
from polling import poll_until
from ports import free_port

E_ID = "agenthost logs --error (e-[0-9a-f]{12}) shows the traceback"


@pytest.fixture
def place(desk):
    place = desk.workplace()
    (place / "agenthost.toml").write_text("[host]\nworkers = 2\n")
    return place


def status(env, place, served, *options):
    port = served.url.rpartition(":")[2]
    return env.run("agenthost", "status", "--port", port, *options, cwd=place)


def test_a_host_without_problems(desk, place):
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        for _ in range(20):
            assert caller.ask("POST", "/billing", {}).status == 200
        poll_until(lambda: len(told(desk, place, served)["workers"]) == 2)
        done = status(desk, place, served)

        assert done.returncode == 0
        assert done.stdout.startswith(f"agenthost 0.1.0 on {served.url}: ok, for ")
        assert "problem" not in done.stdout


def test_the_log_of_the_health_port(desk):
    """Its process logs beside the workers, and ``agenthost logs`` shows its lines, too."""
    place, port = desk.workplace(), free_port()
    (place / "agenthost.toml").write_text(f"[health]\nport = {port}\n")
    with desk.serve(cwd=place) as served:
        line = f"health endpoints on port {port} of 127.0.0.1"
        served.once_logged(line)
        command = ("agenthost", "logs", "--port", served.url.rpartition(":")[2])

        poll_until(lambda: line in desk.run(*command, cwd=place).stdout)


def problems(done):
    """The fix of each problem on the screen of a host that has some."""
    assert done.returncode == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert re.match(r"agenthost 0\.1\.0 on http://[^ ]+: degraded, \d problems, for \d+ s", lines[0])
    return {line: fix.removeprefix("fix:").strip() for line, fix in pairwise(lines) if fix.startswith("fix:")}


def restarted(status):
    return all(each["ready"] for each in status["workers"]) and any(each["restarts"] for each in status["workers"])


def told(env, place, served):
    return json.loads(status(env, place, served, "--json").stdout)


def test_each_problem_has_its_fix(desk, place):
    """Of packages, tools, SIP callers and workers."""
    (place / "agenthost.toml").write_text('[host]\nworkers = 2\n[agents.main]\nroute = "/front"\n')
    with desk.having("import-error", "failing-tools"), desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        poll_until(lambda: len(told(desk, place, served)["workers"]) == 2)
        act = functions(caller.document("/fickle", "call-1"))["act"]["web_hook_url"]
        for _ in range(3):
            caller.call(act, "act", {"way": "fall"}, "call-1")
        [fix] = [fix for fix in problems(status(desk, place, served)).values() if re.fullmatch(E_ID, fix)]
        port = served.url.rpartition(":")[2]
        logged = desk.run("agenthost", "logs", "--port", port, *fix.split()[2:4], cwd=place).stdout
        assert "ValueError: told to fall" in logged
        assert "Traceback" in logged
        assert caller.ask("POST", "/sip", {"call": {"to": "sip:nobody@acme.example"}}).status == 404
        found = problems(status(desk, place, served))
        os.kill(told(desk, place, served)["workers"][0]["process"], signal.SIGKILL)
        poll_until(lambda: restarted(told(desk, place, served)))
        found |= problems(status(desk, place, served))

        for problem, fix in (
            ("agent import-error is quarantined: cannot import name .*", "pip install --upgrade .*"),
            ("agent fickle failed 3 times in 5 minutes, the last time in tool act: ValueError: told to fall", E_ID),
            ("a call to SIP user 'nobody' reached no agent", "agenthost sip resolve nobody .*"),
            (r"a worker ended within the last hour, where process \d+ is now", "the log of agenthost.workers .*"),
        ):
            fixes = [found[each] for each in found if re.fullmatch(problem, each)]
            assert [bool(re.fullmatch(fix, each)) for each in fixes] == [True], (problem, found)


def test_a_host_that_does_not_run(desk, place):
    done = desk.run("agenthost", "status", "--port", "1", cwd=place)

    assert done.returncode == 2
    assert "no host listens there. fix: start it with agenthost run" in done.stderr


def test_a_watched_host_is_shown_on_a_cleared_screen(desk, place):
    """Ctrl-C ends it as the last status says."""
    with desk.serve(cwd=place) as served:
        poll_until(lambda: len(told(desk, place, served)["workers"]) == 2)
        port = served.url.rpartition(":")[2]
        terminal, theirs = pty.openpty()
        with heard_interrupts():
            watching = subprocess.Popen(  # noqa: S603 - of the environment of the tests
                [desk.bin / "agenthost", "status", "--port", port, "--watch"],
                cwd=place,
                env={**os.environ, "AGENTHOST_STATE_DIR": str(place / "state"), "TERM": "xterm"},
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            )
        os.close(theirs)
        shown = b""
        try:
            while shown.count(b"store sqlite://") < 2:
                shown += os.read(terminal, 65536)
            watching.send_signal(signal.SIGINT)
            code = watching.wait(30)
        finally:
            watching.kill()
            watching.wait()
            os.close(terminal)

    assert (code, shown.count(b"\x1b[2J"), b"\\u001b" in shown) == (0, 2, False)
