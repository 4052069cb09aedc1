"""The ``agenthost`` command: the only place that imports click.

A file per command; each is imported when it is used, so that ``--help`` and lists stay quick. Commands of installed
packages are looked for when none of these is meant.
"""

from __future__ import annotations

import atexit
import errno
import io
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from agenthost._cli.output import let_go
from agenthost._host.runtime import gc_freeze as garbage
from agenthost._version import __version__
from agenthost.errors import AddressError, AgentHostError, ConfigurationError, ExitCode, PlanError

__all__ = ["main"]

COMMANDS = {
    "agents": "List the installed agents.",
    "ask": "Ask an agent something in text.",
    "chat": "Talk to an agent in text.",
    "check": "Do all that run does before it serves, and report.",
    "doctor": "Look for what will trouble a host in production.",
    "export": "Write files for systemd or Kubernetes.",
    "hooks": "List the hooks, and which plugins implement them.",
    "plugins": "List the plugins.",
    "reload": "Have a running host read its configuration and packages again.",
    "routes": "List the routes and who answers them.",
    "run": "Serve every installed agent.",
    "sip": "Say who answers a SIP address, and list what decides so.",
    "stats": "Say how agents do in text.",
    "swml": "Print an agent's document.",
    "tool": "Run a tool as the platform would.",
}
_CODES = (
    (AddressError, ExitCode.USAGE),
    (ConfigurationError, ExitCode.CONFIGURATION),
    (PlanError, ExitCode.PLUGIN),
    (AgentHostError, ExitCode.INTERNAL),
)


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""A full disk, and the like."""


class _Commands(click.Group):
    """Commands by name, imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            from agenthost._cli.installed import installed_command

            return installed_command(cmd_name)
        command: click.Command = import_module(f"agenthost._cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Commands,
    epilog="First steps: pip install an agent package, then agenthost run. Each command explains itself with --help.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="agenthost", message="%(prog)s %(version)s")
def cli() -> None:
    """Serve voice and chat agents that are installed as Python packages."""


def main() -> None:
    """Run the command line; an error that a user can fix is one sentence and an exit code."""
    atexit.register(garbage.keep)  # the end of the process looks for garbage in what goes with it
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal can show every package's words
    try:
        try:
            cli(prog_name="agenthost")
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except AgentHostError as error:
        _fail(f"agenthost: {error}", next(code for kind, code in _CODES if isinstance(error, kind)))
    except Exception as error:  # noqa: BLE001 - the last door
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            what = error.filename or "the output"
            _fail(
                f"agenthost: {what} cannot be written: {error.strerror}. fix: make room, or write elsewhere",
                ExitCode.USAGE,
            )
        lines = "".join(traceback.format_exception(error))
        mistake = "agenthost: this is a mistake of agenthost itself; please report the lines above."
        _fail(lines + mistake, ExitCode.INTERNAL)


def _fail(words: str, code: ExitCode) -> NoReturn:
    with suppress(OSError):  # where nothing can be said, the exit code has to do
        click.echo(words, err=True)
    let_go(sys.stdout)
    let_go(sys.stderr)
    sys.exit(code)
