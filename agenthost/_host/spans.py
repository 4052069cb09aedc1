"""Spans: what a tracer is told of agents that answer; nothing, unless one has been set."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Span", "set_tracer", "span"]


class Span(Protocol):
    """A span that has begun."""

    def set_attribute(self, name: str, value: Any) -> object:
        """Add what is only known later."""


class _Nothing:
    __slots__ = ()

    def set_attribute(self, name: str, value: Any) -> None:
        """There is nobody to tell."""


_nothing: AbstractContextManager[Span] = nullcontext(_Nothing())
_start: Callable[[str, Mapping[str, Any]], AbstractContextManager[Span]] | None = None


def span(name: str, attributes: Mapping[str, Any]) -> AbstractContextManager[Span]:
    """A span around a block.

    Args:
        name: what it is called.
        attributes: what is known when it begins, by the names of OpenTelemetry's conventions for generative AI.
    """
    return _nothing if _start is None else _start(name, attributes)


def set_tracer(start: Callable[[str, Mapping[str, Any]], AbstractContextManager[Span]] | None) -> None:
    """Have spans begun by ``start`` from now on; None ends that."""
    global _start  # noqa: PLW0603 - one process has one tracer
    _start = start
