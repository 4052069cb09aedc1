"""Files for a container image of the host, and for Compose."""

from __future__ import annotations

import json
import os
import re
import tomllib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen

from agenthost._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.generations.locked import Lock
    from agenthost._host.operations.exports.deployment import Deployment

__all__ = ["image_files"]

_USER = 10001
_HOME = "/srv/agenthost"
_OWN = ("AGENTHOST_HOST", "AGENTHOST_PORT", "PORT")
"""Variables that the image sets itself."""
_FILLER = "only-for-the-check-of-this-build-and-never-used-to-serve"
"""A value for secrets while the image is checked. It is long enough for a key."""
_CONTAINERFILE = """\
# syntax=docker/dockerfile:1
# agenthost and its agents in an image, made by: agenthost export image
#
#   docker build -f Containerfile -t {image} .
#   docker run --read-only --tmpfs /tmp -v agenthost:/var/lib/agenthost -p {port}:{port} {image}
#
# Beside this file: {beside}, and in wheels/ the packages that no index has.
# For an index of your own, add: --secret id=pip,src=pip.conf
FROM {base} AS base
# Images of Python have no bytecode of its library, and a read-only container cannot write it.
RUN python -m compileall -q -j 0 -x "site-packages|lib2to3|/tests?/" \\
    "$(python -c "import os; print(os.path.dirname(os.__file__))")"

FROM base AS build
WORKDIR {home}
RUN python -m venv /opt/agenthost && install -d -m 0700 /var/lib/agenthost
COPY requirements.txt {home}/
RUN --mount=type=bind,source=.,target=/context --mount=type=secret,id=pip,target=/etc/pip.conf \\
    /opt/agenthost/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check --no-deps \\
    --find-links /context/wheels --requirement requirements.txt
RUN /opt/agenthost/bin/pip check --disable-pip-version-check && \\
    /opt/agenthost/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/agenthost/lib
{copies}# A package that differs from the lock file, or that fails, ends the build.
RUN {filled}/opt/agenthost/bin/agenthost check --strict

FROM base
ENV PATH=/opt/agenthost/bin:$PATH \\
    PYTHONDONTWRITEBYTECODE=1 \\
    AGENTHOST_HOST=0.0.0.0 \\
    AGENTHOST_STATE_DIR=/var/lib/agenthost \\
{variables}    PORT={port}
COPY --from=build /opt/agenthost /opt/agenthost
COPY --from=build --chown={user}:{user} /var/lib/agenthost /var/lib/agenthost
{copies}WORKDIR {home}
USER {user}:{user}
EXPOSE {port}
# /startup is 503 while agents are built, then 200 as long as the process responds.
HEALTHCHECK --interval=10s --timeout=5s --start-period={starting}s --retries=3 \\
    CMD ["python", "-c", {probe}]
CMD ["agenthost", "run"]
"""
_PROBE = (
    "import http.client, os, sys; "
    "asked = http.client.HTTPConnection('127.0.0.1', {port}, timeout=4); "
    "asked.request('GET', '/startup'); sys.exit(asked.getresponse().status != 200)"
)
_COMPOSE = """\
# The host and its store under Compose, made by: agenthost export image
#
{before}#   docker compose up --build --wait
#
services:
  agenthost:
    build:
      context: .
      dockerfile: Containerfile
    image: {image}
    init: true
    read_only: true
    tmpfs: ["/tmp"]
    cap_drop: ["ALL"]
    security_opt: ["no-new-privileges:true"]
    ports: ["{port}:{port}"]
{environment}    volumes:
      - state:/var/lib/agenthost
{mounts}    ulimits:
      nofile: {{soft: {files}, hard: {files}}}
    # Longer than grace ({grace:g} s), drain ({drain:g} s) and the end (5 s) together.
    stop_grace_period: {patience}s
    # Exit codes 2, 3 and 4 need a change, not a restart.
    restart: on-failure:5
{depends}volumes:
  state: {{}}
{redis_volume}"""
_REDIS = """\
    depends_on:
      redis: {{condition: service_healthy}}
  redis:
    image: redis:8-alpine
    command: ["redis-server", "--port", "{port}", "--appendonly", "yes"]
    user: redis
    read_only: true
    cap_drop: ["ALL"]
    security_opt: ["no-new-privileges:true"]
    networks:
      default: {{aliases: [{name}]}}
    volumes:
      - redis:/data
    healthcheck:
      test: ["CMD", "redis-cli", "-p", "{port}", "ping"]
      interval: 5s
      timeout: 3s
      retries: 5
    restart: unless-stopped
"""
_IGNORED = """\
# Everything that is not named here stays out of the image.
*
!Containerfile
{kept}!requirements.txt
!wheels
"""


def image_files(deployment: Deployment, lock: Lock, image: str, base: str) -> dict[str, str]:
    """Return the files of an image, by name: Containerfile, Compose file, requirements, .dockerignore.

    None of them contains the text of a secret. ``image`` is the name of the image, and ``base`` that of Python's.
    """
    config = None if deployment.literal else deployment.config.source
    copied = [("agenthost.lock", "agenthost.lock")]
    copied += [] if config is None else [(os.path.basename(config), "agenthost.toml")]  # noqa: PTH119 - as in deployment
    return {
        "Containerfile": _containerfile(deployment, copied, image, base),
        "compose.yaml": _compose(deployment, image),
        "requirements.txt": _requirements(lock),
        ".dockerignore": _IGNORED.format(kept="".join(f"!{name}\n" for name, _ in copied)),
    }


