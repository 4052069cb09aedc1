"""What commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["print_json", "print_warnings"]


def print_json(value: Any) -> None:
    """Print ``value`` for programs."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_warnings(warnings: Iterable[str]) -> None:
    """Print ``warnings``, each a sentence, beside the output of the command."""
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
