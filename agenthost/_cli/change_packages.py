"""Changes of packages: the installer's command, the difference, then the lock file and a reload."""

from __future__ import annotations

import importlib
import shlex
import subprocess
import sys
from functools import partial
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import frozen

from agenthost._cli.diff import show_changes
from agenthost._cli.parts.options import config_file, configuration
from agenthost._cli.parts.output import echo, leave_log_out, print_warnings
from agenthost._cli.reload import RELOAD_SECONDS, reload_report
from agenthost._host.config.schema import FILE
from agenthost._host.generations.changes import changes, dependency_changes
from agenthost._host.generations.lock import put_back, read_lock, write_lock
from agenthost._host.installer.commands import Pip, name_of
from agenthost._host.installer.environment import installer
from agenthost._host.installer.way_back import way_back
from agenthost._host.operations.control_socket import ask_host, is_served, socket_path
from agenthost.errors import AddressError, AgentHostError, ExitCode, PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.locked import Lock
    from agenthost._host.installer.commands import Command, Installer
    from agenthost._host.packages.diagnosis import Diagnosis

__all__ = ["change_packages", "changing_packages"]

F = TypeVar("F", bound="Callable[..., Any]")


def changing_packages(function: F) -> F:
    """Add the argument ``PACKAGE...`` and the options of a command that changes packages."""
    packages = click.argument("packages", metavar="PACKAGE...", nargs=-1, required=True, callback=_no_options)
    yes = click.option("--yes", is_flag=True, help="Lock and reload without a question.")
    port = click.option(
        "--port", type=click.IntRange(1, 65535), help="The port of the host.  [default: the configured one]"
    )
    return config_file(packages(port(yes(function))))


def _no_options(_context: click.Context, _parameter: click.Parameter, packages: tuple[str, ...]) -> tuple[str, ...]:
    """Reject options of the installer."""
    if option := next((each for each in packages if each.startswith("-")), None):
        msg = f"{option} is not a package. fix: set the installer's variable for it, such as PIP_INDEX_URL"
        raise click.BadParameter(msg)
    return packages


def change_packages(
    file: str | None, port: int | None, command_of: Callable[[Installer], Command], *, yes: bool
) -> None:
    """Change packages by the environment's installer, then lock and reload what a person accepts.

    ``command_of`` gives the installer's command. Ends the process with an exit code if something is left to do.

    Raises:
        PlanError: the installer fails, or the host refuses the reload.
    """
    config = configuration(file, port=port)
    leave_log_out()
    change = _Change.begin(config)
    command = command_of(change.installer)
    echo(f"$ {command}")
    _run(change.installer, command)
    importlib.invalidate_caches()
    if (own := _installed()["agenthost"]) != change.there["agenthost"]:
        echo(f"agenthost itself is now {own}. fix: agenthost diff shows the rest; then restart the host", err=True)
        sys.exit(ExitCode.FINDINGS)
    after, failed = _described(config)
    print_warnings(failed)
    packages, dependencies = changes(change.before, after), dependency_changes(change.before, after)
    show_changes(packages, dependencies)
    if not packages and not dependencies:
        echo("Nothing has changed.")
        return
    back = change.way_back(after)
    if not change.steps:
        echo("No host serves this configuration on this machine. agenthost run serves what is installed.")
    elif yes or _agreed(change, back):
        _take(change, after, back)


