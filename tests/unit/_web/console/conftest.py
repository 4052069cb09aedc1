"""The log of a host, as its process keeps it."""

import logging

import pytest

from agenthost._host.telemetry.log import JsonLines
from agenthost._host.telemetry.recent_lines import recent_lines
from agenthost._host.telemetry.secrets.redactor import NO_SECRETS


class _Keeping(logging.Handler):
    """Keeps lines as the handler of a host does."""

    def emit(self, record):
        recent_lines.add(f"{self.format(record)}\n", severe=record.levelno >= logging.WARNING)


@pytest.fixture
def kept_log():
    """Keep recent lines of the log, which pytest's own handlers prevent otherwise."""
    handler, log = _Keeping(), logging.getLogger("agenthost")
    handler.setFormatter(JsonLines(NO_SECRETS))
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    recent_lines.clear()
    yield
    log.removeHandler(handler)
    log.setLevel(before)
    recent_lines.clear()
