"""Installations for the benchmarks.

Each is in a directory of its own, so that a run selects what it sees. agenthost itself is measured in the environment
that runs the benchmarks.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

__all__ = ["AGENTHOST", "AGENTS", "DISTRIBUTIONS", "SDK", "frontdesk", "generated", "litellm", "sdk"]

ROOT = Path(__file__).resolve().parents[1]
SDK = "signalwire-sdk==3.7.5"
LITELLM = "litellm[proxy]==1.108.7"
AGENTHOST = Path(sys.executable).with_name("agenthost")
AGENTS = 1000
DISTRIBUTIONS = 200
PER_DISTRIBUTION = AGENTS // DISTRIBUTIONS

_MODULE = "from agenthost import AgentBase, FunctionResult\n"
_AGENT = '''

class Agent{number}(AgentBase):
    """Says hello."""

    def __init__(self) -> None:
        super().__init__(name="small-{number}", route="/small/{number}")
        self.prompt_add_section("Role", "You greet callers, one of a thousand: number {number}, version {version}.")
        self.add_language("English", "en-US", "rime.spore")

    @AgentBase.tool
    async def greet(self, name: str) -> FunctionResult:
        """Greet the caller.

        Args:
            name: What the caller is called
        """
        return FunctionResult(f"Hello {{name}}, this is number {number}, version {version}.")
'''


def frontdesk(directory: Path) -> Path:
    """Install agenthost-frontdesk into ``directory``."""
    project = ROOT / "plugins" / "agenthost-frontdesk"
    _pip_install("--target", str(directory), "--no-deps", "--no-build-isolation", str(project))
    return directory


def sdk(directory: Path) -> Path:
    """Return the interpreter of a virtual environment with the SDK.

    The environment is kept for the next run.
    """
    wanted = [SDK, *(f"{name}=={version(name)}" for name in ("uvicorn", "uvloop", "httptools"))]
    note = directory / "installed.txt"
    python = directory / "bin" / "python"
    if not note.exists() or note.read_text(encoding="utf-8") != "\n".join(wanted):
        venv.create(directory, clear=True, symlinks=True)
        _pip_install(*wanted, python=python)
        note.write_text("\n".join(wanted), encoding="utf-8")
    return python


def litellm(directory: Path) -> Path | None:
    """Return the command of LiteLLM's proxy in a virtual environment.

    It is None if it cannot be installed. The environment is kept for the next run.
    """
    command, note = directory / "bin" / "litellm", directory / "installed.txt"
    if not note.exists() or note.read_text(encoding="utf-8") != LITELLM:
        venv.create(directory, clear=True, symlinks=True)
        try:
            _pip_install(LITELLM, python=directory / "bin" / "python")
        except subprocess.CalledProcessError:
            return None
        note.write_text(LITELLM, encoding="utf-8")
    return command


def generated(directory: Path, agents: int, per_distribution: int = PER_DISTRIBUTION, version: int = 1) -> Path:
    """Install distributions of small agents in the form that an installer leaves.

    Prompts and answers of the agents contain the version.
    """
    for first in range(0, agents, per_distribution):
        numbers = range(first, min(first + per_distribution, agents))
        name = f"small_agents_{first // per_distribution}"
        package, metadata = directory / name, directory / f"{name}-{version}.0.dist-info"
        package.mkdir(parents=True)
        metadata.mkdir()
        lines = [f"small-{number} = {name}:Agent{number}\n" for number in numbers]
        (package / "__init__.py").write_text(
            _MODULE + "".join(_AGENT.format(number=number, version=version) for number in numbers), encoding="utf-8"
        )
        (metadata / "entry_points.txt").write_text("[agenthost.agents]\n" + "".join(lines), encoding="utf-8")
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}.0\nRequires-Dist: agenthost<1,>=0.1\n",
            encoding="utf-8",
        )
        (metadata / "INSTALLER").write_text("pip\n", encoding="utf-8")
        (metadata / "RECORD").write_text(
            "".join(f"{file.relative_to(directory)},,\n" for file in (*package.iterdir(), *metadata.iterdir())),
            encoding="utf-8",
        )
    compileall.compile_dir(directory, quiet=1)
    return directory


def _pip_install(*arguments: str, python: Path = Path(sys.executable)) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, "install", *arguments], check=True)
