"""A Kubernetes manifest for the host (apps/v1, v1, policy/v1)."""

from __future__ import annotations

import json
import posixpath
import re
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenthost._host.operations.exports.deployment import Deployment

__all__ = ["kubernetes_files"]

_STARTUP_PERIOD = 2
_USER = 10001
_CONFIG = "/etc/agenthost"
_MANIFEST = """\
# agenthost on Kubernetes, made by: agenthost export kubernetes
#
{before}#   kubectl apply -f agenthost.yaml
#
{replicas_note}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: agenthost
automountServiceAccountToken: false
---
{config_map}apiVersion: apps/v1
kind: Deployment
metadata:
  name: agenthost
  labels:
    app.kubernetes.io/name: agenthost
spec:
  replicas: {replicas}
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      app.kubernetes.io/name: agenthost
  template:
    metadata:
      labels:
        app.kubernetes.io/name: agenthost
    spec:
      serviceAccountName: agenthost
      automountServiceAccountToken: false
      # Longer than grace ({grace:g} s: the Service sees /ready), drain ({drain:g} s) and the end (5 s) together.
      terminationGracePeriodSeconds: {patience}
      securityContext:
        runAsNonRoot: true
        runAsUser: {user}
        runAsGroup: {user}
        fsGroup: {user}
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: agenthost
          image: {image}
          command: ["agenthost", "run", "--host", "0.0.0.0"]
          env:
{environment}          ports:
{ports}          # /startup is 503 while agents are built: {agents} at {build:g} s each, and the imports.
          startupProbe:
            httpGet:
              path: /startup
              port: {probed}
            periodSeconds: {startup_period}
            failureThreshold: {startup_failures}
          readinessProbe:
            httpGet:
              path: /ready
              port: {probed}
            periodSeconds: {ready_period}
            timeoutSeconds: 2
            failureThreshold: 1
          livenessProbe:
            httpGet:
              path: /live
              port: {probed}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          resources:
            requests:
              cpu: {cpu}
              memory: {memory}
            limits:
              memory: {memory_limit}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: ["ALL"]
          volumeMounts:
{mounts}      volumes:
{volumes}---
apiVersion: v1
kind: Service
metadata:
  name: agenthost
  labels:
    app.kubernetes.io/name: agenthost
spec:
  selector:
    app.kubernetes.io/name: agenthost
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: agenthost
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: agenthost
"""
_POD_IP = """\
            - name: POD_IP
              valueFrom:
                fieldRef:
                  fieldPath: status.podIP
"""


def kubernetes_files(deployment: Deployment, image: str) -> dict[str, str]:
    """Return the manifest, by file name.

    Neither the deployment nor the files contain the text of a secret. ``image`` is the container image, with agenthost
    and the agent packages installed.
    """
    host = deployment.config.host
    secrets = (*deployment.secret_variables, *deployment.missing_secrets)
    names, mounts = ["state", "tmp"], [("state", "/var/lib/agenthost"), ("tmp", "/tmp")]  # noqa: S108 - the pod's own
    if deployment.config_text is not None:
        names, mounts = [*names, "config"], [*mounts, ("config", _CONFIG)]
    if elsewhere := [path for path in _in_pod(deployment).values() if not _beside(path)]:
        names += ["secrets"]
        mounts += [("secrets", path) for path in elsewhere]
    ports = {"http": host.port or 3000}
    if deployment.health_port is not None:
        ports["health"] = deployment.health_port
    workers = host.workers
    return {
        "agenthost.yaml": _MANIFEST.format(
            before=_before(deployment, secrets),
            replicas_note=_replicas_note(deployment),
            replicas=2 if deployment.shared_store else 1,
            config_map=_config_map(deployment),
            grace=host.drain_grace,
            drain=host.drain_timeout,
            patience=deployment.patience,
            user=_USER,
            image=json.dumps(image),
            environment=_environment(deployment, secrets),
            ports="".join(
                f"            - name: {name}\n              containerPort: {port}\n" for name, port in ports.items()
            ),
            agents=f"{deployment.agents} agent{'s' * (deployment.agents != 1)}",
            build=host.build_timeout,
            probed="health" if "health" in ports else "http",
            startup_period=_STARTUP_PERIOD,
            startup_failures=ceil(deployment.starting / _STARTUP_PERIOD),
            ready_period=max(1, min(5, int(host.drain_grace / 2))),
            cpu=json.dumps(f"{500 * workers}m"),
            memory=json.dumps(f"{160 * workers}Mi"),
            memory_limit=json.dumps(f"{512 * workers}Mi"),
            mounts="".join(_mount(name, path) for name, path in mounts),
            volumes="".join(_volume(name, deployment) for name in names),
        )
    }


