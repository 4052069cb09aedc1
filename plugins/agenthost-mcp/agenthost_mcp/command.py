"""``agenthost mcp``."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("mcp")
@click.option("--config", "file", metavar="FILE", help="The configuration file.  [default: as in agenthost run]")
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the host.  [default: the configured one]")
@click.option("--project", metavar="FOLDER", default=".", show_default=True, help="The project that is worked on.")
@click.option("--act", is_flag=True, help="Offer reload and state, too, which change a running host.")
def command(file: str | None, port: int | None, project: str, act: bool) -> None:  # noqa: FBT001 - click's signature
    """Offer a coding agent its project, and the running host, by MCP.

    The server uses standard input and output. It offers the project, whether it is installed or not, and all
    installed packages. Each answer comes from a new process, which loads the code as it is now. A host is reached
    by its control socket.
    """
    from agenthost_mcp.coding import serve  # noqa: PLC0415 - the SDK takes a second, which --help does not need
    from agenthost_mcp.commands import Commands  # noqa: PLC0415 - as above

    folder = Path(project)
    if not folder.is_dir():
        raise click.UsageError(f"--project {project}: there is no such folder.")
    serve(Commands(folder.resolve(), file, port), act=act)
