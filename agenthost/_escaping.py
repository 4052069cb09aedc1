r"""Escaping: text that people read cannot move a cursor or imitate other lines.

Control characters (ECMA-48), line ends, invisible characters and marks that turn the direction of writing are shown as
JSON writes them, such as ``\u001b``, so JSON keeps its meaning. Characters that scripts need inside words stay.
"""

from __future__ import annotations

import re

__all__ = ["escaped"]

_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U0001d173-\U0001d17a\U000e0001-\U000e007f]"
)
"""Compiled at the first text that needs it, which few commands have."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLANE = 0x10000


def escaped(text: str, keep: str = "") -> str:
    r"""Return a text in a form that is safe to show.

    ``keep`` has the characters that stay: ``"\n"`` if the text is in lines of the host's own.
    """
    plain = text
    for character in keep:
        plain = plain.replace(character, "")
    if plain.isprintable():  # which almost every text is
        return text
    return re.sub(
        _UNSAFE, lambda found: found[0] if found[0] in keep else _SHORT.get(found[0]) or _form(found[0]), text
    )


def _form(character: str) -> str:
    code = ord(character)
    if code < _PLANE:
        return f"\\u{code:04x}"
    high, low = divmod(code - _PLANE, 0x400)  # a surrogate pair, as in JSON
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
