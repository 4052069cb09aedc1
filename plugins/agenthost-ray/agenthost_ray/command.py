"""``agenthost ray``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from agenthost import ExitCode
from agenthost_ray.canary import READY, build, changes, losses, on_cluster
from agenthost_ray.cluster import NotServedError, place, place_all, remove, served
from agenthost_ray.files import CPUS_OF_FRONT, ray_service, serve_config
from agenthost_ray.placing import Placing, placing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agenthost_ray.files import Front

__all__ = ["command"]


@click.group("ray")
def command() -> None:
    """Serve each agent on Ray Serve, with its own replicas."""


_listening = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address that Ray's proxy listens on."),
    click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True),
)


def _listen(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_listening):
        function = option(function)
    return function


def _address(default: str | None, shown: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--address", default=default, help=f"Address of a running cluster.  [default: {shown}]")


@contextmanager
def _cluster(address: str | None, cpus: int | None = None) -> Iterator[None]:
    """Connect to a running cluster, or start one, which ends here too."""
    import ray  # noqa: PLC0415 - seconds, which --help does not need
    from ray import serve  # noqa: PLC0415 - as above

    try:
        if address is None:
            os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's default lets all other processes go first
            ray.init(num_cpus=cpus, include_dashboard=False, log_to_driver=False)
        else:
            ray.init(address=address, log_to_driver=False)
    except ConnectionError as error:
        reason = f"there is no cluster at {address}: {error}".rstrip(".")
        raise click.ClickException(f"{reason}. fix: agenthost ray run starts one") from error
    try:
        yield
    except NotServedError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ExitCode.PLUGIN)
    finally:
        if address is None:
            serve.shutdown()  # type: ignore[no-untyped-call]
        ray.shutdown()


@command.command("run")
@placing
@_listen
@_address(None, "a new one on this machine")
@click.option("--logical-cpus", type=click.IntRange(1), help="Logical CPUs of a new cluster.")
def run(host: str, port: int, address: str | None, logical_cpus: int | None, **options: Any) -> None:
    """Serve the agents until Ctrl-C, or with --address on a running cluster, where they stay.

    Exit code 4: an agent does not start.
    """
    wanted = Placing.of(**options)
    with _cluster(address, logical_cpus):
        front, rows = wanted.front(partial(on_cluster, wanted.config))
        if address is None:
            _refuse_too_many(front)
        for row in rows.values():
            if row["state"] != READY:
                click.echo(f"{row['agent']}: {row['state']}: {row.get('reason', '')}", err=True)
        place_all(front, wanted.config, host, port)
        for each in front.agents:
            click.echo(f"agent {each.key} on http://{host}:{port}{each.row['route']}")
        if address is None:
            _wait_for_signal()


def _refuse_too_many(front: Front) -> None:
    """Refuse replicas that would wait for a CPU for ever.

    Raises:
        UsageError: the cluster has too few logical CPUs.
    """
    import ray  # noqa: PLC0415 - seconds, which --help does not need

    cpus = ray.cluster_resources()["CPU"]  # type: ignore[no-untyped-call]
    needed = sum(each.scale.least * each.scale.cpus for each in front.agents) + CPUS_OF_FRONT * front.replicas
    if needed > cpus:
        raise click.UsageError(
            f"the replicas need {needed:g} logical CPUs, and the cluster has {cpus:g}. "
            "fix: a lower --cpus, fewer --replicas, or --logical-cpus"
        )


def _wait_for_signal() -> None:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    over.wait()


@command.command("deploy")
@placing
@_address("auto", "auto")
@click.option("--accept", is_flag=True, help="Go on even if an agent is lost or fails.")
def deploy(address: str, accept: bool, **options: Any) -> None:  # noqa: FBT001 - click's
    """Bring a new version of the agents to a running cluster.

    It is built there first, and compared with what is served. Then one replica after another is replaced. Replicas and
    environments stay as they are unless an option names them, and with --only, all other agents do.

    Exit code 4: something would be lost, and nothing has changed; or an agent does not start.
    """
    wanted = Placing.of(**options)
    with _cluster(address):
        before = served()
        wanted = evolve(wanted, before=before)
        front, rows = wanted.front(partial(on_cluster, wanted.config))
        known = [row for row in before["agents"] if not wanted.only or row["agent"] in wanted.only]
        lost = [*losses(known, before["failed"], rows)]
        for line in lost:
            click.echo(line, err=True)
        if lost and not accept:
            click.echo("Nothing has changed.", err=True)
            sys.exit(ExitCode.PLUGIN)
        _roll(front, wanted.config, before)


def _roll(front: Front, config: str | None, before: Mapping[str, Any]) -> None:
    """Replace what differs, and print it."""
    after = front.args(config)["known"]
    if after == before:
        click.echo("Nothing has changed.")
        return
    for line in changes(before["agents"], after["agents"]):
        click.echo(line)
    was = {row["agent"]: row for row in before["agents"]}
    changed = {row["agent"] for row in after["agents"] if row != was.get(row["agent"])}
    place(front, config, changed, lambda name: click.echo(f"replacing {name}", err=True))
    remove({row["application"] for row in was.values()} - {row["application"] for row in after["agents"]})


@command.command("status")
@_address("auto", "auto")
def status(address: str) -> None:
    """Print the applications and their replicas, as JSON.

    Exit code 1: an application is not running.
    """
    from ray import serve  # noqa: PLC0415 - seconds, which --help does not need

    with _cluster(address):
        found = serve.status().applications
        try:
            agents = {row["application"]: row for row in served()["agents"]}
        except NotServedError:
            agents = {}
    rows = {
        name: {
            "state": each.status.value,
            **{key: agents[name][key] for key in ("agent", "route", "package", "version") if name in agents},
            "replicas": {deployment: dict(of.replica_states) for deployment, of in each.deployments.items()},
        }
        for name, each in found.items()
    }
    click.echo(json.dumps(rows, indent=2, default=str))
    sys.exit(0 if rows and all(row["state"] == "RUNNING" for row in rows.values()) else 1)


@command.command("config")
@placing
@_listen
@click.option("--kuberay", is_flag=True, help="Write a RayService for KubeRay.")
@click.option("--image", default="registry.example.com/agents:1.0", show_default=True, help="Image with the packages.")
def config(host: str, port: int, *, kuberay: bool, image: str, **options: Any) -> None:
    """Print the configuration for ``serve deploy``, checked by Ray's own schema."""
    wanted = Placing.of(**options)
    front, _ = wanted.front(lambda _: build(wanted.config))
    import ray  # noqa: PLC0415 - as above
    import yaml  # noqa: PLC0415 - comes with Ray

    try:
        made = serve_config(front, wanted.config, host, port)
    except ValueError as error:
        raise click.ClickException(f"Ray Serve does not accept the configuration: {error}") from error
    made = ray_service(made, image, ray.__version__) if kuberay else made
    click.echo(yaml.safe_dump(made, sort_keys=False), nl=False)
