"""Tracing by OpenTelemetry, enabled by ``[telemetry]`` and ``agenthost[otel]``.

OpenTelemetry's own variables apply (``OTEL_SERVICE_NAME``, ``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_TRACES_SAMPLER``, …).
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agenthost._host.installer.environment import installer
from agenthost._host.telemetry.spans import set_tracer
from agenthost._version import __version__
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.telemetry.spans import Span

__all__ = ["traced"]

_FLUSH_SECONDS = 1.5
"""Timeout for the last spans, as a collector that does not answer must not delay the end of a process."""


@contextmanager
def traced(config: Config) -> Iterator[None]:
    """Send spans during the block, if configured, and flush them at its end.

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """
    telemetry = config.telemetry
    if telemetry.otlp_endpoint is None and not telemetry.traces:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        fix = f"fix: {installer().install('agenthost[otel]')}"
        raise ConfigurationError(f"{config.place('telemetry')}: OpenTelemetry is not installed. {fix}") from error
    endpoint = telemetry.otlp_endpoint
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces" if endpoint else None)
    provider = TracerProvider(resource=Resource.create(_resource()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = _Tracer(provider.get_tracer("agenthost", __version__))
    set_tracer(tracer, tracer)
    try:
        yield
    finally:
        set_tracer(None)
        _shut_down(provider, exporter)


def _shut_down(provider: Any, exporter: Any) -> None:
    """Send the last spans, and drop those that the collector does not take in time.

    The SDK itself waits for 30 s, and its interface has no shorter timeout.
    """
    flushing = threading.Thread(target=provider.shutdown, name="agenthost-last-spans", daemon=True)
    flushing.start()
    flushing.join(_FLUSH_SECONDS)
    if flushing.is_alive():
        exporter.shutdown()  # no further attempts


def _resource() -> dict[str, str]:
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return {"service.version": __version__} | ({} if named else {"service.name": "agenthost"})


class _Tracer:
    """Starts spans."""

    def __init__(self, tracer: Any) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span  # noqa: PLC0415 - an extra
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self._tracer = tracer
        self._current = get_current_span
        self._propagator = TraceContextTextMapPropagator()
        self._kinds = {True: SpanKind.SERVER, False: SpanKind.INTERNAL}
        self._failed = Status(StatusCode.ERROR)

    def trace_id(self) -> str:
        """Return the ID of the present trace in hexadecimal, or an empty text."""
        context = self._current().get_span_context()
        return f"{context.trace_id:032x}" if context.is_valid else ""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that continue the present span on another host."""
        found: dict[str, str] = {}
        self._propagator.inject(found)
        return found

    def set_error_id(self, error_id: str) -> None:
        """Add the ID of a failure to the present span."""
        self._current().set_attribute("error_id", error_id)

    @contextmanager
    def __call__(
        self, name: str, attributes: Mapping[str, Any], caller: Mapping[str, str] | None = None
    ) -> Iterator[Span]:
        """Start a span around a block.

        Of an exception, the span has only the class.
        """
        context = self._propagator.extract(caller) if caller is not None else None
        with self._tracer.start_as_current_span(
            name,
            context,
            self._kinds[caller is not None],
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as begun:
            try:
                yield begun
            except BaseException as error:
                begun.set_attribute("error.type", type(error).__name__)
                begun.set_status(self._failed)
                raise
