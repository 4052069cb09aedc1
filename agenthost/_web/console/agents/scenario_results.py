"""The last result of each scenario, in a file of the state directory."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from agenthost._private_files import read_private
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
        found = json.loads(read_private(str(_path(config)), "host.state_dir"))
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
    path = _path(config)
    fresh = path.with_name(f"{_NAME}.{token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
            json.dump(kept, written)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        return False
    return True


def _path(config: Config) -> Path:
    return Path(config.host.state_dir, _NAME)
