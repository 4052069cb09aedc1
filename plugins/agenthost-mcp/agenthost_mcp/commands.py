"""Commands of agenthost, each in a process that loads the code as it is now."""

from __future__ import annotations

import json
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import anyio
from attrs import define, field, frozen
from mcp.server.mcpserver.exceptions import ToolError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Commands", "Ended"]

_SECONDS = 120.0
"""Timeout of a command."""
_FINDINGS = 1
"""Exit code of a command that has found problems."""
_NO_HOST = 2
"""Exit code of a command that reaches no host."""


@frozen
class Ended:
    """A command that has ended.

    Args:
        code: its exit code.
        output: its standard output.
        log: its standard error.
    """

    code: int
    output: str
    log: str

    @property
    def value(self) -> Any:
        """The JSON that it has printed.

        Raises:
            ToolError: it has failed, with its message.
        """
        try:
            return json.loads(self.output)
        except ValueError as error:
            raise ToolError(self.log.strip() or f"the command ended with exit code {self.code}") from error


@define
class Commands:
    """The commands for one project.

    Args:
        folder: the project's folder.
        file: the configuration file, or None for the usual one.
        port: the port of the host, or None for the configured one.
    """

    folder: Path
    file: str | None = None
    port: int | None = None
    _one_at_a_time: anyio.Lock = field(factory=anyio.Lock, init=False)

    @property
    def is_project(self) -> bool:
        """True if the folder has a package for agenthost."""
        try:
            content = tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        except ValueError:  # the command reports it
            return True
        groups = content.get("project", {}).get("entry-points", {})
        return any(group.partition(".")[0] == "agenthost" for group in groups)

    async def of_project(self, name: str, *words: str, said: str = "") -> Ended:
        """Run a command about the project and the installed packages.

        ``said`` is its standard input.
        """
        project = ("--project", ".") if self.is_project else ()
        return await self._run((*project, name, *self._config(), *words), said)

    async def check(self) -> Any:
        """Return the report of ``agenthost check``."""
        target = (".",) if self.is_project else ()
        return (await self._run(("check", *self._config(), "--json", "--traceback", *target))).value

    async def of_host(self, name: str, *words: str) -> Ended | None:
        """Run a command about the running host, or return None if there is none."""
        port = () if self.port is None else ("--port", str(self.port))
        ended = await self._run((name, *self._config(), *port, *words))
        return None if ended.code == _NO_HOST else ended

    async def of_store(self, name: str, *words: str) -> Ended:
        """Run a command about what the configured store keeps."""
        group, *rest = (name, *words)
        below = [rest.pop(0)] if rest and not rest[0].startswith("-") else []
        return await self._run((group, *below, *self._config(), *rest))

    async def plain(self, *words: str) -> Ended:
        """Run a command that needs no configuration."""
        return await self._run(words)

    def _config(self) -> tuple[str, ...]:
        return () if self.file is None else ("--config", self.file)

    async def _run(self, words: tuple[str, ...], said: str = "") -> Ended:
        """Run a command.

        Raises:
            ToolError: it does not end.
        """
        command = [sys.executable, "-m", "agenthost", *words]
        async with self._one_at_a_time:
            with anyio.move_on_after(_SECONDS):
                done = await anyio.run_process(command, input=said.encode(), check=False, cwd=self.folder)
                output, log = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
                return Ended(done.returncode, output, log)
        raise ToolError(f"agenthost {words[0]} has not ended after {_SECONDS:.0f} s. Does the code wait for something?")
