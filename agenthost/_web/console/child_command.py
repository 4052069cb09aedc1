"""Commands of agenthost in a process of their own.

They import packages, or much of agenthost, which the memory of a worker does without.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["CommandResult", "run_command"]

_WITHIN = 60.0
"""Timeout of a command, in seconds."""


@frozen
class CommandResult:
    """The end of a command. ``code`` is None after the timeout."""

    code: int | None
    output: str
    errors: str


async def run_command(config: Config | None, *arguments: str) -> CommandResult:
    """Run a command, with the configuration file of the host if there is one."""
    file = [] if config is None or config.source is None else ["--config", config.source]
    return await asyncio.to_thread(_run, [sys.executable, "-P", "-m", "agenthost", *arguments, *file])


def _run(command: list[str]) -> CommandResult:
    try:
        done = subprocess.run(  # noqa: S603 - our own
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_WITHIN, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return CommandResult(None, "", f"{' '.join(command[3:])} did not end within {_WITHIN:g} s")
    return CommandResult(done.returncode, done.stdout, done.stderr)
