"""Agents that somebody has disabled at a running host, until they are enabled again.

They are listed in its state directory.
"""

# No pathlib: every start of the host reads it.
# ruff: noqa: PTH100, PTH118

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost._host.config.schema import AgentConfig
from agenthost._private_files import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config

__all__ = ["disable", "disabled_agents", "enable", "put_back", "without_disabled"]

_KEY = "host.state_dir"


def disabled_agents(config: Config) -> dict[str, dict[str, Any]]:
    """Return by key who has disabled each agent (``by``), and when (``since``).

    A file that cannot be read disables nothing.

    Raises:
        ConfigurationError: another user could have written the file.
    """
    try:
        found = json.loads(read_private(_path(config), _KEY))
    except (OSError, ValueError):
        return {}
    return {str(key): dict(each) for key, each in found.items()} if isinstance(found, dict) else {}


def disable(config: Config, key: str, by: str) -> None:
    """Disable an agent from the next reload or start on.

    Raises:
        OSError: the state directory cannot be written.
    """
    _write(config, disabled_agents(config) | {key: {"by": by, "since": time.time()}})


def enable(config: Config, key: str) -> None:
    """Enable an agent that was disabled, from the next reload or start on.

    Raises:
        OSError: the state directory cannot be written.
    """
    put_back(config, key, None)


def put_back(config: Config, key: str, entry: Mapping[str, Any] | None) -> None:
    """Restore what ``disabled_agents`` had for an agent.

    ``entry`` is None for one that was enabled.

    Raises:
        OSError: the state directory cannot be written.
    """
    others = {name: each for name, each in disabled_agents(config).items() if name != key}
    _write(config, others if entry is None else others | {key: dict(entry)})


def without_disabled(config: Config) -> Config:
    """Return the configuration in which the disabled agents are not enabled.

    Raises:
        ConfigurationError: see ``disabled_agents``.
    """
    disabled = disabled_agents(config)
    if not disabled:
        return config
    sections = dict(config.agents)
    for key in disabled:
        name = next((name for name in sections if key in (name, name.rpartition(":")[2])), key)
        sections[name] = evolve(sections.get(name) or AgentConfig(), enabled=False, optional=True)
    return evolve(config, agents=sections)


def _write(config: Config, agents: Mapping[str, Any]) -> None:
    path = _path(config)
    if not agents:
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108
        return
    write_private(path, json.dumps(agents))


def _path(config: Config) -> str:
    """Return the file of one host, as several may share a state directory."""
    host = config.host
    where = os.path.abspath(host.uds) if host.uds is not None else f"{host.host}:{host.port}"
    return os.path.join(host.state_dir, f"disabled-{hashlib.sha256(where.encode()).hexdigest()[:12]}.json")
