"""What commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["leave_log_out", "print_json", "print_warnings"]


def leave_log_out() -> None:
    """Print nothing of the log, where no command has set it up: what is printed says the same."""
    import logging

    logging.getLogger("agenthost").addHandler(logging.NullHandler())


def print_json(value: Any) -> None:
    """Print ``value`` for programs."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_warnings(warnings: Iterable[str]) -> None:
    """Print ``warnings``, each a sentence, beside the output of the command."""
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
