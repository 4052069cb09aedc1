"""Key paths, as errors name the place of a value in a TOML file: ``agents."acme-dental:dental".rooms``."""

from __future__ import annotations

import re

__all__ = ["key_path"]

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
