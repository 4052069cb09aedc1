"""The parts of secrets that libraries log alone.

An example is the token in the path of a webhook's URL.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["secret_parts"]

_CALLED = re.compile(r"token|key|secret|pass|pwd|auth|sig|credential|cred|code|hash|jwt|session", re.IGNORECASE)
"""Words in the names of values that are secret."""
_OF_THE_WEB = ("http", "https", "ws", "wss")
_SHORT = 8
_WORD = 16
"""The length from which a text of small letters is not a common word."""


def secret_parts(text: str) -> Iterator[str]:
    """Yield the parts of a secret text that are secret by themselves.

    In a URL, they are the user information, and texts that look like a secret in the path, the query and the fragment.
    In JSON, they are all such texts. In a text of several lines, each line is one. A password or a key has none.
    """
    if text.lstrip().startswith(("{", "[")):
        try:
            yield from _of_json("", json.loads(text))
        except (ValueError, RecursionError):
            pass
        else:
            return
    lines = text.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines if _looks_secret(line.strip()) and not line.startswith("-----"))
    elif "://" in text:
        try:
            yield from _of_url(urlsplit(text))
        except ValueError:
            yield text


def _of_url(url: SplitResult) -> Iterator[str]:
    of_the_web = url.scheme.lower() in _OF_THE_WEB
    found: list[str] = []
    userinfo = url.netloc.rpartition("@")[0]
    user, _, password = userinfo.partition(":")
    if password:
        found.append(password)
    if of_the_web:  # elsewhere users and paths are names, such as those of a database
        found += [user] if user and (not password or _looks_secret(user)) else []
        found += [segment for segment in url.path.split("/") if _looks_secret(unquote(segment))]
    for pair in (*url.query.split("&"), *url.fragment.split("&")):
        name, equals, value = pair.partition("=")
        if _CALLED.search(name) and value:
            found.append(value)
        elif of_the_web and _looks_secret(unquote_plus(value if equals else name)):
            found.append(value if equals else name)
    for part in found:
        yield part
        yield unquote(part)


def _of_json(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if _CALLED.search(name) or (len(value) >= _WORD and _looks_secret(value)):
            yield value
        if "://" in value or "\n" in value:
            yield from secret_parts(value)
    elif isinstance(value, dict):
        for each, inner in value.items():
            yield from _of_json(each, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _of_json(name, inner)


def _looks_secret(text: str) -> bool:
    """Return True if a text is unlikely to be a common word.

    It is long, or has more in it than small letters.
    """
    return len(text) >= _SHORT and not (len(text) < _WORD and text.isalpha() and text.islower())
