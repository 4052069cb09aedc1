"""Commands of agenthost in a process of their own, for pages.

They import packages, or much of agenthost, which the memory of a worker does without.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from agenthost._host.telemetry.prometheus.shared import SHARED
from agenthost._web.console.texts import gettext

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["ChildCommands", "CommandResult", "run_command"]

_WITHIN = 60.0
"""Timeout of a command, in seconds."""
_KEPT = 30.0
"""Seconds for which a result is shown to all who ask."""


@frozen
class CommandResult:
    """The end of a command. ``code`` is None after the timeout."""

    code: int | None
    output: str
    errors: str

    def report(self) -> tuple[Any, str]:
        """Return what the command has printed as JSON, or None and the reason."""
        try:
            return json.loads(self.output), ""
        except ValueError:
            nothing = gettext("it ended with exit code {code}, and printed nothing").format(code=self.code)
            return None, self.errors.strip()[-1000:] or nothing


@define
class ChildCommands:
    """Results of commands that only read, one at a time."""

    _latest: dict[tuple[str, ...], tuple[float, CommandResult]] = field(factory=dict)
    _one_at_a_time: asyncio.Lock = field(factory=asyncio.Lock)

    async def run(self, config: Config, *arguments: str) -> CommandResult:
        """Run a command with the configuration of the host.

        A result of the last half minute is returned again.
        """
        asked = (*arguments, config.source or "")
        async with self._one_at_a_time:
            then, result = self._latest.get(asked, (float("-inf"), None))
            if result is None or time.monotonic() - then > _KEPT:
                file = [] if config.source is None else ["--config", config.source]
                result = await run_command(*arguments, *file)
                self._latest[asked] = time.monotonic(), result
            return result

    async def run_alone(self, *arguments: str) -> CommandResult:
        """Run a command that no configuration changes, also if it has just run."""
        async with self._one_at_a_time:
            return await run_command(*arguments)


async def run_command(*arguments: str, written: str = "") -> CommandResult:
    """Run a command of agenthost, which reads what is written to it."""
    return await asyncio.to_thread(_run, [sys.executable, "-P", "-m", "agenthost", *arguments], written)


def _run(command: list[str], written: str) -> CommandResult:
    own = {name: value for name, value in os.environ.items() if name != SHARED}  # the metrics are the workers' alone
    own["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # a source that is not installed is on it
    try:
        done = subprocess.run(  # noqa: S603 - our own
            command, input=written, capture_output=True, timeout=_WITHIN, text=True, check=False, env=own
        )
    except subprocess.TimeoutExpired:
        late = gettext("agenthost {command} did not end within {seconds} s")
        return CommandResult(None, "", late.format(command=command[4], seconds=f"{_WITHIN:g}"))
    return CommandResult(done.returncode, done.stdout, done.stderr)
