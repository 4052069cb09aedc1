"""Allowed hosts: the accepted names in ``Host``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agenthost._web.request.requests import Refused

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["AllowedHosts"]

_ADDRESS = re.compile(rb"\[[0-9a-f:.]+\]|[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


class AllowedHosts:
    """The names that a host answers to.

    Addresses and ``localhost`` are always among them: probes use them, and no attacker can point them here.

    ``names`` may contain ``*.example.com`` for all below one, and ``*`` for any; none means any.
    """

    def __init__(self, names: Collection[str]) -> None:
        self.any = "*" in names or not names
        """True if every name is accepted."""
        self._exact = {b"localhost", *(name.encode() for name in names)}
        self._below = tuple(name[1:].encode() for name in names if name.startswith("*."))

    def check(self, host: bytes) -> None:
        """Refuse a request whose valid ``Host`` is not allowed.

        Raises:
            Refused: 400.
        """
        if not self.any and host not in self._exact and not self._has(host):
            raise Refused(400, "Host is not one that this host answers for")

    def _has(self, host: bytes) -> bool:
        bracketed = host.startswith(b"[")
        name = host.rpartition(b"]")[0] + b"]" if bracketed else host.partition(b":")[0].lower().removesuffix(b".")
        return name in self._exact or name.endswith(self._below) or _ADDRESS.fullmatch(name.lower()) is not None
