"""Real clients against a real host, each in an environment of its own.

Writes docs/reference/clients.md, and fails if a check or the example of a how-to guide does.

Usage: python tests/clients/run.py [--keep DIRECTORY] [CLIENT ...]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from attrs import field, frozen
from host import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOW_TO = ROOT / "docs" / "how-to"
PAGE = ROOT / "docs" / "reference" / "clients.md"
BEGIN, END = "<!-- clients: begin -->", "<!-- clients: end -->"
CHECKS = ("chat", "stream", "tools", "structured", "retry", "resend")
_BLOCK = re.compile(r"^```(?P<info>python no-run|js|sh no-run)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_ADDRESS = "http://127.0.0.1:3000"
_START = 60.0
_LONG = 900


@frozen
class Client:
    """A client, and what is tried with it."""

    title: str
    program: str
    packages: tuple[str, ...]
    """The packages to install, whose first ones are shown with their versions."""
    guide: str
    shown: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the shown packages."""
        return tuple(re.split(r"[\[=<>~]|(?<=.)@", package, maxsplit=1)[0] for package in self.packages[: self.shown])

    @property
    def is_node(self) -> bool:
        """True if it runs with Node.js."""
        return self.program.endswith(".mjs")


CLIENTS = (
    Client("openai (Python), chat completions", "openai_chat.py", ("openai",), "connect-openai-python.md"),
    Client("openai (Python), responses", "openai_responses.py", ("openai",), "connect-openai-python.md"),
    Client("openai (Node.js), both", "openai_npm.mjs", ("openai",), "connect-openai-node.md"),
    Client("AI SDK, both", "ai_sdk.mjs", ("ai", "@ai-sdk/openai", "zod"), "connect-ai-sdk.md", 2),
    Client("LangChain, both", "langchain_chat.py", ("langchain-openai",), "connect-langchain.md"),
    Client("OpenAI Agents SDK, responses", "openai_agents.py", ("openai-agents",), "connect-openai-agents.md"),
    Client("Pydantic AI, both", "pydantic_ai_agent.py", ("pydantic-ai-slim[openai]",), "connect-pydantic-ai.md"),
    Client("instructor", "instructor_client.py", ("instructor",), "connect-instructor.md"),
    Client("LiteLLM", "litellm_client.py", ("litellm",), "connect-litellm.md"),
    Client(
        "LlamaIndex",
        "llama_index_llm.py",
        ("llama-index-llms-openai-like", "llama-index-core"),
        "connect-llama-index.md",
        2,
    ),
    Client("llm", "llm_command.py", ("llm",), "connect-llm.md"),
    Client("promptfoo", "promptfoo_eval.mjs", ("promptfoo",), "connect-promptfoo.md"),
    Client("LiveKit Agents", "livekit_plugin.py", ("livekit-plugins-openai",), "connect-livekit.md"),
    Client("requests of Vapi and ElevenLabs", "voice_platforms.py", ("httpx",), "connect-voice-platforms.md"),
    Client("MCP SDK (Python)", "mcp_python.py", ("mcp",), "connect-mcp-python.md"),
    Client("FastMCP", "fastmcp_client.py", ("fastmcp",), "connect-fastmcp.md"),
    Client("MCP SDK (Node.js)", "mcp_npm.mjs", ("@modelcontextprotocol/sdk",), "connect-mcp-node.md"),
    Client(
        "MCP Inspector",
        "mcp_inspector.mjs",
        ("@modelcontextprotocol/inspector@latest", "node@22"),
        "connect-mcp-inspector.md",
    ),
)


@frozen
class Result:
    """The results of a client."""

    client: Client
    versions: dict[str, str]
    checks: dict[str, str]
    """By check, the error, or an empty text."""
    guide: str
    """The error of the example in its guide, or an empty text."""
    runtime: str = field(default="")

    @property
    def failures(self) -> list[str]:
        """Each failure, with its check."""
        failed = [f"{self.client.title}, {check}: {error}" for check, error in self.checks.items() if error]
        return failed + ([f"{self.client.title}, {self.client.guide}: {self.guide}"] if self.guide else [])


