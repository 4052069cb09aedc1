"""Spans: what a tracer is told of agents that answer; nothing, unless one has been set."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Span", "Tracer", "request_span", "set_tracer", "span", "tracing"]


class Span(Protocol):
    """A span that has begun."""

    def set_attribute(self, name: str, value: Any) -> object:
        """Add what is only known later."""


class _Nothing:
    __slots__ = ()

    def set_attribute(self, name: str, value: Any) -> None:
        """There is nobody to tell."""


class Tracer(Protocol):
    """What begins spans."""

    def __call__(
        self, name: str, attributes: Mapping[str, Any], caller: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Span]:
        """A span around a block; ``caller`` holds what a request says of the trace that it belongs to."""


_nothing: AbstractContextManager[Span] = nullcontext(_Nothing())
_start: Tracer | None = None


def tracing() -> bool:
    """Whether anybody is told of spans; asked first wherever a span would cost more than what it is around."""
    return _start is not None


def span(name: str, attributes: Mapping[str, Any]) -> AbstractContextManager[Span]:
    """A span around a block.

    Args:
        name: what it is called.
        attributes: what is known when it begins, by the names of OpenTelemetry's conventions.
    """
    return _nothing if _start is None else _start(name, attributes)


def request_span(name: str, attributes: Mapping[str, Any], caller: Mapping[str, str]) -> AbstractContextManager[Span]:
    """A span around the answer to a request; ``caller`` holds its headers ``traceparent`` and ``tracestate``."""
    return _nothing if _start is None else _start(name, attributes, caller)


def set_tracer(start: Tracer | None) -> None:
    """Have spans begun by ``start`` from now on; None ends that."""
    global _start  # noqa: PLW0603 - one process has one tracer
    _start = start