def _before(deployment: Deployment, secrets: tuple[str, ...]) -> str:
    """Return the commands to run first, as comments."""
    lines = []
    if secrets:
        lines.append("kubectl create secret generic agenthost \\")
        lines += [f"  --from-literal={name}=... \\" for name in secrets[:-1]] + [f"  --from-literal={secrets[-1]}=..."]
    if deployment.secret_files:
        lines.append("kubectl create secret generic agenthost-files \\")
        found = [f"  --from-file={_key(there)}={here}" for here, there in _in_pod(deployment).items()]
        lines += [f"{line} \\" for line in found[:-1]] + found[-1:]
    if deployment.literal:  # the file has secrets in it
        lines.append("# the configuration file has secrets in it: " + ", ".join(deployment.literal))
        lines.append(
            f"kubectl create secret generic agenthost-config --from-file=agenthost.toml={deployment.config.source}"
        )
    return "".join(f"#   {line}\n" for line in lines)


def _replicas_note(deployment: Deployment) -> str:
    if deployment.shared_store:
        return "# Several replicas share the store, the password and the signing keys."
    return (
        "# One replica: its state is a file of its own, lost with the pod. Before there are more, set [state] url to\n"
        "# a store that they share, such as redis:// or postgresql://."
    )


def _config_map(deployment: Deployment) -> str:
    if deployment.config_text is None or deployment.literal:
        return ""
    text = "".join(f"    {line}\n" if line else "\n" for line in deployment.config_text.splitlines())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: agenthost\ndata:\n  agenthost.toml: |\n{text}---\n"


def _environment(deployment: Deployment, secrets: tuple[str, ...]) -> str:
    # The volume itself belongs to root and is open to all, so the host uses a private directory below it.
    plain = {"AGENTHOST_STATE_DIR": "/var/lib/agenthost/state", **deployment.plain}
    if deployment.config_text is not None:
        plain["AGENTHOST_CONFIG"] = "/etc/agenthost/agenthost.toml"
    host, before = deployment.config.host, []
    if host.announce is not None and host.announce_url is None:
        before = [_POD_IP]
        plain["AGENTHOST_ANNOUNCE_URL"] = f"http://$(POD_IP):{host.port}"
    lines = [
        *before,
        *(f"            - name: {name}\n              value: {json.dumps(value)}\n" for name, value in plain.items()),
    ]
    lines += [
        f"            - name: {name}\n              valueFrom:\n                secretKeyRef:\n"
        f"                  name: agenthost\n                  key: {name}\n"
        for name in secrets
    ]
    return "".join(lines)


def _mount(name: str, path: str) -> str:
    lines = [f"            - name: {name}", f"              mountPath: {json.dumps(path)}"]
    if name == "secrets":
        lines.append(f"              subPath: {_key(path)}")
    if name in ("config", "secrets"):
        lines.append("              readOnly: true")
    return "".join(f"{line}\n" for line in lines)


def _volume(name: str, deployment: Deployment) -> str:
    holds = {
        "state": "emptyDir: {}",
        "tmp": "emptyDir: {}",
        "config": _config_volume(deployment),
        "secrets": "secret: {secretName: agenthost-files}",
    }[name]
    return f"        - name: {name}\n          {holds}\n"


def _config_volume(deployment: Deployment) -> str:
    """Return the volume with the configuration, and with the secret files below its directory."""
    beside = [path for path in _in_pod(deployment).values() if _beside(path)]
    if not beside:
        return "secret: {secretName: agenthost-config}" if deployment.literal else "configMap: {name: agenthost}"
    items = "".join(
        f"                  - {{key: {_key(path)}, path: {json.dumps(posixpath.relpath(path, _CONFIG))}}}\n"
        for path in beside
    )
    own = "secret: {name: agenthost-config}" if deployment.literal else "configMap: {name: agenthost}"
    return (
        f"projected:\n            sources:\n              - {own}\n"
        f"              - secret:\n                  name: agenthost-files\n                  items:\n{items}".rstrip(
            "\n"
        )
    )


def _in_pod(deployment: Deployment) -> dict[str, str]:
    """Return the paths of secret files in the pod, by those on this machine.

    A relative path starts at the directory of the configuration file, there as here.
    """
    found = zip(deployment.secret_files, deployment.secret_names, strict=True)
    return {here: posixpath.normpath(posixpath.join(_CONFIG, name)) for here, name in found}


def _beside(path: str) -> bool:
    """Return True for a file below the mounted directory of the configuration."""
    return path.startswith(f"{_CONFIG}/")


def _key(path: str) -> str:
    """Return the key of a file in a secret (v1.Secret)."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path).strip("-")
