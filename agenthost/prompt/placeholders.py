"""``${global_data.…}`` in prompts.

On a call the platform fills it in; in text the host does.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["filled"]

_LONGEST = 1000
_PLACE = re.compile(r"[$%]\{\s*global_data\.([\w.]{1,200})\s*\}")


def filled(text: str, data: Mapping[str, object]) -> str:
    """Replace placeholders by their values, each on one line.

    An unknown value leaves an empty place.

    Args:
        text: the prompt.
        data: the global data. A dot in a placeholder leads into an object.
    """
    return _PLACE.sub(lambda found: _text_at(found[1].split("."), data), text)


def _text_at(path: list[str], value: object) -> str:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return ""
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(said.split())[:_LONGEST]
