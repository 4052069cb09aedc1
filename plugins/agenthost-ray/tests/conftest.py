"""Three agents on a real Ray cluster, as ``agenthost ray run`` serves them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from polling import poll_until
from ports import free_port

collect_ignore_glob = [] if find_spec("ray") else ["test_*.py"]  # tox -e ray installs it

PASSWORD = "of-the-tests-of-ray"
AGENTS_ON_RAY = 3
SECONDS = 300
"""For a cluster to start, on a machine that does much else."""
RAY = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_agent_register_timeout_ms": "300000",
    "RAY_raylet_start_wait_time_s": str(SECONDS),
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
}
"""No reports to Ray's makers, and patience with its processes."""
AGENTS = '''
import asyncio
import os
import time

from agenthost import AgentBase, Completion, FunctionResult, ModelProvider, Words, hookimpl


class Main(AgentBase):
    def __init__(self):
        super().__init__("main", "/")


class Steady(AgentBase):
    """Has a quick tool, one that waits, and one that fails."""

    def __init__(self):
        super().__init__("steady", "/steady", sip=("fest",), fallback="The desk calls you back.")

    @AgentBase.tool
    def add(self, first: int, second: int) -> FunctionResult:
        """Add two numbers.

        Args:
            first: a number.
            second: a number.
        """
        return FunctionResult(f"{first + second} by {os.getpid()} in the {os.environ.get('REGION')}")

    @AgentBase.tool(timeout=30)
    def wait(self, file: str, seconds: float) -> FunctionResult:
        """Wait.

        Args:
            file: where the process is written.
            seconds: how long.
        """
        with open(file, "a") as opened:
            opened.write(f"{os.getpid()}\\n")
        time.sleep(seconds)
        return FunctionResult("waited")

    @AgentBase.tool
    async def count(self, name: str) -> FunctionResult:
        """Count in the store.

        Args:
            name: of the counter.
        """
        return FunctionResult(f"{await self.state.incr(name)} by {os.getpid()}")

    @AgentBase.tool
    def fail(self) -> FunctionResult:
        """Fail."""
        raise RuntimeError("no desk")


class Slow:
    def __init__(self, name, settings):
        self.name = name

    async def answer(self, request):
        yield Words("one ")
        path = request.messages[-1].content
        while not os.path.exists(path):
            await asyncio.sleep(0.02)
        yield Words("two")
        yield Completion("one two")


@hookimpl
def chat_models():
    return [ModelProvider("slow", Slow)]
'''
OTHER = '''
import time

from agenthost import AgentBase

time.sleep({pause})
{mistake}

class Other(AgentBase):
    def __init__(self):
        super().__init__("other", "/other", sip=("anders",))

    @AgentBase.tool
    def version(self) -> str:
        """Return the version."""
        return "{version}"
'''
PINNED = '''
import pinned

from agenthost import AgentBase


class Pinned(AgentBase):
    def __init__(self):
        super().__init__("{name}", "/{name}")

    @AgentBase.tool
    def version(self) -> str:
        """Return the version of the library."""
        return pinned.VERSION
'''


class Packages:
    """A folder of installed packages."""

    def __init__(self, place):
        self.place = place
        place.mkdir()

    def install(self, name, version, source, agents, *, models=False):
        """Install a package with one module, in place of another version."""
        for old in self.place.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        info = self.place / f"{name}-{version}.dist-info"
        info.mkdir()
        (self.place / f"{name}_agents.py").write_text(source)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = ["[agenthost.agents]", *(f"{key} = {name}_agents:{cls}" for key, cls in agents.items())]
        lines += ["[agenthost]", f"model = {name}_agents"] if models else []
        (info / "entry_points.txt").write_text("\n".join([*lines, ""]))

    def install_other(self, version, *, mistake="", pause=0.0):
        """Install a version of the package that tests change."""
        source = OTHER.format(version=version, mistake=mistake, pause=pause)
        self.install("other", version, source, {"other": "Other"})


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """Packages with five agents, of which two need a library that is not installed."""
    made = Packages(tmp_path_factory.mktemp("ray") / "packages")
    made.install("steady", "1.0", AGENTS, {"main": "Main", "steady": "Steady"}, models=True)
    made.install_other("1.0")
    for name in ("left", "right"):
        made.install(name, "1.0", PINNED.format(name=name), {name: "Pinned"})
    return made


