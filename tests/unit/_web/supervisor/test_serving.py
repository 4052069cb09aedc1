"""The supervisor of the workers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_HEAVY = (
    *(
        "_hashlib",
        "click",
        "decimal",
        "hashlib",
        "litestar",
        "msgspec",
        "pluggy",
        "stringprep",
        "subprocess",
        "tempfile",
        "tomllib",
        "urllib.parse",
        "uvicorn",
    ),
    *("agenthost.agent", "agenthost._host.access.tokens", "agenthost._host.runtime.runtime"),
)
_STARTED = """
import sys
from agenthost import __main__
from agenthost._web.supervisor import supervisor

def run(self):
    print(*sys.modules)
    sys.exit()

supervisor.Supervisor.run = run
sys.argv = ["agenthost", "run", "--port", "0"]
__main__.main()
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Return the names of the modules that a supervisor has imported before its first worker."""
    place = tmp_path_factory.mktemp("place")
    metadata = place / "agenthost_sales-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.4\nName: agenthost-sales\nVersion: 1.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text("[agenthost.agents]\nsales = agenthost_sales:Sales\n", "utf-8")
    environ = {**os.environ, "HOME": str(place), "PYTHONPATH": os.pathsep.join([str(place), *sys.path])}
    command = [sys.executable, "-c", _STARTED]
    done = subprocess.run(command, cwd=place, env=environ, capture_output=True, check=True, text=True)  # noqa: S603 - written above
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize("module", _HEAVY)
def test_a_supervisor_does_not_import(imported, module):
    """It stays small, as it keeps what it imports."""
    assert module not in imported
