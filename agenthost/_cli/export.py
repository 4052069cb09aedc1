"""``agenthost export``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenthost._cli.parts.options import config_file, configuration
from agenthost._cli.parts.output import echo
from agenthost._host.generations.lock import lock_path
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.operations.exports.deployment import Deployment
    from agenthost._host.operations.exports.per_agent import PlacedAgent

__all__ = ["command"]


@click.group("export")
def command() -> None:
    """Write the files that systemd, Kubernetes or a container engine needs to run this host.

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
    from agenthost._host.operations.exports.systemd import systemd_files

    _give(systemd_files(_deployment(file)), output, force=force)


@command.command("kubernetes")
@config_file
@click.option(
    "--image",
    default="registry.example.com/agents:1.0",
    show_default=True,
    help="The container image with agenthost and the agent packages.",
)
@click.option(
    "--per-agent",
    is_flag=True,
    help="Write a deployment, a service, an autoscaler and a network policy for each agent, and an ingress.",
)
@click.option(
    "--group",
    "groups",
    metavar="NAME=AGENT,…",
    multiple=True,
    help="With --per-agent, one deployment for these agents, or those that match patterns; repeatable.",
)
@click.option("--keda", is_flag=True, help="With --per-agent, write ScaledObjects of KEDA in place of autoscalers.")
@click.option(
    "--prometheus",
    metavar="URL",
    help="With --keda, scale on running and waiting calls too, as this Prometheus knows them.",
)
@click.option(
    "--gateway",
    metavar="[NAMESPACE/]NAME",
    help="With --per-agent, write routes of this Gateway (Gateway API) in place of an ingress.",
)
@_into
def kubernetes(
    file: str | None,
    image: str,
    per_agent: bool,
    groups: tuple[str, ...],
    keda: bool,
    prometheus: str | None,
    gateway: str | None,
    output: Path | None,
    force: bool,
) -> None:
    """Write a manifest for Kubernetes: deployment, service, disruption budget."""
    from agenthost._host.operations.exports.kubernetes import kubernetes_files
    from agenthost._host.operations.exports.per_agent import Keda, per_agent_files

    if (keda or gateway or groups) and not per_agent:
        raise click.UsageError("--group, --keda and --gateway are for agents. fix: add --per-agent.")
    if prometheus is not None and not keda:
        raise click.UsageError("--prometheus is for KEDA. fix: add --keda.")
    whole = _deployment(file)
    if keda and not whole.shared_store:
        raise click.UsageError("--keda: replicas need a store that they share. fix: set [state] url to one.")
    if not per_agent:
        _give(kubernetes_files(whole, image), output, force=force)
        return
    path = Path(lock_path(whole.config))
    lock = path.read_text("utf-8") if path.is_file() else None
    scaling = Keda(prometheus) if keda else None
    placed = _placed(file, whole.config, groups)
    _give(per_agent_files(whole, image, placed, lock, scaling, gateway), output, force=force)


@command.command("image")
@config_file
@click.option("--image", default="agents:latest", show_default=True, help="The name of the image.")
@click.option("--base", metavar="IMAGE", help="The image of Python.  [default: python:3.N-slim, as this Python]")
@_into
def image(file: str | None, image: str, base: str | None, output: Path | None, force: bool) -> None:
    """Write a Containerfile with the locked packages, and a Compose file with Redis."""
    import sys

    from agenthost._host.generations.lock import read_lock
    from agenthost._host.operations.exports.image import image_files

    whole = _deployment(file)
    lock = read_lock(whole.config)
    if lock is None:
        raise ConfigurationError(f"{lock_path(whole.config)} does not exist. fix: agenthost lock writes it")
    python = base or f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    _give(image_files(whole, lock, image, python), output, force=force)


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


def _placed(file: str | None, config: Config, groups: Sequence[str]) -> list[PlacedAgent]:
    """Return the agents, workflows and groups with own deployments, the longest routes first.

    Raises:
        ConfigurationError: the route of an agent is not known, or two deployments have one name.
        UsageError: a group matches nothing, or an agent is in two.
    """
    from agenthost._host.operations.exports.deployment import Deployment
    from agenthost._host.operations.exports.per_agent import PlacedAgent

    served = _served(config)
    placed = []
    for name, keys in _grouped([*served], groups).items():
        only = tuple(dict.fromkeys(member for key in keys for member in served[key][1]))
        routes = {key: served[key][0] for key in keys}
        placed.append(PlacedAgent(name, routes, Deployment.of(configuration(file, agents=only), os.environ, 1), only))
    by_label = {each.label: each.key for each in placed}
    for each in placed:
        if (other := by_label[each.label]) != each.key:
            raise ConfigurationError(f"agents {each.key!r} and {other!r} have one name on Kubernetes. fix: rename one")
    return sorted(placed, key=lambda each: min((-len(route), route) for route in each.routes.values()))


def _served(config: Config) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the route of each agent and workflow, and the agents it needs."""
    from agenthost._discovery import AGENTS, discover
    from agenthost._host.generations.lock import known_owners, read_lock
    from agenthost._host.packages.selection import select

    lock = read_lock(config)
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for item in select(config, discover((AGENTS,)), known_owners(config, lock)).wanted:
        locked = item.locked_in(lock)
        route = item.config.route or (locked.route if locked else None)
        if item.served and route is None:
            raise ConfigurationError(
                f"the route of agent {item.key!r} is not known here. fix: agenthost lock stores it"
            )
        if item.served:
            found[item.key] = str(route), (item.key,)
    for name, table in config.workflows.items():
        if table.enabled and config.host.serves(name):
            found[name] = table.route or f"/{name}", (name, *table.agents)
    return found


def _grouped(keys: Sequence[str], groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the keys of each deployment, by its name."""
    from fnmatch import fnmatchcase

    grouped: dict[str, tuple[str, ...]] = {}
    taken: dict[str, str] = {}
    for group in groups:
        name, _, listed = group.partition("=")
        patterns = [pattern.strip() for pattern in listed.split(",")]
        grouped[name] = tuple(key for key in keys if any(fnmatchcase(key, pattern) for pattern in patterns))
        if not name or not grouped[name]:
            raise click.UsageError(f"--group {group}: it matches no agent. fix: --group accounts=billing,'sales-*'")
        for key in grouped[name]:
            if (other := taken.setdefault(key, name)) != name:
                raise click.UsageError(f"--group {group}: {key} is in {other} too. fix: name it in one group.")
    return {key: (key,) for key in keys if key not in taken} | grouped


def _deployment(file: str | None) -> Deployment:
    from agenthost._discovery import AGENTS, discover
    from agenthost._host.operations.exports.deployment import Deployment

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
