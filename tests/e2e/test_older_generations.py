"""Calls stay with their generation, after an upgrade that has replaced all workers."""

import json
import os
import signal
import threading
import time
from urllib.parse import urlsplit

import pytest
from caller import Caller, functions, tool_call
from environment import ended
from polling import poll_until
from ports import free_port
from raw_http import Connection

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "agenthost-test-upgraded"
version = "{version}"
dependencies = ["agenthost"]

[project.entry-points."agenthost.agents"]
upgraded = "agenthost_test_upgraded:Agent"
"""
AGENT = '''
import asyncio
import os

from agenthost import AgentBase


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="upgraded", route="/upgraded")
        self.prompt_add_section("Role", "You answer tests.")
        self.set_post_prompt("Summarise.")
        self.enable_debug_events()
        self.on_debug_event(lambda label, event: print("event for version {version}", flush=True))

    @AgentBase.tool
    async def {tool}(self, text: str = "") -> str:
        """Answer with the version."""
        return "version {version}" + text

    @AgentBase.tool
    async def process(self) -> str:
        """Return the number of the process."""
        return str(os.getpid())

    @AgentBase.tool
    async def wait(self, seconds: float) -> str:
        """Wait."""
        await asyncio.sleep(seconds)
        return "version {version} waited"

    def on_summary(self, summary, raw_data=None):
        print("summary for version {version}", flush=True)
'''
TOOLS = {1: "safe", 2: "secure", 3: "safest", 4: "last"}


class Upgraded:
    """A host that serves a package, which is upgraded meanwhile."""

    def __init__(self, env, workers, start_method="fork"):
        self.env = env
        self.port = free_port()
        self.install(1)
        place = env.workplace()
        (place / "agenthost.toml").write_text(f'[host]\nstart_method = "{start_method}"\n')
        self.serving = env.serve("--workers", str(workers), cwd=place, port=self.port)

    def __enter__(self):
        self.served = self.serving.__enter__()
        self.caller = Caller.of(self.served)
        return self

    def __exit__(self, *error):
        self.serving.__exit__(*error)

    @property
    def printed(self):
        """All that the agents have printed."""
        return self.served.stdout + self.served.stderr

    def install(self, version):
        project = self.env.workplace()
        (project / "pyproject.toml").write_text(PYPROJECT.format(version=f"{version}.0"))
        (project / "agenthost_test_upgraded.py").write_text(AGENT.format(version=version, tool=TOOLS[version]))
        self.env.install(project)

    def reload(self):
        done = self.env.run(
            "agenthost", "reload", "--json", "--accept", "--port", str(self.port), cwd=self.served.directory
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def upgrade(self, version):
        """Install a version, and reload until it alone serves new calls."""
        self.install(version)
        told = self.reload()
        self.only(version)
        return told

    def only(self, version):
        poll_until(lambda: all(TOOLS[version] in self.call(f"probe-{version}") for _ in range(8)), 60)

    def call(self, call_id):
        """Begin a call, and return the URLs of its tools by name."""
        tools = functions(self.caller.document("/upgraded", call_id))
        return {name: tool["web_hook_url"] for name, tool in tools.items()}

    def held(self):
        """The older generations that are kept."""
        return self.reload()["held"]

    def summary(self, document, call_id):
        answer = self.post(ai(document)["post_prompt_url"], {"call_id": call_id, "post_prompt_data": {"raw": "done"}})
        assert answer.json == {"success": True}

    def post(self, url, body):
        parts = urlsplit(url)
        return self.caller.ask("POST", f"{parts.path}?{parts.query}", body)


@pytest.fixture
def host(env):
    """Two workers."""
    with Upgraded(env, 2) as host:
        yield host


def ai(document):
    [found] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    return found


def test_live_calls_are_answered_by_the_code_they_began_with(host):
    """The tool has another name and another answer since, in every worker.

    Bodies of any size reach it. The process that is left ends with the last call.
    """
    documents = {f"c-{number}": host.caller.document("/upgraded", f"c-{number}") for number in range(6)}
    calls = {call: functions(document)["safe"]["web_hook_url"] for call, document in documents.items()}
    host.upgrade(2)

    for call, url in calls.items():
        for _ in range(3):
            assert host.caller.call(url, "safe", {}, call) == {"response": "version 1"}
    long = "x" * 200_000
    assert host.caller.call(calls["c-0"], "safe", {"text": long}, "c-0") == {"response": f"version 1{long}"}
    assert host.caller.call(host.call("c-new")["secure"], "secure", {}, "c-new") == {"response": "version 2"}

    [held] = host.held()
    assert held["calls"] >= len(calls)
    assert 1700 < held["seconds"] <= 1800
    assert not ended(held["process"])
    status, metrics = host.caller.ask("GET", "/metrics").status, host.caller.ask("GET", "/metrics").body.decode()
    assert (status, "agenthost_generations_held 1" in metrics) == (200, True)
    url = functions(documents["c-1"])["process"]["web_hook_url"]
    assert host.caller.call(url, "process", {}, "c-1") == {"response": str(held["process"])}
    assert host.post(ai(documents["c-1"])["params"]["debug_webhook_url"], {"label": "barge"}).status == 204
    assert "event for version 1" in host.printed
    assert "event for version 2" not in host.printed

    for call, document in documents.items():
        host.summary(document, call)
    assert "summary for version 1" in host.printed
    assert "summary for version 2" not in host.printed


class Load:
    """Calls that begin and go on while the block runs.

    Each tool must answer with the version of its document.
    """

    def __init__(self, host):
        self.host = host
        self.old = host.call("c-old")["safe"]
        self.wrong, self.number, self.over = [], 0, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(name,)) for name in ("a", "b")]

    def run(self, name):
        while not self.over.is_set():
            self.number += 1
            call = f"{name}-{self.number}"
            tools = self.host.call(call)
            [(version, tool)] = [(version, tool) for version, tool in TOOLS.items() if tool in tools]
            for url, function, known, expected in (
                (tools[tool], tool, call, version),
                (self.old, "safe", "c-old", 1),
            ):
                answer = self.host.caller.call(url, function, {}, known)
                if answer != {"response": f"version {expected}"}:
                    self.wrong.append((function, answer))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_no_request_is_lost_or_answered_by_another_version_while_workers_are_replaced(host):
    """Calls of both generations reach workers of both."""
    with Load(host) as load:
        host.upgrade(2)
        host.upgrade(3)

    assert load.wrong == [], host.served.stderr
    assert load.number > 50


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_the_process_ends_with_its_last_call(env, start_method):
    """Nothing else has begun on it."""
    with Upgraded(env, 1, start_method) as host:
        document = host.caller.document("/upgraded", "c-1")
        host.upgrade(2)
        [held] = host.held()
        assert held["calls"] == 1
        host.summary(document, "c-1")
        poll_until(lambda: ended(held["process"]), 30)

        assert host.held() == []
        host.served.once_logged("generation 1 stays for 1 call in progress")
        host.served.once_logged("generation 1 ends: its last call has ended")


def test_a_call_outlasts_several_upgrades(host):
    """At most three generations exist at once.

    The calls of the oldest one get the present answer.
    """
    urls = [host.call("c-1")["process"]]
    safe = host.call("c-1")["safe"]
    for version in (2, 3):
        host.upgrade(version)
        urls.append(host.call(f"c-{version}")["process"])
    processes = [host.caller.call(url, "process", {}, f"c-{n}")["response"] for n, url in enumerate(urls, 1)]
    assert len(set(processes)) == 3
    assert host.caller.call(safe, "safe", {}, "c-1") == {"response": "version 1"}

    host.upgrade(4)
    poll_until(lambda: ended(int(processes[0])), 60)
    host.served.once_logged("ends early")
    assert host.caller.call(urls[1], "process", {}, "c-2")["response"] == processes[1]
    assert "called safe" in host.caller.call(safe, "safe", {}, "c-1")["response"]


def test_a_killed_process_leaves_its_calls_to_the_present_one(host):
    """A request in flight is 503, as it may have had an effect."""
    urls = host.call("c-1")
    host.upgrade(2)
    [held] = host.held()
    with Connection.to(host.caller.url) as connection:
        connection.send(tool_call(urls["wait"], "wait", {"seconds": 60}, "c-1"))
        poll_until(lambda: wait_runs(host), 10)
        os.kill(held["process"], signal.SIGKILL)
        answer = connection.answer()
    assert (answer.status, b"has ended" in answer.body) == (503, True)

    poll_until(lambda: ended(held["process"]), 10)
    assert "version 2" in host.caller.call(urls["wait"], "wait", {"seconds": 0}, "c-1")["response"]
    assert host.held() == []


def test_no_process_outlives_the_supervisor(host):
    """Even when that is killed."""
    host.call("c-1")
    host.upgrade(2)
    [held] = host.held()
    host.served.process.kill()
    host.served.process.wait()

    poll_until(lambda: ended(held["process"]), 30)


def wait_runs(host):
    return 'agenthost_running{agent="upgraded"} 1' in host.caller.ask("GET", "/metrics").body.decode()


def test_a_host_that_stops_finishes_what_is_handed_over(host):
    """And ends with all of its processes."""
    urls = host.call("c-1")
    host.upgrade(2)
    [held] = host.held()
    with Connection.to(host.caller.url) as connection:
        connection.send(tool_call(urls["wait"], "wait", {"seconds": 2}, "c-1"))
        poll_until(lambda: wait_runs(host), 10)
        began = time.monotonic()
        host.served.process.send_signal(signal.SIGTERM)
        assert connection.answer().json == {"response": "version 1 waited"}
    assert host.served.process.wait(30) == 0

    assert time.monotonic() - began < 15
    poll_until(lambda: ended(held["process"]), 5)
    assert "Traceback" not in host.served.stderr
