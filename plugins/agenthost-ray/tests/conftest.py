"""Two agents on a real Ray cluster, as ``agenthost ray run`` serves them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from importlib.util import find_spec

import pytest

collect_ignore_glob = [] if find_spec("ray") else ["test_*.py"]  # tox -e ray installs it

PASSWORD = "of-the-tests-of-ray"
AGENTS = '''
import os
import time

from agenthost import AgentBase, FunctionResult


class Steady(AgentBase):
    """Has a quick tool, and one that waits."""

    def __init__(self):
        super().__init__("steady", "/steady", fallback="The desk calls you back.")

    @AgentBase.tool
    def add(self, first: int, second: int) -> FunctionResult:
        """Add two numbers.

        Args:
            first: a number.
            second: a number.
        """
        return FunctionResult(f"{first + second} by {os.getpid()} in the {os.environ.get('REGION')}")

    @AgentBase.tool(timeout=30)
    def wait(self, file: str) -> FunctionResult:
        """Wait.

        Args:
            file: where the process is written.
        """
        with open(file, "a") as opened:
            opened.write(f"{os.getpid()}\\n")
        time.sleep(20)
        return FunctionResult("waited")


class Other(AgentBase):
    def __init__(self):
        super().__init__("other", "/other")
'''


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """A folder with an installed package, and the environment that finds it."""
    place = tmp_path_factory.mktemp("ray")
    packages = place / "packages"
    info = packages / "steady-1.0.dist-info"
    info.mkdir(parents=True)
    (packages / "steady_agents.py").write_text(AGENTS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: steady\nVersion: 1.0\n")
    entries = "[agenthost.agents]\nsteady = steady_agents:Steady\nother = steady_agents:Other\n"
    (info / "entry_points.txt").write_text(entries)
    file = place / "agenthost.toml"
    signing = "of-the-tests-of-ray-of-the-tests-of-ray"
    host = f'agents = ["steady", "other"]\npassword = "{PASSWORD}"\nsigning_keys = ["{signing}"]\n'
    file.write_text(f'[host]\nstate_dir = "state"\n{host}')
    file.chmod(0o600)
    path = os.pathsep.join(filter(None, (str(packages), os.environ.get("PYTHONPATH"))))
    return place, {**os.environ, "PYTHONPATH": path, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}


class Served:
    """A host on a port."""

    def __init__(self, port):
        self.port = port

    def ask(self, path, body=None, *, password=PASSWORD):
        """Return the status and the JSON of an answer."""
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.port}{path}"
        scheme, _, rest = url.partition("://")
        url = f"{scheme}://{rest.rpartition('@')[2]}"
        pair = b64encode(f"agenthost:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(url, data, headers)  # noqa: S310 - of this test
            with urllib.request.urlopen(request, timeout=40) as response:  # noqa: S310 - of this test
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, None

    def tool_url(self, tool, call="c-1"):
        """Return the URL of a tool, with its token."""
        _, document = self.ask("/steady", {"call": {"call_id": call}})
        [ai] = [each["ai"] for each in document["sections"]["main"] if "ai" in each]
        return next(each["web_hook_url"] for each in ai["SWAIG"]["functions"] if each["function"] == tool)

    def call(self, url, tool, call="c-1", **arguments):
        """Call a tool, as the platform does."""
        argument = {"parsed": [arguments], "raw": json.dumps(arguments)}
        return self.ask(url, {"function": tool, "call_id": call, "argument": argument})


def free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


@pytest.fixture(scope="session")
def command(environment):
    """Return a function that runs ``agenthost ray``."""
    place, environ = environment

    def run(*arguments):
        words = [sys.executable, "-m", "agenthost", "ray", *arguments]
        return subprocess.run(  # noqa: S603 - of this test
            words, cwd=place, env=environ, capture_output=True, text=True, timeout=90, check=False
        )

    return run


@pytest.fixture(scope="session")
def on_ray(environment):
    """Two agents, of which one has two replicas."""
    place, environ = environment
    port = free_port()
    options = (
        "--replicas",
        "steady=2",
        "--runtime-env",
        'steady={"env_vars": {"REGION": "east"}}',
        "--cpus",
        "0.2",
        "--logical-cpus",
        "4",
        "--port",
        str(port),
    )
    log = place / "run.log"
    with log.open("w") as opened:
        words = [sys.executable, "-m", "agenthost", "ray", "run", *options]
        process = subprocess.Popen(  # noqa: S603 - of this test
            words, cwd=place, env=environ, stdout=opened, stderr=subprocess.STDOUT
        )
    try:
        ends = time.monotonic() + 90
        while log.read_text().count("\nagent ") < 2:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.2)
        yield Served(port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
def on_plain_host(environment):
    """The same agents, by ``agenthost run``."""
    place, environ = environment
    port = free_port()
    words = [sys.executable, "-m", "agenthost", "run", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - of this test
        words, cwd=place, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    served, ends = Served(port), time.monotonic() + 30
    try:
        while True:
            try:
                if served.ask("/steady")[0] == 200:
                    break
            except OSError:
                assert time.monotonic() < ends
            time.sleep(0.1)
        yield served
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def marked(tmp_path):
    return tmp_path / "processes"
