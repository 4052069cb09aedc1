"""Makes this folder importable, for what unit and e2e tests share."""

import sys


def pytest_runtest_teardown():
    """Have lines that are logged a moment later written, so that none of a test's is found in the log of the next."""
    if call_log := sys.modules.get("agenthost._host.telemetry.call_log"):
        call_log.write_now()
