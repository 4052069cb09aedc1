"""Two hosts with one store: `east` announces billing, and `west` finds it there."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import define, field
from polling import poll_until
from ports import free_port

from agenthost.testing import Calls, Says

PASSWORD = "for these tests alone"
PEER_SECRET = "key-of-west-0123456789"
BOTH = """\
[host]
password = "{password}"
port = {port}
state_dir = "state"
agents = {agents}
{more}
[state]
url = "sqlite:///{store}"
[conversation]
timeout = 10.0
[models]
default = "openai"
[models.openai]
url = "{model}"
"""
ANNOUNCED = """\
announce = "east"
announce_url = "http://127.0.0.1:{port}"
"""
EAST = """\
[keys.west]
secret = "{secret}"
agents = ["billing"]
scopes = ["call", "text"]
"""
WEST = """\
[peers.east]
user = "west"
secret = "{secret}"
agents = ["billing"]
[peers.east.billing]
description = "Charges invoices"
[workflows.both]
kind = "parallel"
agents = ["stock", "billing"]
[workflows.desk]
kind = "router"
agents = ["stock", "billing"]
"""


def answer(body):
    """Answer as the model of every agent: call each of its tools once, then report."""
    messages = body["messages"]
    said = next(each["content"] for each in reversed(messages) if each["role"] == "user")
    called = [use["function"]["name"] for each in messages for use in each.get("tool_calls") or ()]
    for tool in (tool["function"]["name"] for tool in body.get("tools", ())):
        if tool not in called:
            return Calls(tool, {"order": int(re.findall(r"order (\d+)", said)[0])})
    return Says(f"Done: {messages[-1]['content']}")


@define
class KilledPeer:
    """One of the two hosts, which can be killed and started again on its port."""

    directory: Path
    port: int
    process: subprocess.Popen | None = field(default=None, init=False)

    def start(self):
        """Run it, without waiting until it serves."""
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own
                [sys.executable, "-m", "agenthost", "run", str(Path(__file__).parent / "peer_shop.py")],
                cwd=self.directory,
                env={**os.environ, "OPENAI_API_KEY": "none"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self):
        """End all its processes at once, as when a machine fails."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ready(self):
        """Wait until it serves."""
        poll_until(self._answers, 120, said=(self.directory / "log").read_text)

    def _answers(self):
        assert self.process.poll() is None, (self.directory / "log").read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/startup", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def dial(self, user):
        """Return the document for a SIP call to a user."""
        body = json.dumps({"call": {"call_id": "c-1", "to": f"sip:{user}@example.com", "direction": "inbound"}})
        pair = base64.b64encode(f"agenthost:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/sip", body.encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answered:  # noqa: S310 - http
            return json.load(answered)

    def say(self, model, text, conversation, key, seconds=40.0):
        """Return the kind of outcome that a client receives, and its words.

        The kind is text, error, lost if the connection ends, or hang.
        """
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        headers = {
            "Authorization": f"Bearer {PASSWORD}",
            "Content-Type": "application/json",
            "X-Conversation-Id": conversation,
            "Idempotency-Key": key,
        }
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/chat/completions", json.dumps(body).encode(), headers
        )
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answered:  # noqa: S310 - as above
                return "text", json.load(answered)["choices"][0]["message"]["content"]
        except urllib.error.HTTPError as error:
            told = json.load(error)["error"]  # words, while the host starts
            return "error", told["code"] if isinstance(told, dict) else told
        except OSError as error:
            late = time.monotonic() - began >= seconds
            return ("hang" if late else "lost"), type(error).__name__


@contextmanager
def two_hosts(directory, model):
    """Serve both hosts, which start at the same time."""
    ports = {"east": free_port(), "west": free_port()}
    own = {"east": EAST.format(secret=PEER_SECRET), "west": WEST.format(secret=PEER_SECRET)}
    more = {"east": ANNOUNCED.format(port=ports["east"]), "west": ""}
    agents = {"east": ["billing"], "west": ["clerk", "stock", "both", "desk"]}
    hosts = {}
    with ExitStack() as stack:
        for name, port in ports.items():
            (directory / name).mkdir()
            file = directory / name / "agenthost.toml"
            both = BOTH.format(
                password=PASSWORD,
                port=port,
                agents=json.dumps(agents[name]),
                more=more[name],
                store=directory / "shared.db",
                model=model.url,
            )
            file.write_text(both + own[name])
            file.chmod(0o600)
            hosts[name] = KilledPeer(directory / name, port)
            hosts[name].start()
            stack.callback(hosts[name].kill)
        for host in hosts.values():
            host.ready()
        yield hosts["east"], hosts["west"]
