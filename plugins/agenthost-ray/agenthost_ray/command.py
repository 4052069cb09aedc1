"""``agenthost ray``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agenthost_ray import app
from agenthost_ray.files import Placed, Scale, members, ray_service, serve_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["command"]


@click.group("ray")
def command() -> None:
    """Serve each agent on Ray Serve, with its own replicas."""


def _placing(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that decide which agents are served, and by how many replicas."""
    for option in reversed(
        (
            click.option("--config", "file", metavar="FILE", help="The configuration file, on every machine."),
            click.option("--only", multiple=True, metavar="AGENT", help="Place only this agent; repeatable."),
            click.option(
                "--replicas",
                multiple=True,
                metavar="[AGENT=]MIN[:MAX]",
                help="Replicas of an agent, or of all; autoscaling with MAX; repeatable.  [default: 1]",
            ),
            click.option("--cpus", type=float, default=0.5, show_default=True, help="Logical CPUs of each replica."),
            click.option(
                "--runtime-env",
                multiple=True,
                metavar="AGENT=JSON",
                help='Environment of an agent, such as \'billing={"pip": ["agenthost-billing==2.0"]}\'; repeatable.',
            ),
            click.option("--host", default="127.0.0.1", show_default=True, help="Address that Ray's proxy listens on."),
            click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True),
        )
    ):
        function = option(function)
    return function


@command.command("run")
@_placing
@click.option("--address", help="Address of a running cluster.  [default: a new one on this machine]")
@click.option("--logical-cpus", type=int, help="Logical CPUs of a new cluster.")
def run(host: str, port: int, address: str | None, logical_cpus: int | None, **placing: Any) -> None:
    """Serve the agents until Ctrl-C."""
    agents, config = _agents(**placing)
    import ray  # noqa: PLC0415 - seconds, which --help does not need
    from ray import serve  # noqa: PLC0415 - as above

    if address is not None:
        ray.init(address=address)
    else:
        ray.init(num_cpus=logical_cpus, include_dashboard=False, log_to_driver=False)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        serve.start(http_options={"host": host, "port": port})
        for each in agents:
            args = each.args(config)
            args["agents"]["ray_actor_options"]["runtime_env"] = dict(each.runtime_env)
            made = app(args)
            serve.run(made, name=each.application, route_prefix=each.route)
            click.echo(f"agent {each.key} on http://{host}:{port}{each.route}")
        over.wait()
    finally:
        if address is None:
            serve.shutdown()  # type: ignore[no-untyped-call]
        ray.shutdown()


@command.command("status")
@click.option("--address", default="auto", show_default=True, help="Address of the cluster.")
def status(address: str) -> None:
    """Print the applications and their replicas, as JSON.

    Exit code 1: an application is not running.
    """
    import ray  # noqa: PLC0415 - as above
    from ray import serve  # noqa: PLC0415 - as above

    ray.init(address=address, log_to_driver=False)
    try:
        found = serve.status().applications
    finally:
        ray.shutdown()
    rows = {
        name: {
            "state": each.status.value,
            "replicas": {deployment: dict(of.replica_states) for deployment, of in each.deployments.items()},
        }
        for name, each in found.items()
    }
    click.echo(json.dumps(rows, indent=2, default=str))
    sys.exit(0 if rows and all(row["state"] == "RUNNING" for row in rows.values()) else 1)


@command.command("config")
@_placing
@click.option("--kuberay", is_flag=True, help="Write a RayService for KubeRay.")
@click.option("--image", default="registry.example.com/agents:1.0", show_default=True, help="Image with the packages.")
def config(host: str, port: int, *, kuberay: bool, image: str, **placing: Any) -> None:
    """Print the configuration for ``serve deploy``, checked by Ray's own schema."""
    agents, file = _agents(**placing)
    import ray  # noqa: PLC0415 - as above
    import yaml  # noqa: PLC0415 - comes with Ray

    made = serve_config(agents, file, host, port)
    made = ray_service(made, image, ray.__version__) if kuberay else made
    click.echo(yaml.safe_dump(made, sort_keys=False), nl=False)


def _agents(
    file: str | None, only: Sequence[str], replicas: Sequence[str], cpus: float, runtime_env: Sequence[str]
) -> tuple[list[Placed], str | None]:
    """Return the installed agents with their places, and the configuration file."""
    file = file or os.environ.get("AGENTHOST_CONFIG") or ("agenthost.toml" if Path("agenthost.toml").exists() else None)
    file = str(Path(file).resolve()) if file is not None else None
    scales, environments = _by_agent("--replicas", replicas), _by_agent("--runtime-env", runtime_env)
    listed = subprocess.run(  # noqa: S603 - in a process of its own, as it imports the packages
        [sys.executable, "-m", "agenthost", "agents", "--load", "--json", *(("--config", file) if file else ())],
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        raise click.ClickException(listed.stderr.strip() or "agenthost agents failed")
    rows = {row["agent"]: row for row in json.loads(listed.stdout) if row["state"] == "ready"}
    for name in (*only, *filter(None, scales), *environments):
        if name not in rows:
            raise click.UsageError(f"{name!r} is not a served agent: {', '.join(sorted(rows)) or 'there is none'}.")
    places = [
        Placed(
            key,
            row["route"],
            row["fallback"],
            members(key, rows),
            _scale(scales.get(key, scales.get("", "1")), cpus),
            _object(key, environments.get(key, "{}")),
        )
        for key, row in rows.items()
        if not only or key in only
    ]
    return places, file


def _by_agent(option: str, given: Sequence[str]) -> dict[str, str]:
    """Return values by agent. One for all has an empty name."""
    pairs = [text.partition("=") if "=" in text else ("", "=", text) for text in given]
    if option == "--runtime-env" and any(not name for name, _, _ in pairs):
        raise click.UsageError(f"{option}: write AGENT=JSON.")
    return {name: value for name, _, value in pairs}


def _scale(text: str, cpus: float) -> Scale:
    least, _, most = text.partition(":")
    if not least.isdecimal() or not (most or least).isdecimal() or int(most or least) < max(1, int(least)):
        raise click.UsageError(f"--replicas {text}: write a number, or MIN:MAX.")
    return Scale(int(least), int(most or least), cpus=cpus)


def _object(key: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--runtime-env {key}: {error}") from error
    if not isinstance(value, dict):
        raise click.UsageError(f"--runtime-env {key}: it must be a JSON object.")
    return value
