"""Key paths, as errors name the place of a value in a TOML file: ``agents."acme-dental:dental".rooms``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["key_path", "refuse_unknown"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key_path(table: str, *names: str) -> str:
    """Return the path of a key.

    Args:
        table: the key path of a table, empty for the whole file.
        names: the keys that lead on from there; what is not a bare key gets quoted (TOML 1.0, "Keys").
    """
    steps = [name if _BARE.fullmatch(name) else _quoted(name) for name in names]
    return ".".join([table, *steps] if table else steps)


def _quoted(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def refuse_unknown(values: Iterable[str], known: Collection[str], where: str, key: str) -> None:
    """Check that every key of a table is known.

    Args:
        values: the table, or its keys.
        known: the keys that it may have, in the order in which an error lists them.
        where: the file, for the error.
        key: the key path of the table, empty for the whole file.

    Raises:
        ConfigurationError: a key is unknown; the text suggests the nearest known one and lists them all.
    """
    for name in values:
        if name in known:
            continue
        from difflib import get_close_matches  # noqa: PLC0415  # 6 ms that only a mistake has to pay

        nearest = get_close_matches(name, known, 1)
        advice = f"Did you mean {nearest[0]}? " if nearest else ""
        advice += f"Known here: {', '.join(known)}." if known else "Delete it: nothing can be set here."
        raise ConfigurationError(f"{where}: {key_path(key, name)}: there is no such key. {advice}")
