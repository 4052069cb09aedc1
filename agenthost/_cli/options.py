"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from agenthost._host.config import Config, load_config

__all__ = ["as_json", "config_file", "configuration", "load_too"]

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


def configuration(file: str | None, **overrides: object) -> Config:
    """Read the configuration.

    Raises:
        ConfigurationError: something in it cannot be used.
    """
    import os

    return load_config(file, os.environ, overrides)
