"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agenthost._host.config.load import load_config

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = [
    "as_json",
    "config_file",
    "configuration",
    "in_conversation",
    "json_object",
    "load_too",
    "pairs",
    "query_parameters",
]

F = TypeVar("F", bound=Callable[..., Any])


def config_file(function: F) -> F:
    """``--config FILE``."""
    return click.option(
        "--config",
        "file",
        metavar="FILE",
        help="The configuration file. [default: AGENTHOST_CONFIG, else ./agenthost.toml where there is one]",
    )(function)


def as_json(function: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(function)


def load_too(function: F) -> F:
    """``--load``."""
    return click.option(
        "--load", is_flag=True, help="Import and build the packages too, which shows what only they know."
    )(function)


def query_parameters(function: F) -> F:
    """``--query NAME=VALUE``, several times."""
    return click.option(
        "--query",
        metavar="NAME=VALUE",
        multiple=True,
        help="A query parameter of the document's request, for an agent that is configured for each call; repeatable.",
    )(function)


def in_conversation(function: F) -> F:
    """``--conversation ID`` and ``--context JSON``."""
    conversation = click.option(
        "--conversation", metavar="ID", help="Go on with this conversation.  [default: a new one]"
    )
    context = click.option(
        "--context", metavar="JSON", help='What is known beside the words, such as \'{"customer": "Ann"}\'.'
    )
    return conversation(context(function))


def pairs(given: Iterable[str], option: str = "--query") -> dict[str, str]:
    """What an option of the form ``--query NAME=VALUE`` says.

    Raises:
        click.UsageError: one of them is no pair.
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
    """The JSON object that an option holds; an empty one when it is left out.

    Raises:
        click.UsageError: it is something else.
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


def configuration(file: str | None, **overrides: object) -> Config:
    """Read the configuration.

    Raises:
        ConfigurationError: something in it cannot be used.
    """
    import os

    return load_config(file, os.environ, overrides)
