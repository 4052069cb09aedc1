"""Loading in a child process, without the package that ends it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import os, signal, sys
from agenthost._host.operations.child_process import survive
from agenthost._host.packages.crash_journal import Journal

directory, ending = sys.argv[1:]

def work(deadly):
    for name in ("acme", "beta"):
        if name not in deadly:
            with Journal(directory).loading(name, "1.0", f"{name}:Agent"):
                exec(ending)
    print({name: each.reason for name, each in deadly.items()}, flush=True)
    return 3

sys.exit(survive(directory, work))
"""


def survived(directory, ending):
    """Exit code and output of a program whose packages end it."""
    command = [sys.executable, "-c", PROGRAM, str(directory), ending]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("ending", "how"), [("os._exit(0)", "exit code 0"), ("os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL")]
)
def test_each_deadly_package_is_named(tmp_path, ending, how):
    code, out, _ = survived(tmp_path, ending)

    reasons = {name: f"{name} 1.0 ended the process while it was loaded ({how})" for name in ("acme", "beta")}
    assert (code, out) == (3, f"{reasons}\n")


def test_without_a_deadly_package(tmp_path):
    assert survived(tmp_path, "pass")[:2] == (3, "{}\n")


def test_an_error_is_orderly(tmp_path):
    """It is the child's to tell, once."""
    code, out, err = survived(tmp_path, "raise ValueError('broken')")

    assert (code, out, err.count("ValueError: broken")) == (1, "", 1)


UNNAMED = """
import os, pathlib, sys
from agenthost._host.operations.child_process import survive

tries = pathlib.Path(sys.argv[1]) / "tries"

def work(deadly):
    with tries.open("a") as file:
        file.write(".")
    if len(tries.read_text()) <= int(sys.argv[2]):
        os._exit(9)
    print("done", flush=True)
    return 0

sys.exit(survive(sys.argv[1], work))
"""


@pytest.mark.parametrize(("deaths", "tries"), [(2, 3), (99, 3)])
def test_a_death_that_names_no_package_is_tried_again(tmp_path, deaths, tries):
    """A signal to the whole process can arrive just after the package that sent it."""
    command = [sys.executable, "-c", UNNAMED, str(tmp_path), str(deaths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603

    assert len((tmp_path / "tries").read_text()) == tries
    if deaths < tries:
        assert (done.returncode, done.stdout) == (0, "done\n")
    else:
        assert "loading the packages ended the process (exit code 9), and none can be named" in done.stderr
