"""What files for a supervisor have to know of a configuration: times, ports, limits; of secrets the names alone."""

# No pathlib: the command line stays light.
# ruff: noqa: PTH100, PTH111, PTH113, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import sys
import tomllib
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.config.load import variables
from agenthost._host.config.schema import HostConfig, configured
from agenthost._host.config.value_types import KEYS, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["END", "Deployment"]

END = 5.0
"""Seconds beyond grace and drain after which a worker is killed."""
_SPARE = 10.0
"""Seconds beyond that which a supervisor leaves."""
_START = 20.0
"""Seconds that Python and the packages' imports may take before agents are built."""
_OPEN_BESIDE = 1024
"""Files that are open beside connections: libraries, stores, logs."""
_NOT_EXPORTED = ("host", "state_dir")
_LOOPBACK = ("127.", "localhost", "::1", "[::1]")


@frozen(kw_only=True)
class Deployment:
    """A configuration as those see it who start, probe and stop the host.

    Args:
        config: the configuration.
        config_text: what its file says; None without one.
        plain: variables that are set here and are no secrets, by name.
        secret_variables: variables in which the host looks for secrets, those that are set here or that the file names.
        secret_files: absolute paths of files in which the file says that secrets are.
        literal: keys whose secrets stand in the file itself.
        agents: how many agents are installed here.
        command: the command that starts the host here.
    """

    config: Config
    config_text: str | None
    plain: Mapping[str, str]
    secret_variables: tuple[str, ...]
    secret_files: tuple[str, ...]
    literal: tuple[str, ...]
    agents: int
    command: tuple[str, ...]

    @classmethod
    def of(cls, config: Config, environ: Mapping[str, str], agents: int) -> Deployment:
        """Read what a deployment has to know.

        Args:
            config: the configuration.
            environ: the environment that it was read with.
            agents: how many agents are installed here.
        """
        text, tables, directory = None, {}, ""
        if config.source is not None:
            with open(config.source, encoding="utf-8-sig") as file:
                text = file.read()
            tables, directory = tomllib.loads(text), os.path.dirname(os.path.abspath(config.source))
        plain: dict[str, str] = {}
        secrets: list[str] = []
        for name, attribute in configured(HostConfig).items():
            given = [each for each in variables(attribute) if environ.get(each)]
            if attribute.metadata["kind"] in (PASSWORD, KEYS):
                secrets += given[:1]
            elif given and name not in _NOT_EXPORTED:
                plain[given[0]] = environ[given[0]]
        named = list(_named(tables))
        secrets += [name for source, name in named if source == "env"]
        files = [
            os.path.abspath(os.path.join(directory, os.path.expanduser(name)))
            for source, name in named
            if source == "file"
        ]
        return cls(
            config=config,
            config_text=text,
            plain=plain,
            secret_variables=tuple(dict.fromkeys(secrets)),
            secret_files=tuple(dict.fromkeys(files)),
            literal=tuple(_literal(tables)),
            agents=agents,
            command=_command(),
        )

    @property
    def stopping(self) -> float:
        """Seconds that a host may need to end after SIGTERM."""
        host = self.config.host
        return host.drain_grace + host.drain_timeout + END

    @property
    def patience(self) -> int:
        """Seconds after which a supervisor kills: more than ``stopping``."""
        return round(self.stopping + _SPARE + 0.5)

    @property
    def starting(self) -> int:
        """Seconds that a start may take where every agent takes all of its time."""
        return round(_START + self.config.host.build_timeout * max(1, self.agents) + 0.5)

    @property
    def open_files(self) -> int:
        """How many files one process may have open."""
        return self.config.host.max_connections + _OPEN_BESIDE

    @property
    def shared_store(self) -> bool:
        """Whether several hosts can share the store."""
        return self.config.state.scheme not in ("sqlite", "memory")

    @property
    def health_port(self) -> int | None:
        """The port of its own for health, where others than this machine reach it."""
        health = self.config.health
        return None if health.host is not None and loopback(health.host) else health.port or None


def loopback(address: str) -> bool:
    """Whether only this machine reaches an address."""
    return address.startswith(_LOOPBACK)


def _command() -> tuple[str, ...]:
    beside = os.path.join(os.path.dirname(sys.executable), "agenthost")
    return (beside, "run") if os.path.isfile(beside) else (sys.executable, "-m", "agenthost", "run")


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """The sources of secrets in a file: ``("env", NAME)`` and ``("file", path)``."""
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, dict):
        for source in ("env", "file"):
            if set(value) == {source} and isinstance(value[source], str):
                yield source, value[source]
                return
        for item in value.values():
            yield from _named(item)


def _literal(tables: Mapping[str, Any]) -> Iterator[str]:
    """Keys whose value is a secret that stands in the file, as far as the host can know."""
    sections = {
        "host": tables.get("host", {}),
        **{f"agents.{key}": each for key, each in tables.get("agents", {}).items()},
    }
    for section, table in sections.items():
        for name in ("password", "passwords", "signing_keys", "webhook_keys"):
            value = table.get(name, []) if isinstance(table, dict) else []
            if any(isinstance(item, str) for item in (value if isinstance(value, list) else [value])):
                yield f"{section}.{name}"
    store = tables.get("state", {}).get("url")
    if isinstance(store, str) and "@" in store:
        yield "state.url"
