"""The supervisor of the workers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_HEAVY = (
    *(
        "_hashlib",
        "decimal",
        "hashlib",
        "litestar",
        "msgspec",
        "pluggy",
        "stringprep",
        "tempfile",
        "urllib.parse",
        "uvicorn",
    ),
    *("agenthost.agent", "agenthost._host.access.tokens", "agenthost._host.runtime.runtime"),
)
_STARTED = """
import sys
from agenthost._cli import run
from agenthost._host.config.load import load_config
from agenthost._host.runtime.start import start_logging
from agenthost._web.supervisor import serving
from agenthost._web.process.ports import listen

start_logging(load_config(None, {"HOME": "/nonexistent"}))
listen("127.0.0.1", 0).close()
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Return the names of the modules that a supervisor has imported before its first worker."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    empty = tmp_path_factory.mktemp("empty")
    command = [sys.executable, "-c", _STARTED]
    done = subprocess.run(command, cwd=empty, env=environ, capture_output=True, check=True, text=True)  # noqa: S603 - written above
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize("module", _HEAVY)
def test_a_supervisor_does_not_import(imported, module):
    """It stays small, as it keeps what it imports."""
    assert module not in imported
