"""Contents of packages and of the configuration, to recognise those that were deployed."""

from __future__ import annotations

import importlib.metadata
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["digest_of", "digest_of_settings"]

_AGENTS = "agenthost.agents"
_LOCK = "agenthost.lock"


def digest_of(distribution: str) -> str:
    """Return a digest of a package: its version, and the modules of its agents.

    It is empty if the package is not installed, such as for a configured workflow.
    """
    try:
        found = importlib.metadata.distribution(distribution)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""
    total = sha256(found.version.encode())
    modules = {each.module.partition(".")[0] for each in found.entry_points if each.group == _AGENTS}
    for module in sorted(modules):
        for file in _files(module):
            total.update(file.read_bytes())
    return total.hexdigest()[:16]


def digest_of_settings(config: str | None) -> str:
    """Return a digest of a configuration file, and of the lock file beside it."""
    if config is None:
        return ""
    file = Path(config)
    total = sha256()
    for each in (file, file.with_name(_LOCK)):
        total.update(each.read_bytes() + b"\n" if each.exists() else b"-")
    return total.hexdigest()[:16]


def _files(module: str) -> Iterator[Path]:
    """Yield the source files of a top-level module, which is not imported."""
    spec = PathFinder.find_spec(module)
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        yield Path(str(spec.origin))
        return
    for place in spec.submodule_search_locations:
        yield from sorted(Path(place).rglob("*.py"))
