"""A package whose versions tests write, and what a host of it says."""

import json
import os
import time
from pathlib import Path
from textwrap import indent

import attrs
from caller import Caller, functions
from polling import poll_until

PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "agenthost-test-bakery"
version = "{version}"
dependencies = ["agenthost"]

[project.entry-points."agenthost.agents"]
{offers}

[tool.hatch.build.targets.wheel]
packages = ["bakery"]
"""
MODULE = """\
import os

from agenthost import AgentBase

VERSION = "{version}"
{top}


class Bakery(AgentBase):
    def __init__(self):
        super().__init__(name="bakery", route="/bakery", fallback="The oven is cold.")
        self.count = 0

    @AgentBase.tool
    def version(self) -> str:
        \"\"\"Return the version and the process.\"\"\"
        return f"{{VERSION}} {{os.getpid()}}"

    @AgentBase.tool
    def late(self) -> str:
        \"\"\"Import a module when it is needed.\"\"\"
        from bakery.oven import HEAT

        return HEAT
{more}
"""


def write(directory: Path, version: str, *, top: str = "", more: str = "", offers: str = 'bakery = "bakery:Bakery"'):
    """Write a version of the package, and return its directory."""
    package = directory / "bakery"
    package.mkdir(parents=True, exist_ok=True)
    (directory / "pyproject.toml").write_text(PROJECT.format(version=version, offers=offers))
    module = MODULE.format(version=version, top=top, more=indent(more, "    "))
    (package / "__init__.py").write_text(module)
    (package / "oven.py").write_text(f'HEAT = "{version} degrees"\n')
    return directory


@attrs.define
class Host:
    """A served host, and the commands that reach it."""

    environment: object
    served: object
    port: int
    before: set[int] = attrs.field(factory=set)
    """Its workers before a reload."""
    old: int = 0
    """Its template process before a reload."""
    done: list = attrs.field(factory=list)
    """The ended command to reload."""

    @property
    def caller(self) -> Caller:
        return Caller.of(self.served)

    def reload(self, *arguments: str):
        return self.environment.run(
            "agenthost", "reload", "--port", str(self.port), *arguments, cwd=self.served.directory
        )

    def reloaded(self, *arguments: str) -> dict:
        done = self.reload("--json", *arguments)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def answer(self, tool: str = "version", route: str = "/bakery") -> dict:
        url = functions(self.caller.document(route, "c-1"))[tool]["web_hook_url"]
        return self.caller.call(url, tool, {}, "c-1")

    def versions(self, times: int = 12) -> set[str]:
        """Return the versions that answer a number of calls."""
        return {self.answer()["response"].split()[0] for _ in range(times)}

    def workers(self, number: int, seconds: float = 30) -> set[int]:
        """Return the processes that answer, as soon as there are so many."""
        found: set[int] = set()
        until = time.monotonic() + seconds
        while len(found) < number:
            assert time.monotonic() < until, found
            found.add(int(self.answer()["response"].split()[1]))
        return found

    def templates(self) -> set[int]:
        """Return the template processes."""
        return {each for each in children_of(self.served.process.pid) if is_template(each)}

    def template(self) -> int:
        """Return the only template process."""
        [found] = self.templates()
        return found

    def health(self) -> dict:
        return self.caller.ask("GET", "/health").json


def children_of(pid: int) -> set[int]:
    """Return the children of a process."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.add(int(entry.name))
    return found


def is_template(pid: int) -> bool:
    """Return True if a process is a template, or forked from one."""
    try:
        return b"process.template" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def alive(pid: int) -> bool:
    """Return True if a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def killed(pid: int) -> None:
    """Kill a process, and wait for its end."""
    os.kill(pid, 9)
    poll_until(lambda: not alive(pid))
