"""Crossing: the agents of other hosts that a turn has already been sent to."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CROSSED", "HEADER", "SECONDS", "crossed_by", "seconds_left", "way_of"]

HEADER = "agenthost-crossed"
"""The header with these agents, separated by commas."""
SECONDS = "agenthost-seconds"
"""The header with the seconds that are left of the turn."""
CROSSED: ContextVar[tuple[str, ...]] = ContextVar("agenthost_crossed", default=())
_SECONDS_LEFT: ContextVar[float] = ContextVar("agenthost_seconds_left", default=inf)
_NAME, _LEFT = HEADER.encode(), SECONDS.encode()
_MOST = 16


@contextmanager
def crossed_by(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[None]:
    """Let calls in this block follow the turn of a request, by its headers."""
    found = {name: value for name, value in headers if name in (_NAME, _LEFT)}
    if not found:
        yield
        return
    way, left = CROSSED.set(way_of(found.get(_NAME, b""))), _SECONDS_LEFT.set(_seconds(found.get(_LEFT, b"")))
    try:
        yield
    finally:
        CROSSED.reset(way)
        _SECONDS_LEFT.reset(left)


def seconds_left(most: float) -> float:
    """Return the seconds for the present turn: ``most``, or what its first host has left."""
    return min(most, _SECONDS_LEFT.get())


def _seconds(value: bytes) -> float:
    try:
        return max(0.0, float(value))
    except ValueError:
        return inf


def way_of(value: bytes) -> tuple[str, ...]:
    """Return the agents of a header, of which only the first are kept."""
    words = (word.strip() for word in value.decode("latin-1").split(","))
    return tuple(word for word in words if word)[:_MOST]
