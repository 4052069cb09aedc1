"""Snapshots: values without the parts that change from run to run."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["stable"]

_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]", "0.0.0.0", "agenthost.test"})  # noqa: S104 - nothing is opened
_URL = re.compile(r"\b(https?|wss?)://([^/@\s\"'<>]+@)?(\[[^\]\s]+\]|[^/:?#\s\"'<>]+)(:\d+)?")
_TOKEN = re.compile(r"\b(__token|token)=[^&#\s\"'<>]+")
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b|\be-[0-9a-f]{12}\b")


def stable(value: Any, *hosts: str) -> Any:
    """Return a copy of a value that is the same in every run.

    Tokens become ``TOKEN``, the credentials in URLs ``USER:PASSWORD``, the address of the host ``HOST``, and random IDs
    ``ID-1``, ``ID-2`` and so on in the order in which they first appear.

    Args:
        value: a JSON value, such as a document, or text.
        hosts: further names of the host, such as that of its public URL. Addresses of this machine need none.
    """
    known: dict[str, str] = {}
    return _walked(value, partial(_replaced, hosts=_LOCAL.union(hosts), known=known))


def _walked(value: Any, replaced: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return replaced(value)
    if isinstance(value, dict):
        return {replaced(key) if isinstance(key, str) else key: _walked(item, replaced) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walked(item, replaced) for item in value]
    return value


def _replaced(text: str, hosts: frozenset[str], known: dict[str, str]) -> str:
    def address(found: re.Match[str]) -> str:
        scheme, userinfo, host, port = found.groups()
        pair = "USER:PASSWORD@" if userinfo else ""
        return f"{scheme}://{pair}{'HOST' if host in hosts else host + (port or '')}"

    def numbered(found: re.Match[str]) -> str:
        return known.setdefault(found[0], f"ID-{len(known) + 1}")

    return _ID.sub(numbered, _TOKEN.sub(r"\1=TOKEN", _URL.sub(address, text)))
