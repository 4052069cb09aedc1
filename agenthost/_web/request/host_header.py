"""The ``Host`` header of a request."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["host_allowed"]

_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LONGEST = 259
"""A name of 253 characters with a port."""


def host_allowed(host: bytes) -> bool:
    """Return True if a ``Host`` header is a name or address with an optional port."""
    return len(host) <= _LONGEST and _well_formed(host)


@lru_cache(64)
def _well_formed(host: bytes) -> bool:
    return _HOST.fullmatch(host) is not None
