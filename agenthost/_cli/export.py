"""``agenthost export``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenthost._cli.parts.options import config_file, configuration
from agenthost._cli.parts.output import echo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.operations.deployment import Deployment

__all__ = ["command"]


@click.group("export")
def command() -> None:
    """Write the files that systemd or Kubernetes needs to run this host.

    Probes, times, limits and ports follow the configuration. Secrets are referenced, never copied. Exit codes: 0 the
    files are written, 2 a file already exists, 3 the configuration is wrong.
    """


def _into(function: Callable[..., None]) -> Callable[..., None]:
    """Add ``--output DIR`` and ``--force`` to a command."""
    force = click.option("--force", is_flag=True, help="Overwrite existing files.")
    output = click.option(
        "--output",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Write the files to this directory, not to stdout.",
    )
    return output(force(function))


@command.command("systemd")
@config_file
@_into
def systemd(file: str | None, output: Path | None, force: bool) -> None:
    """Write a unit for systemd, and the user that it runs as."""
    from agenthost._host.operations.systemd import systemd_files

    _give(systemd_files(_deployment(file)), output, force=force)


@command.command("kubernetes")
@config_file
@click.option(
    "--image",
    default="registry.example.com/agents:1.0",
    show_default=True,
    help="The container image with agenthost and the agent packages.",
)
@_into
def kubernetes(file: str | None, image: str, output: Path | None, force: bool) -> None:
    """Write a manifest for Kubernetes: deployment, service, disruption budget."""
    from agenthost._host.operations.kubernetes import kubernetes_files

    _give(kubernetes_files(_deployment(file), image), output, force=force)


@command.command("sbom")
@_into
def sbom(output: Path | None, force: bool) -> None:
    """Write the bill of materials of this environment, in the form of CycloneDX.

    It lists agenthost, the packages that offer it agents, plugins, skills or commands, and all that these require.
    """
    from datetime import UTC, datetime

    from agenthost._host.operations.hosted import hosted_distributions
    from agenthost._host.operations.sbom import sbom_files

    stated = os.environ.get("SOURCE_DATE_EPOCH", "")  # reproducible-builds.org/specs
    now = datetime.fromtimestamp(int(stated), UTC) if stated.isdecimal() else datetime.now(UTC)
    _give(sbom_files(hosted_distributions(), now), output, force=force)


def _deployment(file: str | None) -> Deployment:
    from agenthost._discovery import AGENTS, discover
    from agenthost._host.operations.deployment import Deployment

    return Deployment.of(configuration(file), os.environ, len(discover((AGENTS,))))


def _give(files: Mapping[str, str], directory: Path | None, *, force: bool) -> None:
    if directory is None:
        for name, text in files.items():
            echo(f"# {name}\n{text}" if len(files) > 1 else text, nl=False)
        return
    paths = {directory / name: text for name, text in files.items()}
    if (there := [str(path) for path in paths if path.exists()]) and not force:
        raise click.UsageError(f"{', '.join(there)}: already exists. fix: choose another --output, or add --force.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            path.write_text(text, encoding="utf-8")
            echo(str(path))
    except OSError as error:
        raise click.UsageError(
            f"{directory}: cannot be written ({error.strerror}). fix: choose another --output."
        ) from error
