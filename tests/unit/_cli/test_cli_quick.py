"""Lists are quick: they import nothing that only other commands need."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COMMAND = """
import sys
from agenthost._cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
DEAR = {"hashlib", "logging", "socket", "tomllib", "pathlib", "traceback", "shlex", "asyncio"}
"""Modules that cost milliseconds."""


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["agents"], ["routes"]])
def test_a_list_imports_nothing_that_it_does_not_need(tmp_path, arguments):
    environ = {"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(  # noqa: S603 - the command above
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stderr.split())

    assert imported & DEAR == set()
    assert {name for name in imported if name.startswith("agenthost._host.generations.locked")} == set()
