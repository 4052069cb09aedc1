"""Spans of answering agents, if a tracer is set."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CurrentSpan",
    "Span",
    "Tracer",
    "mark_failed",
    "outgoing",
    "request_span",
    "set_tracer",
    "span",
    "trace_id",
    "tracing",
]


class Span(Protocol):
    """A span that has begun."""

    def set_attribute(self, name: str, value: Any) -> object:
        """Add an attribute."""


class _Nothing:
    __slots__ = ()

    def set_attribute(self, name: str, value: Any) -> None:
        """Ignore the attribute."""


class Tracer(Protocol):
    """Starts spans."""

    def __call__(
        self, name: str, attributes: Mapping[str, Any], caller: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Span]:
        """Start a span around a block.

        ``caller`` has the trace headers of a request.
        """


class CurrentSpan(Protocol):
    """The span in which code runs."""

    def trace_id(self) -> str:
        """Return the ID of its trace, or an empty text without a span."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that continue it on another host."""

    def set_error_id(self, error_id: str) -> None:
        """Add the ID of a failure to it."""


_nothing: AbstractContextManager[Span] = nullcontext(_Nothing())
_start: Tracer | None = None
_current: CurrentSpan | None = None


def tracing() -> bool:
    """Return True if a tracer is set.

    Check this first where a span would cost more than the code within it.
    """
    return _start is not None


def span(name: str, attributes: Mapping[str, Any]) -> AbstractContextManager[Span]:
    """Start a span around a block.

    ``attributes`` have the names of OpenTelemetry's conventions.
    """
    return _nothing if _start is None else _start(name, attributes)


def request_span(name: str, attributes: Mapping[str, Any], caller: Mapping[str, str]) -> AbstractContextManager[Span]:
    """Start a span around the answer to a request.

    ``caller`` has its headers ``traceparent`` and ``tracestate``.
    """
    return _nothing if _start is None else _start(name, attributes, caller)


def trace_id() -> str:
    """Return the ID of the present trace for the log, or an empty text."""
    return "" if _current is None else _current.trace_id()


def outgoing() -> Mapping[str, str]:
    """Return the headers of a request that belongs to the present trace."""
    return {} if _current is None else _current.headers()


def mark_failed(error_id: str) -> None:
    """Add the ID of a failure to the present span, if there is one."""
    if _current is not None:
        _current.set_error_id(error_id)


def set_tracer(start: Tracer | None, current: CurrentSpan | None = None) -> None:
    """Set the tracer, or remove it with None."""
    global _start, _current
    _start, _current = start, current
