"""A program in several processes: ``agenthost run module:server --workers N``, and ``uvicorn module:server.app``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import httpx
import pytest
from caller import functions
from environment import CREDENTIALS, NO_CREDENTIALS
from polling import poll_until
from ports import free_port
from programs import running, variables

PASSWORD = "the password of this program"
PROGRAM = dedent(
    """
    import os
    from agenthost import AgentBase, AgentServer

    class Desk(AgentBase):
        @AgentBase.tool
        async def work(self) -> str:
            "Count a call."
            return f"{os.getpid()} {await self.state.incr('calls')}"

    server = AgentServer()
    server.register(Desk("desk", "/desk"))
    """
)


def test_any_worker_answers_any_call(tmp_path):
    (tmp_path / "shop.py").write_text(PROGRAM)
    port = free_port()
    env = {
        **os.environ,
        **NO_CREDENTIALS,
        "AGENTHOST_PASSWORD": PASSWORD,
        "AGENTHOST_STATE_DIR": str(tmp_path / "state"),
    }
    command = [sys.executable, "-m", "uvicorn", "shop:server.app", "--workers", "2", "--port", str(port)]
    url, auth = f"http://127.0.0.1:{port}/desk", ("agenthost", PASSWORD)

    def answers():
        try:
            return httpx.get(url, auth=auth, timeout=30).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    with subprocess.Popen(command, cwd=tmp_path, env=env) as serving:  # noqa: S603
        try:
            poll_until(answers)
            tool = functions(httpx.post(url, json={"call": {"call_id": "c"}}, auth=auth, timeout=30).json())["work"]
            body = {"function": "work", "argument": {"parsed": [{}]}, "call_id": "c"}
            seen, counts = set(), []

            def asked():
                answer = httpx.post(tool["web_hook_url"], json=body, auth=auth, timeout=30).json()["response"]
                process, count = answer.split()  # a sentence if the token or the store fits another process only
                seen.add(process)
                counts.append(int(count))
                return len(seen) == 2

            poll_until(asked)
            assert counts == list(range(1, len(counts) + 1))
        finally:
            serving.send_signal(signal.SIGTERM)


SHOP = """
import os
from agenthost import AgentServer
from shop_desks import Desk, Till

server = AgentServer(port=1)  # for run()
server.setup_sip_routing()
server.register(Desk("desk", "/desk"))
server.register(Till, isolation="process")


@server.app.get("/process")
def process():
    return {"process": os.getpid()}
"""
DESKS = (
    PROGRAM.partition("server = ")[0]
    + """
class Till(Desk):
    def __init__(self):
        super().__init__("till", "/till")
"""
)
AGENTHOST = Path(sys.executable).with_name("agenthost")


@contextmanager
def shop(place, *options):
    """A program that ``agenthost run`` serves with two workers."""
    (place / "shop.py").write_text(SHOP)
    (place / "shop_desks.py").write_text(DESKS)
    port = free_port()
    run = ("run", "shop:server", "--workers", "2", "--port", str(port), *options)
    with running(place, AGENTHOST, *run, port=port) as served:
        yield served


def processes(served):
    """The processes that answer, of two workers."""
    found = set()

    def both():
        found.add(httpx.get(f"{served.url}/process", timeout=30).json()["process"])
        return len(found) == 2

    poll_until(both)
    return found


def reloaded(served):
    """Reload, and return the exit code and what is printed."""
    command = [sys.executable, AGENTHOST, "reload", "--port", served.url.rpartition(":")[2]]
    done = subprocess.run(  # noqa: S603 - the command of these tests
        command, check=False, cwd=served.directory, env=variables(served.directory), capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def worked(served, path, call="c"):
    """Let the tool of an agent work, and return its process and its number."""
    body = {"call": {"call_id": call, "to": "sip:till@shop.example"}, "call_id": call}
    document = httpx.post(served.url + path, json=body, auth=CREDENTIALS, timeout=30).json()
    body = {"function": "work", "argument": {"parsed": [{}]}, "call_id": call}
    url = functions(document)["work"]["web_hook_url"]
    return httpx.post(url, json=body, auth=CREDENTIALS, timeout=30).json()["response"].split()


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_agenthost_run_serves_a_program_with_workers(tmp_path):
    """State, SIP and isolation are those of the program.

    A reload imports it anew, and Ctrl-C ends all processes.
    """
    with shop(tmp_path) as served:
        first = processes(served)
        counts = [int(worked(served, "/desk", f"c{number}")[1]) for number in range(4)]
        own, _ = worked(served, "/sip")
        assert counts == [1, 2, 3, 4]
        assert int(own) not in first

        (tmp_path / "shop.py").write_text(SHOP.replace('"/desk"', '"/front-desk"'))
        code, told = reloaded(served)
        assert (code, "route: desk: /desk → /front-desk" in told) == (0, True), told
        second = processes(served)
        assert first.isdisjoint(second)

        (tmp_path / "shop.py").write_text(SHOP.replace('server.register(Desk("desk", "/desk"))', ""))
        code, told = reloaded(served)
        assert (code, "desk: the program registers it no longer. fix:" in told) == (4, True), told
        assert processes(served) == second

        os.killpg(served.process.pid, signal.SIGINT)
        assert served.process.wait(60) == 0
        poll_until(lambda: not any(map(is_alive, second)))


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("shop:servers", 4, "shop:servers: AttributeError: module 'shop' has no attribute 'servers'"),
        ("gone:server", 2, "there is no module 'gone' here. fix: change to its folder"),
    ],
)
def test_a_name_that_is_wrong_ends_the_start(tmp_path, target, code, words):
    (tmp_path / "shop.py").write_text("")
    command = [sys.executable, AGENTHOST, "run", target, "--port", str(free_port())]
    done = subprocess.run(  # noqa: S603 - the command of these tests
        command, check=False, cwd=tmp_path, env=variables(tmp_path), capture_output=True, text=True, timeout=60
    )

    assert done.returncode == code
    assert words in done.stderr
