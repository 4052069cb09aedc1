"""The output of commands: everything that they print goes through ``echo``, which escapes it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from agenthost._escaping import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["echo", "keep_output", "leave_log_out", "let_go", "print_json", "print_warnings", "show_progress"]


_KEPT = "agenthost.output"
"""The standard output of a command that keeps it, among the data of click's context."""


def echo(text: str = "", *, err: bool = False, nl: bool = True, dim: bool = False) -> None:
    """Print a text: names and words of packages, callers and models cannot move the cursor."""
    shown = escaped(text, keep="\n\t")
    file = None if err else _kept_output()
    click.echo(click.style(shown, dim=True) if dim else shown, file=file, err=err, nl=nl)


def show_progress(text: str) -> None:
    """Replace the last line of a terminal by a text."""
    click.echo(f"\r{escaped(text)}\033[K", err=True, nl=False)


def keep_output(context: click.Context) -> None:
    """Keep standard output for ``echo``: what packages print goes to standard error."""
    kept, context.meta[_KEPT] = sys.stdout, sys.stdout
    sys.stdout = sys.stderr

    def give_back() -> None:
        sys.stdout = kept

    context.call_on_close(give_back)


def _kept_output() -> TextIO | None:
    context = click.get_current_context(silent=True)
    kept: TextIO | None = None if context is None else context.meta.get(_KEPT)
    return kept


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
