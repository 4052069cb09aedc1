"""A program in several processes: ``uvicorn module:server.app --workers N``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from textwrap import dedent

import httpx
from caller import functions
from environment import NO_CREDENTIALS
from polling import poll_until
from ports import free_port

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