def _containerfile(deployment: Deployment, copied: list[tuple[str, str]], image: str, base: str) -> str:
    health = deployment.config.health
    port = str(health.port) if health.port and health.host is None else "int(os.environ['PORT'])"
    plain = {name: value for name, value in deployment.plain.items() if name not in _OWN}
    return _CONTAINERFILE.format(
        image=image,
        base=base,
        home=_HOME,
        user=_USER,
        port=_port(deployment),
        beside=", ".join(["requirements.txt", *(name for name, _ in copied)]),
        copies="".join(f"COPY {json.dumps([name, f'{_HOME}/{target}'])}\n" for name, target in copied),
        filled=_filled(deployment),
        variables="".join(f"    {name}={_quoted(value)} \\\n" for name, value in plain.items()),
        starting=deployment.starting,
        probe=json.dumps(_PROBE.format(port=port)),
    )


def _filled(deployment: Deployment) -> str:
    """Return the words that give every secret some value, for the check."""
    if deployment.literal:  # the configuration is not in the image
        return ""
    paths = [_in_image(name) for name in deployment.secret_names]
    made = [f"install -D -m 0600 /dev/null {path} && echo {_FILLER} > {path} && " for path in map(_word, paths)]
    return "".join(made) + "".join(f"{name}={_value(deployment, name)} " for name in deployment.secret_variables)


def _value(deployment: Deployment, name: str) -> str:
    """Return a value of a variable for the check."""
    store = _Redis.of(deployment)
    return store.url if store is not None and store.variable == name else _FILLER


def _compose(deployment: Deployment, image: str) -> str:
    host, redis = deployment.config.host, _Redis.of(deployment)
    secrets = (*deployment.secret_variables, *deployment.missing_secrets)
    environment = {name: f"${{{name}:?is not set}}" for name in secrets}
    if redis is not None and redis.variable is not None:
        environment[redis.variable] = redis.url
    mounts = [
        (path, _in_image(name)) for path, name in zip(deployment.secret_files, deployment.secret_names, strict=True)
    ]
    if deployment.literal and deployment.config.source is not None:
        mounts.append((os.path.abspath(deployment.config.source), f"{_HOME}/agenthost.toml"))  # noqa: PTH100
    return _COMPOSE.format(
        before=_before(deployment, redis, [name for name in secrets if redis is None or name != redis.variable]),
        image=json.dumps(image),
        port=_port(deployment),
        environment=_mapping("environment", environment),
        mounts="".join(f"      - {json.dumps(f'{_dollars(source)}:{target}:ro')}\n" for source, target in mounts),
        files=deployment.open_files,
        grace=host.drain_grace,
        drain=host.drain_timeout,
        patience=deployment.patience,
        depends="" if redis is None else _REDIS.format(port=redis.port, name=json.dumps(redis.name)),
        redis_volume="" if redis is None else "  redis: {}\n",
    )


def _before(deployment: Deployment, redis: _Redis | None, secrets: list[str]) -> str:
    """Return the steps to take first, as comments."""
    lines = []
    if secrets:
        lines += ["The file .env, which stays out of version control, has a line for each of:", *secrets]
    if deployment.literal:
        lines.append(f"The configuration has secrets in it, and is mounted: user {_USER} must be able to read it.")
    if deployment.secret_files:
        lines.append(f"User {_USER} must be able to read the mounted files.")
    if redis is None and deployment.config.state.scheme in ("sqlite", "memory"):
        lines.append("The store is a file in a volume. To share it among hosts, install agenthost-redis, lock, write")
        lines.append('[state] url = "redis://redis:6379/0", and export again.')
    return "".join(f"# {line}\n" for line in lines) + ("#\n" if lines else "")


@frozen
class _Redis:
    """The Redis server beside the host.

    Args:
        name: its name on the network.
        port: its port.
        variable: the variable with its URL, if the configuration names one.
    """

    name: str
    port: int
    variable: str | None

    @classmethod
    def of(cls, deployment: Deployment) -> _Redis | None:
        """Return the server of a configuration whose store is on one without a password."""
        if deployment.config.state.scheme != "redis":
            return None
        url = tomllib.loads(deployment.config_text or "").get("state", {}).get("url")
        if isinstance(url, dict):
            return cls("redis", 6379, str(url["env"])) if "env" in url else None
        parts = urlsplit(deployment.config.state.address)
        if parts.username or parts.password or not re.fullmatch(r"[a-z][a-z0-9.-]*", parts.hostname or ""):
            return None
        return cls(parts.hostname or "", parts.port or 6379, None)

    @property
    def url(self) -> str:
        """Its URL, for a variable."""
        return f"redis://{self.name}:{self.port}/0"


def _requirements(lock: Lock) -> str:
    versions = {"agenthost": __version__, **lock.versions}
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
    return f"# The packages of agenthost.lock, made by: agenthost export image\n{lines}"


def _in_image(name: str) -> str:
    """Return the path of a secret file in the image."""
    return os.path.normpath(os.path.join(_HOME, name))  # noqa: PTH118 - as in deployment


def _port(deployment: Deployment) -> int:
    return deployment.config.host.port or 3000


def _mapping(name: str, values: Mapping[str, str]) -> str:
    lines = "".join(f"      {key}: {json.dumps(value)}\n" for key, value in values.items())
    return f"    {name}:\n{lines}" if values else ""


def _quoted(value: str) -> str:
    """Quote a value of ENV, in which ``$`` would name a variable."""
    return json.dumps(value, ensure_ascii=False).replace("$", "\\$")


def _word(text: str) -> str:
    import shlex  # noqa: PLC0415 - only where a secret is in a file

    return shlex.quote(text)


def _dollars(text: str) -> str:
    """Escape ``$`` for Compose, which would read a variable."""
    return text.replace("$", "$$")
