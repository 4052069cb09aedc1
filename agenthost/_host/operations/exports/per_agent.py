"""A Kubernetes manifest with a deployment for each agent.

Its kinds beyond the host's own are of autoscaling/v2 or keda.sh/v1alpha1, and of networking.k8s.io/v1 or
gateway.networking.k8s.io/v1.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen

from agenthost._host.operations.exports.kubernetes import kubernetes_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agenthost._host.operations.exports.deployment import Deployment

__all__ = ["Keda", "PlacedAgent", "per_agent_files"]

_NETWORK = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: agenthost-{label}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: agenthost
      app.kubernetes.io/component: {label}
  policyTypes: ["Ingress"]
  # Only the port of the agents: the kubelet probes from the node, which policies do not concern.
  ingress:
    - ports:
        - port: http
"""
_AUTOSCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: agenthost-{label}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: agenthost-{label}
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
"""
_SCALED_OBJECT = """\
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: agenthost-{label}
spec:
  scaleTargetRef:
    name: agenthost-{label}
  minReplicaCount: 2
  maxReplicaCount: 10
  triggers:
    - type: cpu
      metricType: Utilization
      metadata:
        value: "70"
"""
_CALLS_TRIGGER = """\
    # Calls that run or wait, for each replica.
    - type: prometheus
      metadata:
        serverAddress: {prometheus}
        query: {query}
        threshold: "10"
"""
_HTTP_ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: agenthost-{label}
spec:
  parentRefs:
    - name: {gateway}
{namespace}{hostnames}  rules:
    - matches:
{matches}      backendRefs:
        - name: agenthost-{label}
          port: 80
"""
_MATCH = """\
        - path:
            type: PathPrefix
            value: {path}
"""
_INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: agenthost
spec:
  rules:
    - {host}http:
        paths:
{paths}"""
_PATH = """\
          - path: {path}
            pathType: Prefix
            backend:
              service:
                name: agenthost-{label}
                port:
                  name: http
"""


@frozen
class Keda:
    """KEDA in place of autoscalers of Kubernetes.

    Args:
        prometheus: the URL of a Prometheus with the metrics of the hosts, to scale on calls too.
    """

    prometheus: str | None = None


@frozen
class PlacedAgent:
    """An agent, a workflow or a group of them with a deployment of its own.

    Args:
        key: its key, or the name of the group.
        routes: the route of each agent or workflow that callers reach, by key.
        deployment: the data of its own deployment.
        only: the agents that it serves: these, and the members of workflows.
    """

    key: str
    routes: Mapping[str, str]
    deployment: Deployment
    only: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its key in the form of a label (RFC 1123)."""
        return re.sub(r"[^a-z0-9]+", "-", self.key.lower()).strip("-")[:40]


def per_agent_files(
    deployment: Deployment,
    image: str,
    agents: Sequence[PlacedAgent],
    lock: str | None,
    keda: Keda | None = None,
    gateway: str | None = None,
) -> dict[str, str]:
    """Return the manifest with a deployment for each agent, by file name.

    ``deployment`` is that of the whole host, and ``lock`` the text of its lock file. ``gateway`` is a Gateway, as
    ``name`` or ``namespace/name``, whose routes take the place of an ingress.
    """
    whole = _parts(kubernetes_files(deployment, image)["agenthost.yaml"])
    account = whole[0].replace("agenthost export kubernetes", "agenthost export kubernetes --per-agent", 1)
    config = [part for part in whole if part.startswith("apiVersion: v1\nkind: ConfigMap")]
    if lock is not None and config:
        config = [config[0] + "  agenthost.lock: |\n" + "".join(f"    {line}\n" for line in lock.splitlines())]
    parts = [account, *config]
    for agent in agents:
        own = _parts(kubernetes_files(agent.deployment, image)["agenthost.yaml"])
        parts += [_narrowed(part, agent) for part in own[1:] if "kind: ConfigMap" not in part.partition("metadata")[0]]
        parts.append(_NETWORK.format(label=agent.label))
        if deployment.shared_store:
            parts.append(_AUTOSCALER.format(label=agent.label) if keda is None else _scaled_object(agent, keda))
    host = urlsplit(deployment.config.host.public_url or "").hostname
    parts += [_ingress(host, agents)] if gateway is None else [_http_route(host, each, gateway) for each in agents]
    return {"agenthost.yaml": "---\n".join(parts)}


def _parts(text: str) -> list[str]:
    return re.split(r"^---\n", text, flags=re.MULTILINE)


def _narrowed(part: str, agent: PlacedAgent) -> str:
    """Return a resource of the whole host as that of one agent."""
    part = part.replace("metadata:\n  name: agenthost\n", f"metadata:\n  name: agenthost-{agent.label}\n", 1)
    label = rf"\1app.kubernetes.io/name: agenthost\n\1app.kubernetes.io/component: {agent.label}"
    part = re.sub(r"^( *)app\.kubernetes\.io/name: agenthost$", label, part, flags=re.MULTILINE)
    command = ["agenthost", "run", "--host", "0.0.0.0"]  # noqa: S104 - in its pod
    narrowed = [*command, *(word for key in agent.only for word in ("--only", key))]
    part = part.replace(f"command: {json.dumps(command)}", f"command: {json.dumps(narrowed)}", 1)
    if agent.deployment.shared_store:  # the autoscaler decides
        part = re.sub(r"^  replicas: \d+\n", "", part, flags=re.MULTILINE)
    return part


def _scaled_object(agent: PlacedAgent, keda: Keda) -> str:
    text = _SCALED_OBJECT.format(label=agent.label)
    if keda.prometheus is None:
        return text
    keys = [*agent.routes]
    pattern = "|".join(keys).replace(".", "[.]")
    chosen = f'{{agent="{keys[0]}"}}' if len(keys) == 1 else f'{{agent=~"{pattern}"}}'
    query = f"sum(agenthost_running{chosen}) + sum(agenthost_waiting{chosen})"
    return text + _CALLS_TRIGGER.format(prometheus=json.dumps(keda.prometheus), query=json.dumps(query))


def _http_route(host: str | None, agent: PlacedAgent, gateway: str) -> str:
    namespace, _, name = gateway.rpartition("/")
    return _HTTP_ROUTE.format(
        label=agent.label,
        gateway=json.dumps(name),
        namespace=f"      namespace: {json.dumps(namespace)}\n" if namespace else "",
        hostnames=f"  hostnames: [{json.dumps(host)}]\n" if host else "",
        matches="".join(_MATCH.format(path=json.dumps(route)) for route in agent.routes.values()),
    )


def _ingress(host: str | None, agents: Iterable[PlacedAgent]) -> str:
    routes = sorted(((route, agent.label) for agent in agents for route in agent.routes.values()), key=_longest_first)
    paths = "".join(_PATH.format(path=json.dumps(route), label=label) for route, label in routes)
    return _INGRESS.format(host=f"host: {json.dumps(host)}\n      " if host else "", paths=paths)


def _longest_first(item: tuple[str, str]) -> tuple[int, str]:
    return -len(item[0]), item[0]
