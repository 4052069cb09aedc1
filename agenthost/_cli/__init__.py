"""The ``agenthost`` command, the only place that imports click.

Each command has a file, imported when it is used, so that ``--help`` and lists stay quick. A name that is not in
``COMMANDS`` is looked up among the commands of installed packages.
"""

from __future__ import annotations

import errno
import gc
import io
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from agenthost._cli.parts.output import echo, let_go
from agenthost._error_words import did_you_mean
from agenthost._escaping import escaped
from agenthost._version import __version__
from agenthost.errors import AddressError, AgentHostError, ConfigurationError, ExitCode, PlanError

__all__ = ["fail", "main"]

COMMANDS = {
    "agents": "List the installed agents.",
    "ask": "Send an agent one message in text.",
    "calls": "List the recorded calls, or show one.",
    "capacity": "Measure what a worker carries, and say how many a target needs.",
    "chat": "Talk to an agent in text.",
    "check": "Load everything as run does, without serving, and report.",
    "dev": "Serve a file or a project, and serve it anew after each change.",
    "diff": "Compare what is installed with agenthost.lock.",
    "docs": "Print the documentation: a page, or what it says about a name.",
    "doctor": "Find what will cause trouble in production.",
    "export": "Write files for systemd, Kubernetes or a container image.",
    "hooks": "List the hooks and the plugins that implement them.",
    "install": "Install packages, and serve them.",
    "keys": "List the keys, without their values.",
    "lock": "Write agenthost.lock: the installed packages as they are now.",
    "logs": "Show the recent log of a running host.",
    "new": "Create a package of your own.",
    "owners": "List the owners of short keys, routes and SIP aliases.",
    "plugins": "List the plugins.",
    "reload": "Make a running host reread its configuration and packages.",
    "replay": "Play a recorded call again, and show the difference.",
    "route": "Explain where a router sends a message, or tune its thresholds.",
    "routes": "List the routes and the agents behind them.",
    "run": "Serve every installed agent.",
    "simulate": "Call an agent, with the platform's part simulated.",
    "sip": "Resolve a SIP address, or list the rules that decide.",
    "state": "Show the state of an agent, or change one key of it.",
    "stats": "Print usage figures of agents in text.",
    "status": "Show what a running host serves, and its problems.",
    "swml": "Print an agent's document.",
    "test": "Run scenarios: scripted calls with expectations.",
    "tool": "Call a tool as the platform would.",
    "uninstall": "Uninstall packages, and serve the rest.",
    "upgrade": "Upgrade packages, and serve them.",
}
_WITHOUT_COLLECTIONS = frozenset({"agents", "hooks", "owners", "plugins", "routes", "run"})
"""Commands that have printed before a garbage collection would pay, and the one that begins them itself."""
_OF_PROJECTS = frozenset(
    {
        *("agents", "ask", "chat", "hooks", "plugins", "replay", "route", "routes"),
        *("simulate", "sip", "swml", "test", "tool"),
    }
)
"""Commands that can use a project that is not installed."""
_WITH_TARGET = frozenset({"check", "dev", "run"})
"""Commands that take a project as an argument."""
_OF_PLUGINS = {"mcp": "agenthost-mcp", "ray": "agenthost-ray"}
"""The packages that add commands."""
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
        if cmd_name not in _WITHOUT_COLLECTIONS:
            gc.enable()
        if cmd_name not in COMMANDS:
            from agenthost._cli.parts.installed import installed_command

            return installed_command(cmd_name)
        command: click.Command = import_module(f"agenthost._cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name.startswith("-"):
            return super().resolve_command(ctx, args)
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            raise click.UsageError(_no_such_command(name), ctx)
        return name, command, args[1:]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:  # which click prints itself
            words = error.message + (_candidates(error) if isinstance(error, click.MissingParameter) else "")
            error.message = escaped(words, keep="\n")  # type: ignore[misc]
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _candidates(error: click.MissingParameter) -> str:
    """Return a sentence with the agents that a missing argument may name."""
    from agenthost._cli.parts.completions import installed_agents

    if error.param is None or not (error.param.metavar or str(error.param.name).upper()).startswith("AGENT"):
        return ""
    return f"Installed: {', '.join(installed_agents()) or 'none'}."


def _no_such_command(name: str) -> str:
    from agenthost._cli.parts.installed import installed_names
    from agenthost._host.installer.environment import installer

    near = did_you_mean(name, [*COMMANDS, *installed_names()])
    package = _OF_PLUGINS.get(name)
    advice = f"fix: {installer().install(package)}" if package else f"{near}agenthost --help lists them."
    return f"No such command {name!r}. {advice}"


@click.command(
    cls=_Commands,
    epilog="First steps: pip install an agent package, then agenthost run. Every command has its own --help.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--project", metavar="FOLDER", help="Find the project in FOLDER as if it was installed.")
@click.version_option(__version__, prog_name="agenthost", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, project: str | None) -> None:
    """Serve voice and chat agents that are installed as Python packages."""
    if project is None:
        return
    if (command := str(context.invoked_subcommand)) not in _OF_PROJECTS:
        target = f" fix: agenthost {command} {project}" if command in _WITH_TARGET else ""
        raise click.UsageError(f"--project has no effect on agenthost {command}.{target}")
    from agenthost._cli.parts.options import sourced

    context.with_resource(sourced(project))


def main(reader: object = None) -> None:
    """Run the command line.

    An error that a user can fix is printed as one sentence, with an exit code of its own. ``reader`` is what ``run``
    hands over to, see ``agenthost._web.supervisor.reading``; None if this process is to serve.
    """
    gc.disable()  # which takes a tenth of a list
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may lack characters that a package uses
    try:
        try:
            cli(prog_name="agenthost", obj=reader)
        finally:
            gc.freeze()  # without this, the interpreter collects garbage once more on exit
            gc.enable()
            if sys.stdout is not None:
                sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - the last resort
        fail(error)


def fail(error: Exception) -> NoReturn:
    """Print an error, and end with its exit code."""
    if isinstance(error, AgentHostError):
        _fail(f"agenthost: {error}", next(code for kind, code in _CODES if isinstance(error, kind)))
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        what = error.filename or "the output"
        _fail(
            f"agenthost: {what} cannot be written: {error.strerror}. fix: make room, or write elsewhere",
            ExitCode.USAGE,
        )
    import traceback

    lines = "".join(traceback.format_exception(error))
    mistake = "agenthost: internal error. Please report it with the lines above."
    _fail(lines + mistake, ExitCode.INTERNAL)


def _fail(words: str, code: ExitCode) -> NoReturn:
    with suppress(OSError):  # if nothing can be printed, the exit code has to do
        echo(words, err=True)
    let_go(sys.stdout)
    let_go(sys.stderr)
    sys.exit(code)
