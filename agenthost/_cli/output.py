"""The output of commands: JSON and warnings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["leave_log_out", "let_go", "print_json", "print_warnings"]


def leave_log_out() -> None:
    """Silence the log of a command that has not set it up.

    The command prints the same facts itself.
    """
    import logging

    logging.getLogger("agenthost").addHandler(logging.NullHandler())


def print_json(value: Any) -> None:
    """Print ``value`` as JSON."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_warnings(warnings: Iterable[str]) -> None:
    """Print each warning as a line on standard error."""
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)


def let_go(stream: TextIO | None) -> None:
    """Discard the unwritable output of a stream.

    Otherwise, Python's own flush at exit would fail again.
    """
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
