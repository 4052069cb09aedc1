"""Spans of answering agents, if a tracer is set."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Span", "Tracer", "request_span", "set_tracer", "span", "tracing"]


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


_nothing: AbstractContextManager[Span] = nullcontext(_Nothing())
_start: Tracer | None = None


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


def set_tracer(start: Tracer | None) -> None:
    """Set the tracer, or remove it with None."""
    global _start  # noqa: PLW0603 - one process has one tracer
    _start = start