@frozen
class _Change:
    """The state before a change."""

    config: Config
    locked: Lock | None
    before: Lock
    there: Mapping[str, str]
    """The version of each installed distribution."""
    serving: bool
    installer: Installer

    @classmethod
    def begin(cls, config: Config) -> _Change:
        locked = read_lock(config)
        before = locked or _described(config)[0]
        return cls(config, locked, before, _installed(), is_served(socket_path(config)), installer())

    @property
    def steps(self) -> tuple[str, ...]:
        """The commands that make the change count."""
        file, overrides = self.config.asked
        own = f" --config {shlex.quote(file)}" if file and file != str(Path(FILE).absolute()) else ""
        port = f" --port {overrides['port']}" if overrides.get("port") else ""
        lock = (f"agenthost lock{own}",) if self.locked is not None else ()
        return (*lock, f"agenthost reload{own}{port}") if self.serving else lock

    def way_back(self, after: Lock) -> tuple[str, ...]:
        """Return the commands that lead back to the versions before."""
        wanted = self.before.versions
        now = {name: each for name, each in _installed().items() if name in wanted or name not in self.there}
        edited = [
            name
            for name, each in after.distributions.items()
            if name in self.before.distributions and not {*each.hashes} <= {*self.before.distributions[name].hashes}
        ]
        return tuple(map(str, way_back(self.installer, wanted, now, edited)))


def _installed() -> dict[str, str]:
    return {name_of(each.name): each.version for each in distributions() if each.name}


def _described(config: Config) -> tuple[Lock, tuple[str, ...]]:
    """Return what is installed, and sentences about agents that fail, without importing a package here."""
    from agenthost._host.operations.child_process import result_of

    return result_of(config.host.state_dir, partial(_loaded, config))


def _loaded(config: Config, deadly: Mapping[str, Diagnosis]) -> tuple[Lock, tuple[str, ...]]:
    from agenthost._host.operations.locking import installed_lock

    lock, plan = installed_lock(config, deadly)
    failing = (
        f"{item.key}: {item.diagnosis.reason}. fix: {item.diagnosis.remedy}" for item in plan.failed if item.diagnosis
    )
    return lock, tuple(failing)


def _run(used: Installer, command: Command) -> None:
    """Run the installer.

    Raises:
        PlanError: it is not there, or it fails.
    """
    if isinstance(used, Pip) and find_spec("pip") is None:
        raise PlanError(f"there is no pip in this environment. fix: {used.python} -m ensurepip")
    sys.stdout.flush()
    try:
        code = subprocess.run(command.words, stdin=subprocess.DEVNULL, check=False).returncode  # noqa: S603 - as printed
    except OSError as error:
        raise PlanError(f"{command.words[0]}: {error.strerror}. fix: install {used.name}, or add it to PATH") from error
    if code:
        raise PlanError(
            f"{used.name} ended with exit code {code}: nothing was locked or reloaded. fix: see its message"
        )


def _agreed(change: _Change, back: tuple[str, ...]) -> bool:
    """Return the answer of a person, or end the process where none can be asked."""
    steps = " && ".join(change.steps)
    if sys.stdin is None or not sys.stdin.isatty():
        echo(f"agenthost: this was installed, and needs a yes. fix: {steps}, or --yes the next time", err=True)
        sys.exit(ExitCode.FINDINGS)
    if click.confirm(f"Continue with {steps}?"):
        return True
    for line in back:
        echo(f"  the way back:  {line}")
    sys.exit(ExitCode.FINDINGS)


def _take(change: _Change, after: Lock, back: tuple[str, ...]) -> None:
    """Write the lock file, and reload the host.

    Raises:
        PlanError: the host refuses; the lock file is then as before.
    """
    config, before = change.config, ""
    if change.locked is not None:
        before = Path(after.place).read_text(encoding="utf-8")
        write_lock(after)
        echo(f"{after.place}: written")
    if not change.serving:
        return
    try:
        request = {"command": "reload", "agent": None}
        told = ask_host(socket_path(config), request, RELOAD_SECONDS, lambda words: echo(words, err=True))
    except AddressError:
        raise
    except AgentHostError as error:
        if change.locked is not None:
            put_back(after.place, before)
        kept = "The host serves as before" + (", and the lock file is as it was." if change.locked else ".")
        raise type(error)("\n".join([f"reload refused: {error}", kept, *(f"fix: {line}" for line in back)])) from error
    echo(reload_report(told))
    if told["restart"]:
        sys.exit(ExitCode.FINDINGS)