def main() -> int:
    """Try the clients, write the page, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="directory for the environments, which are used again")
    parser.add_argument("clients", nargs="*", help="programs to run, such as openai_chat; all by default")
    chosen = parser.parse_args()
    wanted = [client for client in CLIENTS if not chosen.clients or Path(client.program).stem in chosen.clients]
    with tempfile.TemporaryDirectory() as made:
        root = (chosen.keep or Path(made)).resolve()
        with host(root) as url:
            results = [result for client in wanted if (result := tried(client, url, root)) is not None]
    if not chosen.clients:
        write(results)
    failures = [failure for result in results for failure in result.failures]
    print(*failures, f"{len(results)} clients, {len(failures)} failures", sep="\n")
    return 1 if failures or len(results) < len(wanted) else 0


@contextmanager
def host(root: Path) -> Iterator[str]:
    """Serve the agents of host.py, and yield the host's address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    directory = root / "host"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with (directory / "log").open("wb") as log:
        command = [sys.executable, str(HERE / "host.py"), str(port), str(directory)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/ready", directory / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, log: Path) -> None:
    ends = time.monotonic() + _START
    while time.monotonic() < ends:
        with suppress(OSError), urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise SystemExit(f"the host does not start:\n{log.read_text('utf-8')}")


def tried(client: Client, url: str, root: Path) -> Result | None:
    """Install a client, and run its checks and the examples of its guide.

    Returns:
        The results, or None if the client cannot be installed, which is not a result.
    """
    print(f"{client.title} …", flush=True)
    place = root / Path(client.program).stem
    try:
        runner = _node(client, place) if client.is_node else _python(client, place)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        print(f"{client.title} cannot be installed: {str(detail)[-500:]}")
        return None
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))},
        "AGENTHOST_URL": f"{url}/v1",
        "AGENTHOST_PASSWORD": PASSWORD,
        "LLM_USER_PATH": str(place / "llm"),
        "MCP_CATALOG_PATH": str(place / "catalog.json"),
        "OPENAI_API_KEY": "",
    }
    own = (str(place / "bin"), str(place / "node_modules" / ".bin"), environment["PATH"])
    environment["PATH"] = os.pathsep.join(own)
    program = place / client.program if client.is_node else HERE / "programs" / client.program
    checks = "checks.mjs" if client.is_node else str(HERE / "programs" / "checks.py")
    done = _run([*runner, checks, str(program), *client.names], place, environment)
    try:
        told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        told = {"versions": {}, "results": dict.fromkeys(CHECKS[:1], (done.stderr or done.stdout)[-300:])}
    runtime = _run([*runner[:1], "--version"], place, environment).stdout.strip()
    runtime = re.sub(r"^v", "Node.js ", runtime)
    return Result(client, told["versions"], told["results"], _example(client, url, runner, place, environment), runtime)


def _python(client: Client, place: Path) -> list[str]:
    python = place / "bin" / "python"
    if not python.exists():
        _install(["uv", "venv", "--quiet", "--python", sys.executable, str(place)])
        _install(["uv", "pip", "install", "--quiet", "--python", str(python), *client.packages])
    return [str(python)]


def _node(client: Client, place: Path) -> list[str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise OSError("there is no Node.js")
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "node_modules").exists():
        (place / "package.json").write_text('{"type": "module"}', "utf-8")
        _install([npm, "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(place), *client.packages])
    for file in ("checks.mjs", client.program):
        shutil.copy(HERE / "programs" / file, place / file)
    own = place / "node_modules" / ".bin" / "node"
    return [str(own) if own.exists() else node]


def _install(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_LONG)


def _run(command: Sequence[str], place: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=_LONG, check=False
    )


def _example(client: Client, url: str, runner: list[str], place: Path, environment: dict[str, str]) -> str:
    """Run the examples of a client's guide, and return the first error."""
    text = (HOW_TO / client.guide).read_text("utf-8")
    found = list(_BLOCK.finditer(text))
    if not found:
        return "the guide has no example"
    for number, block in enumerate(found):
        suffix = {"js": "mjs", "sh no-run": "sh"}.get(block["info"], "py")
        file = place / f"example{number}.{suffix}"
        file.write_text(block["text"].replace(_ADDRESS, url), "utf-8")
        command = ["sh", "-eu", str(file)] if suffix == "sh" else [*runner, str(file)]
        done = _run(command, place, environment)
        if done.returncode or not done.stdout.strip():
            return (done.stderr.strip() or "it prints nothing")[-300:]
    return ""


def write(results: Sequence[Result]) -> None:
    """Write the results into the page."""
    table = ["| client | version | " + " | ".join(CHECKS) + " | guide |", "|---|---|" + "---|" * (len(CHECKS) + 1)]
    for result in results:
        versions = ", ".join(f"{name} {number}" for name, number in result.versions.items())
        cells = [_cell(result.checks.get(check)) for check in CHECKS]
        guide = f"[{'executed' if not result.guide else 'failed'}](../how-to/{result.client.guide})"
        table.append(f"| {result.client.title} | {versions} | {' | '.join(cells)} | {guide} |")
    runtimes = sorted({result.runtime for result in results})
    today = datetime.now(UTC).date().isoformat()
    note = f"Run on {today} with agenthost {version('agenthost')}, {', '.join(runtimes)}, on {sys.platform}."
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n" + "\n".join(table) + f"\n\n{note}\n\n{END}{after}", "utf-8")


def _cell(error: str | None) -> str:
    return "–" if error is None else "no" if error else "yes"


if __name__ == "__main__":
    sys.exit(main())
