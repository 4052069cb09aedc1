"""The parts of a configuration that files for a supervisor need.

These are times, ports and limits, and of secrets only the names.
"""

# No pathlib: the command line stays light.
# ruff: noqa: PTH100, PTH111, PTH113, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import sys
import tomllib
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.config.declaration import keys_of
from agenthost._host.config.load import variables
from agenthost._host.config.schema import HostConfig
from agenthost._host.config.secret_sources import sources
from agenthost._host.config.value_types import KEYS, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["END", "Deployment"]

END = 5.0
"""Seconds beyond grace and drain after which a worker is killed."""
_SPARE = 10.0
"""Seconds beyond that before a supervisor kills the host."""
_START = 20.0
"""Seconds for Python and the packages' imports, before agents are built."""
_NEEDED = ("AGENTHOST_PASSWORD", "SIGNALWIRE_SWAIG_SECRET")
"""Secrets that all hosts behind one address must share."""
_OPEN_BESIDE = 1024
"""Open files besides connections: libraries, stores, logs."""
_NOT_EXPORTED = ("host", "state_dir")
_LOOPBACK = ("127.", "localhost", "::1", "[::1]")


@frozen(kw_only=True)
class Deployment:
    """The data that a supervisor needs to start, probe and stop the host."""

    config: Config
    config_text: str | None
    """The text of its file, or None."""
    plain: Mapping[str, str]
    secret_variables: tuple[str, ...]
    """Variables with secrets, those that are set or that the file names."""
    secret_files: tuple[str, ...]
    """Absolute paths of the secret files that the file names."""
    secret_names: tuple[str, ...]
    """The same files, as the file names them."""
    literal: tuple[str, ...]
    agents: int
    command: tuple[str, ...]

    @classmethod
    def of(cls, config: Config, environ: Mapping[str, str], agents: int) -> Deployment:
        """Collect the data from configuration and environment."""
        text, tables, directory = None, {}, ""
        if config.source is not None:
            with open(config.source, encoding="utf-8-sig") as file:
                text = file.read()
            tables, directory = tomllib.loads(text), os.path.dirname(os.path.abspath(config.source))
        if not config.host.serves():  # the secrets of other hosts' agents stay with those
            own = {key: table for key, table in tables.get("agents", {}).items() if config.host.may_serve(key)}
            tables = {**tables, "agents": own}
        plain: dict[str, str] = {}
        secrets: list[str] = []
        for name, key in keys_of(HostConfig).items():
            given = [each for each in variables(key) if environ.get(each)]
            if key.kind in (PASSWORD, KEYS):
                secrets += given[:1]
            elif given and name not in _NOT_EXPORTED:
                plain[given[0]] = environ[given[0]]
        named = list(sources(tables))
        secrets += [name for source, name in named if source == "env"]
        files = {
            os.path.abspath(os.path.join(directory, os.path.expanduser(name))): os.path.expanduser(name)
            for source, name in named
            if source == "file"
        }
        return cls(
            config=config,
            config_text=text,
            plain=plain,
            secret_variables=tuple(dict.fromkeys(secrets)),
            secret_files=tuple(files),
            secret_names=tuple(files.values()),
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
        """Seconds for a start in which every agent uses its whole build timeout."""
        return round(_START + self.config.host.build_timeout * max(1, self.agents) + 0.5)

    @property
    def open_files(self) -> int:
        """Limit of open files of one process."""
        return self.config.host.max_connections + _OPEN_BESIDE

    @property
    def missing_secrets(self) -> tuple[str, ...]:
        """Secrets that several hosts must share, but that are not configured."""
        host = self.config.host
        given = (bool(host.accepted_passwords), bool(host.signing_keys))
        return tuple(name for name, is_given in zip(_NEEDED, given, strict=True) if not is_given)

    @property
    def shared_store(self) -> bool:
        """True if several hosts can share the store."""
        return self.config.state.scheme not in ("sqlite", "memory")

    @property
    def health_port(self) -> int | None:
        """The separate health port, if other machines can reach it."""
        health = self.config.health
        return None if health.host is not None and loopback(health.host) else health.port or None


def loopback(address: str) -> bool:
    """Return True for an address that only this machine can reach."""
    return address.startswith(_LOOPBACK)


def _command() -> tuple[str, ...]:
    beside = os.path.join(os.path.dirname(sys.executable), "agenthost")
    return (beside, "run") if os.path.isfile(beside) else (sys.executable, "-m", "agenthost", "run")


def _literal(tables: Mapping[str, Any]) -> Iterator[str]:
    """Yield keys whose value is a secret in the file itself."""
    sections = {
        "host": tables.get("host", {}),
        **{f"agents.{key}": each for key, each in tables.get("agents", {}).items()},
    }
    for section, table in sections.items():
        for name in ("password", "passwords", "signing_keys", "webhook_keys"):
            value = table.get(name, []) if isinstance(table, dict) else []
            if any(isinstance(item, str) for item in (value if isinstance(value, list) else [value])):
                yield f"{section}.{name}"
    for name, table in tables.get("peers", {}).items():
        if isinstance(table, dict) and isinstance(table.get("secret"), str):
            yield f"peers.{name}.secret"
    store = tables.get("state", {}).get("url")
    if isinstance(store, str) and "@" in store:
        yield "state.url"
