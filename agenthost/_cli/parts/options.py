"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agenthost._cli.parts.output import keep_output
from agenthost._host.config.load import load_config

if TYPE_CHECKING:
    from agenthost._host.authoring.sources import Source
    from agenthost._host.config.schema import Config

__all__ = [
    "as_json",
    "at_host",
    "config_file",
    "configuration",
    "control_socket",
    "from_here",
    "in_conversation",
    "json_object",
    "load_too",
    "pairs",
    "program_of",
    "query_parameters",
    "source_of",
    "sourced",
]

F = TypeVar("F", bound=Callable[..., Any])

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_PROGRAM = rf"{_DOTTED}(?<!\.py):{_DOTTED}"
"""``module:name``, and not ``file.py:Name``."""


def config_file(function: F) -> F:
    """Add ``--config FILE`` to a command."""
    return click.option(
        "--config",
        "file",
        metavar="FILE",
        help="The configuration file. [default: AGENTHOST_CONFIG, else ./agenthost.toml if it exists]",
    )(function)


def as_json(function: F) -> F:
    """Add ``--json`` to a command, which then keeps standard output for it."""
    return click.option("--json", "as_json", is_flag=True, callback=_json_alone, help="Print JSON.")(function)


def _json_alone(context: click.Context, _: click.Parameter, value: bool) -> bool:
    if value and not context.resilient_parsing:
        keep_output(context)
    return value


def load_too(function: F) -> F:
    """Add ``--load`` to a command."""
    return click.option(
        "--load", is_flag=True, help="Import the packages and build the agents, to show what they declare in code."
    )(function)


def query_parameters(function: F) -> F:
    """Add ``--query NAME=VALUE``, a repeatable option, to a command."""
    return click.option(
        "--query",
        metavar="NAME=VALUE",
        multiple=True,
        help="A query parameter of the document's request, for an agent that is configured per call; repeatable.",
    )(function)


def in_conversation(function: F) -> F:
    """Add ``--conversation ID`` and ``--context JSON`` to a command."""
    conversation = click.option(
        "--conversation", metavar="ID", help="Continue this conversation.  [default: a new one]"
    )
    context = click.option("--context", metavar="JSON", help='Context of the message, such as \'{"customer": "Ann"}\'.')
    return conversation(context(function))


def pairs(given: Iterable[str], option: str = "--query") -> dict[str, str]:
    """Parse the values of a repeatable option such as ``--query NAME=VALUE``.

    Raises:
        click.UsageError: a value is not of the form ``NAME=VALUE``.
    """
    named = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not name or not equals:
            msg = f"{option} {word}: write it as {option} name=value."
            raise click.UsageError(msg)
        named[name] = value
    return named


def json_object(option: str, text: str | None) -> dict[str, Any]:
    """Parse the JSON object of an option, empty if the option is left out.

    Raises:
        click.UsageError: the value is not a JSON object.
    """
    import json

    try:
        value = json.loads(text or "{}")
    except ValueError as error:
        msg = f"{option} is not JSON: {error}"
        raise click.UsageError(msg) from error
    if not isinstance(value, dict):
        msg = f"{option} must be a JSON object."
        raise click.UsageError(msg)
    return value


def at_host(function: F) -> F:
    """Add ``--port`` and ``--uds``, by which a command finds a host on this machine."""
    port = click.option(
        "--port", type=click.IntRange(1, 65535), help="The port of the host.  [default: the configured one]"
    )
    uds = click.option("--uds", metavar="PATH", help="The Unix socket of the host.  [default: the configured one]")
    return port(uds(function))


def control_socket(config: Config, port: int | None) -> str:
    """Return the control socket of a host that ``at_host`` names.

    ``config`` has been read with its options.
    """
    from agenthost._host.operations.control_socket import socket_path

    return socket_path(config, port)


def configuration(file: str | None, **overrides: object) -> Config:
    """Read the configuration.

    Raises:
        ConfigurationError: a value is missing or wrong.
    """
    import os

    return load_config(file, os.environ, overrides)


@contextmanager
def sourced(target: str | None) -> Iterator[str | None]:
    """Let a file or a project be found as if it was installed.

    The value is the name of its distribution, or None without a target.

    Raises:
        click.UsageError: there is nothing that can be served.
    """
    if target is None:
        yield None
        return
    from agenthost._host.authoring.overlay import overlaid

    source = source_of(target)
    with overlaid(source):
        yield re.sub(r"[-_.]+", "-", source.name).lower()


def program_of(target: str | None) -> str | None:
    """Return ``module:name`` if a target names an object of a module, and no installed agent.

    Raises:
        click.UsageError: there is no such module.
    """
    if target is None or not re.fullmatch(_PROGRAM, target):
        return None
    from importlib.util import find_spec

    from agenthost._discovery import AGENTS, discover

    if any(target == f"{each.distribution}:{each.name}" for each in discover((AGENTS,))):
        return None
    module = target.partition(":")[0]
    with from_here():
        if find_spec(module.partition(".")[0]) is None:
            msg = f"{target}: there is no module {module!r} here. fix: change to its folder, or install it"
            raise click.UsageError(msg)
    return target


@contextmanager
def from_here() -> Iterator[None]:
    """Import modules of the current directory, also in processes that this one starts."""
    import sys
    from pathlib import Path

    before = sys.path[:]
    sys.path.insert(0, str(Path.cwd()))
    try:
        yield
    finally:
        sys.path[:] = before


def source_of(target: str | None) -> Source:
    """Return the file, the project or the installed package that a command is to serve.

    Raises:
        click.UsageError: there is nothing that can be served.
    """
    from agenthost._host.authoring.sources import read_source

    try:
        return read_source(target)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from error
