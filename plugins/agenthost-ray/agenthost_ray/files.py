"""Files: the configuration of Ray Serve, and a RayService of KubeRay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Placed", "Scale", "members", "ray_service", "serve_config"]


@frozen
class Scale:
    """The replicas of an agent.

    Args:
        least: the least number of replicas.
        most: the most; more than ``least`` for autoscaling.
        ongoing: concurrent requests of one replica that autoscaling aims at.
        cpus: logical CPUs of each replica.
    """

    least: int = 1
    most: int = 1
    ongoing: float = 4.0
    cpus: float = 0.5

    def options(self) -> dict[str, Any]:
        """Return the options of the deployment, by Ray Serve's names."""
        resources = {"ray_actor_options": {"num_cpus": self.cpus}}
        if self.most <= self.least:
            return {"num_replicas": self.least, **resources}
        scaling = {"min_replicas": self.least, "max_replicas": self.most, "target_ongoing_requests": self.ongoing}
        return {"autoscaling_config": scaling, **resources}


@frozen
class Placed:
    """An agent, and its place on the cluster.

    Args:
        key: its key.
        route: its route.
        fallback: its sentence for a caller whose replica ends during a tool call.
        members: the keys of the agents that it calls as a workflow, which its replicas serve, too.
        scale: its replicas.
        runtime_env: its environment, by Ray's names: ``{"pip": ["agenthost-billing==2.0"]}``.
    """

    key: str
    route: str
    fallback: str = ""
    members: tuple[str, ...] = ()
    scale: Scale = field(factory=Scale)
    runtime_env: Mapping[str, Any] = field(factory=dict)

    @property
    def application(self) -> str:
        """The name of its application."""
        return self.key.replace(":", "-")

    def args(self, config: str | None) -> dict[str, Any]:
        """Return the arguments of ``agenthost_ray.app``."""
        names = {"agent": self.key, "members": list(self.members), "fallback": self.fallback}
        return {**names, "config": config, "agents": self.scale.options()}


def members(key: str, rows: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the keys of the agents that a workflow calls, and their own.

    Args:
        key: the workflow, or another agent, which calls none.
        rows: the served agents by key, as ``agenthost agents --load --json`` prints them.
    """
    known = {name: row["agent"] for row in rows.values() for name in (row["agent"], row["route"])}
    found, waiting = {key: None}, [key]
    while waiting:
        names = [known[name] for name in rows[waiting.pop()].get("members", ()) if name in known]
        waiting += [name for name in names if name not in found]
        found |= dict.fromkeys(names)
    return tuple(found)[1:]


def serve_config(agents: Iterable[Placed], config: str | None, host: str, port: int) -> dict[str, Any]:
    """Return the configuration of Ray Serve, checked by Ray's own schema.

    Raises:
        ValueError: Ray Serve does not accept it.
    """
    from ray.serve.schema import ServeDeploySchema  # noqa: PLC0415 - Ray takes seconds to import

    made = {
        "proxy_location": "EveryNode",
        "http_options": {"host": host, "port": port},
        "applications": [
            {
                "name": each.application,
                "route_prefix": each.route,
                "import_path": "agenthost_ray:app",
                "args": each.args(config),
                "runtime_env": dict(each.runtime_env),
            }
            for each in agents
        ],
    }
    ServeDeploySchema.model_validate(made)
    return made


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
