"""The cluster: what it serves, and how it comes to serve something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost_ray import app, front as front_app
from agenthost_ray.files import FRONT

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from ray.serve import RunTarget

    from agenthost_ray.files import Front, Placed

__all__ = ["NotServedError", "place", "place_all", "remove", "served"]

_WAIT = 30.0


class NotServedError(Exception):
    """Ray Serve could not start an application, with the reason."""


def served() -> dict[str, Any]:
    """Return what is placed on the cluster, see ``Front.args``.

    Raises:
        NotServedError: the cluster serves no agents.
    """
    from ray import serve  # noqa: PLC0415 - Ray takes seconds to import
    from ray.serve.exceptions import RayServeException  # noqa: PLC0415 - as above

    try:
        found: dict[str, Any] = serve.get_app_handle(FRONT).served.remote().result(timeout_s=_WAIT)
    except (RayServeException, TimeoutError) as error:
        raise NotServedError("this cluster serves no agents. fix: agenthost ray run --address auto") from error
    return found


def place_all(front: Front, config: str | None, host: str, port: int) -> None:
    """Serve agents for the first time, all at once.

    Args:
        front: the ingress with the agents.
        config: the path of the configuration file, or None.
        host: the address that Ray's proxy listens on.
        port: its port.

    Raises:
        NotServedError: an application does not start.
    """
    targets = [*(_agent(each, config) for each in front.agents), _ingress(front, config)]
    _run(targets, {"host": host, "port": port})


def place(front: Front, config: str | None, changed: Container[str], tell: Callable[[str], object]) -> None:
    """Replace agents one after the other, replica by replica, and then the ingress.

    Args:
        front: the ingress with the agents.
        config: the path of the configuration file, or None.
        changed: the keys of the agents to replace.
        tell: receives the name of each application before it is replaced.

    Raises:
        NotServedError: an application does not start.
    """
    for target in (*(_agent(each, config) for each in front.agents if each.key in changed), _ingress(front, config)):
        tell(target.name)
        _run([target])


def _run(targets: Sequence[RunTarget], listen: Mapping[str, Any] | None = None) -> None:
    from ray import serve  # noqa: PLC0415 - Ray takes seconds to import
    from ray.exceptions import RayError  # noqa: PLC0415 - as above

    try:
        if listen is not None:
            serve.start(http_options=dict(listen))
        serve.run_many(targets)
    except (RuntimeError, TimeoutError, RayError) as error:
        raise NotServedError(str(error)) from error


def _agent(placed: Placed, config: str | None) -> RunTarget:
    from ray.serve import RunTarget  # noqa: PLC0415 - Ray takes seconds to import

    return RunTarget(app(_with_environment(placed.args(config), placed.runtime_env)), placed.application, None)


def _ingress(front: Front, config: str | None) -> RunTarget:
    from ray.serve import RunTarget  # noqa: PLC0415 - Ray takes seconds to import

    return RunTarget(front_app(front.args(config)), FRONT, "/")


def _with_environment(args: dict[str, Any], runtime_env: Mapping[str, Any]) -> dict[str, Any]:
    options = args["options"]
    resources = {**options["ray_actor_options"], "runtime_env": dict(runtime_env)}
    return {**args, "options": {**options, "ray_actor_options": resources}}


def remove(applications: Iterable[str]) -> None:
    """Remove applications, after their requests have ended."""
    from ray import serve  # noqa: PLC0415 - Ray takes seconds to import

    for name in applications:
        serve.delete(name)
