"""The last result of each scenario, in a file of the state directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenthost._private_files import read_private, write_private
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config

__all__ = ["keep_result", "last_results"]

_NAME = "scenarios.json"
_MOST = 300
"""The most results. The oldest are dropped."""


def last_results(config: Config) -> dict[str, dict[str, Any]]:
    """Return the last result of each scenario, by the path of its file."""
    try:
        found = json.loads(read_private(_path(config), "host.state_dir"))
    except (OSError, ValueError, ConfigurationError):
        return {}
    return {str(file): dict(each) for file, each in found.items()} if isinstance(found, dict) else {}


def keep_result(config: Config, file: str, result: Mapping[str, Any]) -> bool:
    """Keep a result as the last one of a scenario.

    Returns:
        False if the state directory cannot be written.
    """
    others = {name: each for name, each in last_results(config).items() if name != file}
    kept = dict([*others.items(), (file, dict(result))][-_MOST:])
    try:
        write_private(_path(config), json.dumps(kept))
    except OSError:
        return False
    return True


def _path(config: Config) -> str:
    return str(Path(config.host.state_dir, _NAME))
