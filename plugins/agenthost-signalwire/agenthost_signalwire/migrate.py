"""``agenthost migrate``."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click
import libcst

from agenthost import ExitCode
from agenthost_signalwire.imports import migrated

__all__ = ["command"]


@click.command("migrate")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--write", is_flag=True, help="Change the files. Otherwise, the differences are only printed.")
def command(path: Path, *, write: bool) -> None:
    """Change imports of SignalWire's SDK to those of agenthost.

    PATH is a file or a folder.

    The differences are printed, and each line that needs work by hand. Exit code 1: there is such a line.
    """
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    remarks = 0
    for file in files:
        text = file.read_text(encoding="utf-8")
        try:
            done = migrated(text)
        except libcst.ParserSyntaxError as error:
            click.echo(f"{file}:{error.raw_line}: it is not Python: {error.message}", err=True)
            remarks += 1
            continue
        lines = difflib.unified_diff(
            text.splitlines(keepends=True), done.text.splitlines(keepends=True), str(file), str(file), n=1
        )
        click.echo("".join(lines), nl=False)
        for line, remark in done.remarks:
            click.echo(f"{file}:{line}: {remark}", err=True)
        remarks += len(done.remarks)
        if write and done.text != text:
            file.write_text(done.text, encoding="utf-8")
    sys.exit(ExitCode.FINDINGS if remarks else ExitCode.OK)
