"""Tracing: off unless somebody asks for it, and then it says what is missing."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from polling import poll_until

from agenthost._host.config.schema import Config, TelemetryConfig
from agenthost._host.telemetry.call_log import EndedCall, call_ended, log_later, write_now
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.log import JsonLines, TextLines
from agenthost._host.telemetry.secrets.redactor import NO_SECRETS
from agenthost._host.telemetry.spans import mark_failed, request_span, set_tracer, span, trace_id, tracing
from agenthost._host.telemetry.tracing import _Tracer, traced
from agenthost._web.tracing import with_spans
from agenthost.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _exporters_end():
    """Let none of their threads log into a later test."""
    yield
    threads = ("OtelBatch", "agenthost-last-spans")
    poll_until(lambda: not any(each.name.startswith(threads) for each in threading.enumerate()))


@pytest.mark.slow
def test_nothing_is_imported_or_told_by_default():
    """Spans cost nothing to nobody."""
    program = (
        "import sys; from agenthost._host.config.schema import Config\n"
        "from agenthost._host.telemetry.tracing import traced\n"
        "with traced(Config()): print(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "False\n"
    assert not tracing()
    with span("nothing", {}) as told, request_span("nothing", {}, {}) as request:
        told.set_attribute("nobody", 1)
        request.set_attribute("nobody", 1)


def test_a_missing_extra_says_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    wanted = traced(Config(telemetry=TelemetryConfig(traces=True)))
    with pytest.raises(ConfigurationError, match=r"pip install 'agenthost\[otel\]'"):
        wanted.__enter__()
    assert not tracing()


def test_tracing_ends_with_its_block():
    """Remaining spans are sent or dropped, and no tracer is called any longer."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    with traced(Config(telemetry=TelemetryConfig(otlp_endpoint="http://127.0.0.1:9"))):
        assert tracing()
    assert not tracing()


@pytest.mark.slow
def test_a_collector_that_does_not_answer_does_not_delay_the_end():
    """The end takes two seconds at most, with spans left and a silent collector."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with traced(Config(telemetry=TelemetryConfig(otlp_endpoint=endpoint))):
            with span("left", {}):
                pass
            begun = time.monotonic()
        assert time.monotonic() - begun < 2.0


@pytest.fixture
def spans():
    """The spans that end, of a real tracer without a collector."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(memory))
    tracer = _Tracer(provider.get_tracer("test"))
    set_tracer(tracer, tracer)
    yield memory.get_finished_spans
    set_tracer(None)


def test_lines_of_a_request_have_its_trace(spans, caplog):
    """Delayed lines have it, too, and lines outside of a request have none."""
    record = logging.makeLogRecord({"name": "agenthost.web", "msg": "slow"})
    form = JsonLines(NO_SECRETS)
    with request_span("POST /desk/swaig", {}, {}):
        live = json.loads(form.format(record))
        assert f"trace_id='{trace_id()}'" in TextLines(NO_SECRETS, colors=False).format(record)
        with caplog.at_level(logging.INFO, "agenthost"):
            call_ended(Owner("desk", "tool", "book"), "c-1", 0.1, "ok", None)
            log_later(logging.getLogger("agenthost.tools"), logging.ERROR, "again", {})
            write_now()
    [ended] = spans()

    assert live["trace_id"] == f"{ended.context.trace_id:032x}"
    assert [each.fields["trace_id"] for each in caplog.records] == [live["trace_id"]] * 2
    line = EndedCall(1e9, Owner("desk", "tool", "book"), "c-1", 0.1, "ok", None, "", live["trace_id"])
    assert json.loads(form.waited(line))["trace_id"] == live["trace_id"]
    assert "trace_id" not in json.loads(form.format(record))


def test_a_failure_marks_the_span(spans):
    with request_span("POST /desk/swaig", {}, {}):
        mark_failed("e-0123456789ab")
    mark_failed("e-ffffffffffff")

    assert [span.attributes["error_id"] for span in spans()] == ["e-0123456789ab"]


def test_polled_paths_have_no_spans_of_their_own(spans):
    """A caller with a trace gets its span."""

    async def front(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200})

    front.runtime = SimpleNamespace(published=None)

    async def send(_message):
        pass

    async def ask(path, *headers):
        scope = {"type": "http", "method": "GET", "scheme": "http", "path": path, "headers": headers}
        await with_spans(front)(scope, None, send)

    async def ask_all():
        for path in ("/live", "/ready", "/ready/desk", "/startup", "/health", "/metrics"):
            await ask(path)
        assert spans() == ()
        await ask("/health", (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        await ask("/readiness")

    asyncio.run(ask_all())
    assert len(spans()) == 2
