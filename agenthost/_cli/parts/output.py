"""The output of commands: everything that they print goes through ``echo``, which escapes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TextIO

import click

from agenthost._escaping import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["echo", "leave_log_out", "let_go", "print_json", "print_warnings"]


def echo(text: str = "", *, err: bool = False, nl: bool = True, dim: bool = False) -> None:
    """Print a text: names and words of packages, callers and models cannot move the cursor."""
    shown = escaped(text, keep="\n\t")
    click.echo(click.style(shown, dim=True) if dim else shown, err=err, nl=nl)


def leave_log_out() -> None:
    """Silence the log of a command that has not set it up.

    The command prints the same facts itself.
    """
    import logging

    logging.getLogger("agenthost").addHandler(logging.NullHandler())


def print_json(value: Any) -> None:
    """Print ``value`` as JSON."""
    import json

    echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_warnings(warnings: Iterable[str]) -> None:
    """Print each warning as a line on standard error."""
    for warning in warnings:
        echo(f"warning: {escaped(warning)}", err=True)


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
