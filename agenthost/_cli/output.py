"""What commands print."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["leave_log_out", "let_go", "print_json", "print_warnings"]


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


def let_go(stream: TextIO | None) -> None:
    """Forget what a stream cannot write, on which Python's own flush at exit would fail once more."""
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
