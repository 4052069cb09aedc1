"""Tracing: off unless somebody asks for it, and then it says what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agenthost._host.config.schema import Config, TelemetryConfig
from agenthost._host.telemetry.spans import request_span, span, tracing
from agenthost._host.telemetry.tracing import traced
from agenthost.errors import ConfigurationError


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
