"""A host with several workers, which are killed while customers talk to it."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define

from agenthost.testing import Calls, Says

PASSWORD = "for these tests alone"
TOML = """\
[host]
password = "{password}"
port = 0
workers = {workers}
build_timeout = 60
state_dir = "state"
{state}
[models]
default = "openai"
[models.openai]
url = "{model}"
[workflows.desk]
kind = "router"
agents = ["line", "billing"]
[workflows.line]
kind = "escalation"
description = "Orders"
examples = ["Where is my order?"]
agents = ["clerk", "manager"]
[plugins.dbos]
url = "{turns}"
lease = {lease}
"""


def answer(body):
    """Answer as the model of every agent: call each of its tools once, then report."""
    messages = body["messages"]
    said = next(each["content"] for each in reversed(messages) if each["role"] == "user")
    if "What" in said:
        return Says(" | ".join(str(each["content"]) for each in messages if each["role"] == "assistant"))
    tools = [each["function"]["name"] for each in body.get("tools", ())]
    called = [use["function"]["name"] for each in messages for use in each.get("tool_calls") or ()]
    for tool in tools:
        if tool not in called:
            return Calls(tool, {"order": int(re.findall(r"order (\d+)", said)[0])})
    return Says(f"Done: {messages[-1]['content']}")


@define
class KilledHost:
    """A host in processes of its own."""

    process: subprocess.Popen
    directory: Path
    effects_file: Path
    url: str

    def workers(self):
        """Return the processes that serve."""
        told = self._agenthost("status", "--json", "--port", self.url.rpartition(":")[2])
        return [each["process"] for each in json.loads(told)["workers"] if each["ready"]] if told else []

    def kill(self, process):
        """Kill one of them, as the system does without memory."""
        self.signal(process, signal.SIGKILL)

    def signal(self, process, number):
        """Send a signal to one of them, which may have ended."""
        with suppress(ProcessLookupError):
            os.kill(process, number)

    def kill_all(self):
        """Kill all of its processes, as when a machine fails."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def say(self, text, conversation, key=None, seconds=60.0):
        """Return the answer to a message, or None if there is none."""
        body = {"model": "desk", "messages": [{"role": "user", "content": text}]}
        headers = {
            "Authorization": f"Bearer {PASSWORD}",
            "Content-Type": "application/json",
            "X-Conversation-Id": conversation,
            **({"Idempotency-Key": key} if key else {}),
        }
        request = urllib.request.Request(  # noqa: S310 - always http
            f"{self.url}/v1/chat/completions", json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answered:  # noqa: S310 - as above
                return json.load(answered)["choices"][0]["message"]["content"]
        except (OSError, ValueError):
            return None

    def pending(self):
        """Return the number of turns that have not ended."""
        with sqlite3.connect(self.directory / "turns.db", timeout=30) as database:
            [[count]] = database.execute(
                "SELECT count(*) FROM workflow_status WHERE status NOT IN ('SUCCESS', 'ERROR', 'CANCELLED')"
            )
        return count

    def effects(self, table):
        """Return the orders in a table of effects."""
        with sqlite3.connect(self.effects_file, timeout=30) as database:
            return [order for (order,) in database.execute(f"SELECT number FROM {table}")]  # noqa: S608 - one of ours

    @property
    def log(self):
        """All that it has logged."""
        return (self.directory / "stderr").read_text()

    def _agenthost(self, *words):
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "agenthost", *words], cwd=self.directory, capture_output=True, text=True, check=False
        )
        return done.stdout


@contextmanager
def killed_host(directory, model, *, workers=3, lease=6.0, shared=None, effects=None):
    """Serve the shop with durable turns.

    ``shared`` is the database of turns and of shared state, if several hosts have it.
    """
    effects = effects or directory / "effects.db"
    file = directory / "agenthost.toml"
    turns, state = (
        shared or f"sqlite:///{directory}/turns.db",
        f'[state]\nurl = "{shared}"\noperation_timeout = 5.0' if shared else "",
    )
    values = {"password": PASSWORD, "model": model.url, "workers": workers, "turns": turns, "lease": lease}
    file.write_text(TOML.format(state=state, **values))
    file.chmod(0o600)
    with sqlite3.connect(effects) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE IF NOT EXISTS looked_up (number INTEGER)")
        database.execute("CREATE TABLE IF NOT EXISTS refunded (number INTEGER UNIQUE)")
    with (directory / "stdout").open("wb") as out, (directory / "stderr").open("wb") as err:
        process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "agenthost", "run", str(Path(__file__).parent / "shop.py")],
            cwd=directory,
            env={**os.environ, "EFFECTS": str(effects), "OPENAI_API_KEY": "none"},
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    try:
        yield KilledHost(process, directory, effects, _url(process, directory))
    finally:
        process.send_signal(signal.SIGTERM)  # to none if it has been killed
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _url(process, directory, seconds=180):
    """Return the URL of a host, once it serves."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", (directory / "stdout").read_text())
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"the host does not serve\n{(directory / 'stderr').read_text()}")
