"""Placed agents, and files that place them, for Ray Serve and for KubeRay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CPUS_OF_FRONT", "FRONT", "Front", "Placed", "Scale", "ray_service", "serve_config"]

FRONT = "agenthost"
"""The application that all requests pass."""
CPUS_OF_FRONT = 0.1
"""Logical CPUs of each of its replicas."""
_STEP = 0.5
"""The part of missing replicas that starts at once: each takes a whole CPU for seconds."""
_SHOWN = ("agent", "route", "package", "version", "tools", "sip", "fallback", "members")


@frozen
class Scale:
    """The replicas of an agent.

    Args:
        least: the least number of replicas.
        most: the most; more than ``least`` for autoscaling.
        ongoing: concurrent requests of one replica that autoscaling aims at.
        cpus: logical CPUs of each replica.
        up: seconds of more load after which replicas are added.
        down: seconds of less load after which they are removed.
    """

    least: int = 1
    most: int = 1
    ongoing: float = 4.0
    cpus: float = 0.25
    up: float = 10.0
    down: float = 300.0

    def options(self) -> dict[str, Any]:
        """Return the options of the deployment, by Ray Serve's names."""
        resources = {"ray_actor_options": {"num_cpus": self.cpus}}
        if self.most <= self.least:
            return {"num_replicas": self.least, **resources}
        scaling = {
            "min_replicas": self.least,
            "max_replicas": self.most,
            "target_ongoing_requests": self.ongoing,
            "upscaling_factor": _STEP,
            "upscale_delay_s": self.up,
            "downscale_delay_s": self.down,
            "look_back_period_s": self.up,
            "metrics_interval_s": min(10.0, self.up / 2),
        }
        return {"autoscaling_config": scaling, **resources}


@frozen
class Placed:
    """An agent, and its place on the cluster.

    Args:
        row: what is known of it, see ``agenthost_ray.canary.build``.
        scale: its replicas.
        runtime_env: its environment, by Ray's names: ``{"pip": ["agenthost-billing==2.0"]}``.
    """

    row: Mapping[str, Any]
    scale: Scale = field(factory=Scale)
    runtime_env: Mapping[str, Any] = field(factory=dict)

    @property
    def key(self) -> str:
        """The agent's key."""
        return str(self.row["agent"])

    @property
    def application(self) -> str:
        """The name of its application."""
        return "agent-" + self.key.replace(":", "-")

    def args(self, config: str | None, *, checked: bool = True) -> dict[str, Any]:
        """Return the arguments of ``agenthost_ray.app``.

        ``checked`` replicas refuse to start with other contents of the package or of the configuration.
        """
        digests = {row["agent"]: row["digest"] for row in (self.row, *self.row["members"])}
        known = {**digests, "": self.row["settings"]} if checked else {}
        return {"agents": list(digests), "config": config, "digests": known, "options": self.scale.options()}

    def shown(self, *, checked: bool = True) -> dict[str, Any]:
        """Return its row for the ingress."""
        row = {name: self.row[name] for name in _SHOWN}
        digests = {name: self.row[name] if checked else "" for name in ("digest", "settings")}
        apart = {"apart": bool(self.runtime_env), "runtime_env": dict(self.runtime_env)}
        return {**row, **digests, **apart, "application": self.application, "scale": asdict(self.scale)}


@frozen
class Front:
    """The ingress of a cluster.

    Args:
        agents: the placed agents.
        failed: the keys of agents that cannot be served.
        replicas: the number of its replicas.
        settings: the digest of the configuration.
    """

    agents: tuple[Placed, ...]
    failed: tuple[str, ...] = ()
    replicas: int = 1
    settings: str = ""

    def args(self, config: str | None, *, checked: bool = True) -> dict[str, Any]:
        """Return the arguments of ``agenthost_ray.front``."""
        options = {"num_replicas": self.replicas, "ray_actor_options": {"num_cpus": CPUS_OF_FRONT}}
        known = {
            "agents": [each.shown(checked=checked) for each in sorted(self.agents, key=lambda each: each.key)],
            "failed": list(self.failed),
            "replicas": self.replicas,
            "settings": self.settings if checked else "",
        }
        return {"known": known, "config": config, "options": options}


def serve_config(front: Front, config: str | None, host: str, port: int) -> dict[str, Any]:
    """Return the configuration of Ray Serve, checked by Ray's own schema.

    Raises:
        ValueError: Ray Serve does not accept it.
    """
    from ray.serve.schema import ServeDeploySchema  # noqa: PLC0415 - Ray takes seconds to import

    agents = [
        _application(each.application, "app", each.args(config, checked=False), each.runtime_env)
        for each in front.agents
    ]
    ingress = _application(FRONT, "front", front.args(config, checked=False), {}) | {"route_prefix": "/"}
    made = {
        "proxy_location": "EveryNode",
        "http_options": {"host": host, "port": port},
        "applications": [*agents, ingress],
    }
    ServeDeploySchema.model_validate(made)
    return made


def _application(name: str, function: str, args: dict[str, Any], runtime_env: Mapping[str, Any]) -> dict[str, Any]:
    found = {"import_path": f"agenthost_ray:{function}", "runtime_env": dict(runtime_env)}
    return {"name": name, "route_prefix": None, **found, "args": args}


def ray_service(serve: Mapping[str, Any], image: str, version: str) -> dict[str, Any]:
    """Return a RayService (``ray.io/v1``) that runs a configuration of Ray Serve."""
    import yaml  # noqa: PLC0415 - comes with Ray

    def pod(name: str) -> dict[str, Any]:
        resources = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}}
        return {"spec": {"containers": [{"name": name, "image": image, "resources": resources}]}}

    workers = {"groupName": "agents", "replicas": 1, "minReplicas": 1, "maxReplicas": 5, "rayStartParams": {}}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayService",
        "metadata": {"name": "agenthost"},
        "spec": {
            "serveConfigV2": yaml.safe_dump(dict(serve), sort_keys=False),
            "rayClusterConfig": {
                "rayVersion": version,
                "enableInTreeAutoscaling": True,
                "headGroupSpec": {"rayStartParams": {"num-cpus": "0"}, "template": pod("ray-head")},
                "workerGroupSpecs": [{**workers, "template": pod("ray-worker")}],
            },
        },
    }
