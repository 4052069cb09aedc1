"""Crossing: the agents that a turn was sent to on other hosts, and its budget."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from math import inf, isfinite
from typing import TYPE_CHECKING

from attrs import evolve, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenthost._host.config.schema import TurnsConfig
    from agenthost.workflows.team import Remaining

__all__ = [
    "BUDGET",
    "CROSSED",
    "HEADER",
    "Crossing",
    "budget_header",
    "crossed_by",
    "crossing",
    "limited",
    "present_crossing",
    "seconds_left",
    "way_of",
]

HEADER = "agenthost-crossed"
"""The header with these agents, separated by commas."""
BUDGET = "agenthost-budget"
"""The header with what is left of the turn's budget: ``seconds=8.250, calls=30, tokens=190000, hops=7``."""
CROSSED: ContextVar[tuple[str, ...]] = ContextVar("agenthost_crossed", default=())
_LEFT: ContextVar[Mapping[str, float] | None] = ContextVar("agenthost_budget_left", default=None)
_NAME, _BUDGET = HEADER.encode(), BUDGET.encode()
_LIMITS = ("calls", "tokens", "hops")
_MOST = 16


@frozen
class Crossing:
    """The way of a turn, and what its first host had left of the budget.

    ``left`` is None for a turn that begins here.
    """

    way: tuple[str, ...] = ()
    left: Mapping[str, float] | None = None


@contextmanager
def crossed_by(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[None]:
    """Let calls in this block follow the turn of a request, by its headers."""
    found = {name: value for name, value in headers if name in (_NAME, _BUDGET)}
    if not found:
        yield
        return
    with crossing(Crossing(way_of(found.get(_NAME, b"")), _numbers(found.get(_BUDGET, b"")))):
        yield


@contextmanager
def crossing(turn: Crossing) -> Iterator[None]:
    """Let calls in this block follow a turn, also in another task or process."""
    way, left = CROSSED.set(turn.way), _LEFT.set(turn.left)
    try:
        yield
    finally:
        CROSSED.reset(way)
        _LEFT.reset(left)


def present_crossing() -> Crossing:
    """Return the way and the budget of the present turn."""
    return Crossing(CROSSED.get(), _LEFT.get())


def seconds_left(most: float) -> float:
    """Return the seconds for the present turn: ``most``, or what its first host has left."""
    return min(most, (_LEFT.get() or {}).get("seconds", inf))


def limited(limits: TurnsConfig) -> TurnsConfig:
    """Return the limits of the present turn: these, or what its first host has left."""
    left = _LEFT.get()
    if not left:
        return limits
    return evolve(limits, **{name: int(min(getattr(limits, name), left[name])) for name in _LIMITS if name in left})


def budget_header(remaining: Remaining) -> str:
    """Return the header with a remaining budget.

    The call that it is sent with is counted on both hosts.
    """
    counts = f"calls={remaining.calls + 1}, tokens={remaining.tokens}, hops={remaining.hops}"
    return f"seconds={remaining.seconds:.3f}, {counts}"


def _numbers(value: bytes) -> dict[str, float]:
    """Return the numbers of a header by name, without those that are none."""
    found = {}
    for pair in value.decode("latin-1").split(","):
        name, _, number = pair.partition("=")
        try:
            left = float(number)
        except ValueError:
            continue
        if isfinite(left):
            found[name.strip()] = max(0.0, left)
    return found


def way_of(value: bytes) -> tuple[str, ...]:
    """Return the agents of a header, of which only the first are kept."""
    words = (word.strip() for word in value.decode("latin-1").split(","))
    return tuple(word for word in words if word)[:_MOST]