@pytest.fixture(scope="session")
def environment(packages):
    """A folder with installed packages, and the environment that finds them."""
    place = packages.place.parent
    file = place / "agenthost.toml"
    signing = "of-the-tests-of-ray-of-the-tests-of-ray"
    file.write_text(
        f'[host]\nstate_dir = "state"\npassword = "{PASSWORD}"\nsigning_keys = ["{signing}"]\n'
        '[agents.steady]\nmodel = "slow"\n[agents.main]\nmodel = "slow"\n[models.slow]\nkind = "slow"\n'
        "[console]\nenabled = true\n"
    )
    file.chmod(0o600)
    path = os.pathsep.join(filter(None, (str(packages.place), os.environ.get("PYTHONPATH"))))
    return place, {**os.environ, "PYTHONPATH": path, **RAY}


class Served:
    """A host on a port."""

    def __init__(self, port):
        self.port = port

    def open(self, path, body=None, *, password=PASSWORD):
        """Return an answer that is still to be read."""
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.port}{path}"
        scheme, _, rest = url.partition("://")
        pair = b64encode(f"agenthost:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{scheme}://{rest.rpartition('@')[2]}", data, headers)  # noqa: S310 - of this test
        return urllib.request.urlopen(request, timeout=60)  # noqa: S310 - of this test

    def ask(self, path, body=None, *, password=PASSWORD):
        """Return the status and the JSON of an answer."""
        try:
            with self.open(path, body, password=password) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, None

    def text(self, path):
        """Return the text of an answer."""
        with self.open(path) as response:
            return response.read().decode()

    def tool_url(self, tool, call="c-1", agent="steady"):
        """Return the URL of a tool, with its token."""
        _, document = self.ask(f"/{agent}", {"call": {"call_id": call}})
        return next(each["web_hook_url"] for each in functions_of(document) if each["function"] == tool)

    def tools_of(self, document):
        """Return the names of the tools of a document."""
        return {each["function"] for each in functions_of(document)}

    def call(self, url, tool, call="c-1", **arguments):
        """Call a tool, as the platform does."""
        argument = {"parsed": [arguments], "raw": json.dumps(arguments)}
        return self.ask(url, {"function": tool, "call_id": call, "argument": argument})

    def process(self):
        """Return the process of a replica."""
        answer = self.call(self.tool_url("add"), "add", first=1, second=2)[1]["response"]
        return int(answer.split()[2])


def functions_of(document):
    """Return the functions of a document."""
    return next((each["ai"]["SWAIG"]["functions"] for each in document["sections"]["main"] if "ai" in each), [])


@pytest.fixture(scope="session")
def command(environment):
    """Return a function that runs ``agenthost ray``."""
    place, environ = environment

    def run(*arguments):
        words = [sys.executable, "-m", "agenthost", "ray", *arguments]
        return subprocess.run(  # noqa: S603 - of this test
            words, cwd=place, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
        )

    return run


def replicas_of(agent):
    """Return the processes of an agent's replicas, without those that are starting."""
    return processes(f"ray::ServeReplica:agent-{agent}:", "initialize")


def processes(kind, other="\n"):
    """Return processes of the cluster by the names that Ray gives them."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found[int(file.parent.name)] = file.read_bytes().decode(errors="replace")
    return sorted(number for number, words in found.items() if words.startswith(kind) and other not in words)


@contextmanager
def running(environment, log, *words):
    """Run a command of agenthost until it is ended here."""
    place, environ = environment
    with log.open("w") as opened:
        process = subprocess.Popen(  # noqa: S603 - of this test
            [sys.executable, "-m", "agenthost", *words], cwd=place, env=environ, stdout=opened, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def on_ray(environment):
    """Three agents with two replicas each, of which one has an environment of its own."""
    port, log, began = free_port(), environment[0] / "run.log", time.monotonic()
    options = ("--replicas", "2", "--cpus", "0.2", "--logical-cpus", "8", "--port", str(port))
    apart = ("--runtime-env", 'steady={"env_vars": {"REGION": "east"}}')
    with running(environment, log, "ray", "run", *options, *apart) as process:

        def serves():
            assert process.poll() is None, log.read_text()
            return sum(line.startswith("agent ") for line in log.read_text().splitlines()) == AGENTS_ON_RAY

        poll_until(serves, SECONDS, said=log.read_text)
        served = Served(port)
        served.ready, served.replicas_of, served.processes = time.monotonic() - began, replicas_of, processes
        yield served


@pytest.fixture
def on_plain_host(environment, tmp_path):
    """The same agents, by ``agenthost run``."""
    served = Served(free_port())

    def answers():
        with suppress(OSError):
            return served.ask("/steady")[0] == 200
        return False

    with running(environment, log := tmp_path / "log", "run", "--port", str(served.port)):
        poll_until(answers, said=log.read_text)
        yield served


@pytest.fixture
def marked(tmp_path):
    return tmp_path / "processes"
