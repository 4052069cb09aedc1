"""Landlock: what a restricted process can open."""

import subprocess
import sys

import pytest

from agenthost._host.walls import landlock
from agenthost._host.walls.landlock import restrict_files, version

CODE = """
import os, sys
from agenthost._host.walls.landlock import restrict_files
from agenthost._host.walls.mark import mark_process

mark_process()
top = sys.argv[1]
restrict_files(["/usr", "/proc", f"{top}/read", "/nowhere"], [f"{top}/write"], [f"{top}/listed"])
for attempt in (
    lambda: open(f"{top}/read/file").read(),
    lambda: open(f"{top}/read/file", "w"),
    lambda: os.listdir(f"{top}/read"),
    lambda: open(f"{top}/write/new", "w").write("."),
    lambda: os.rename(f"{top}/write/new", f"{top}/write/other"),
    lambda: os.mknod(f"{top}/write/device", 0o20600, 0),
    lambda: os.listdir(f"{top}/listed"),
    lambda: open(f"{top}/listed/file").read(),
    lambda: os.listdir(top),
    lambda: open(f"{top}/file").read(),
):
    try:
        attempt()
    except PermissionError:
        print("refused", end=" ")
    else:
        print("done", end=" ")
"""


@pytest.mark.slow
@pytest.mark.skipif(not version(), reason="the kernel does not have Landlock")
def test_only_what_is_listed_can_be_used(tmp_path):
    for name in ("read", "write", "listed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / "file").touch()
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [
        *("done", "refused", "done"),
        *("done", "done", "refused"),
        *("done", "refused"),
        *("refused", "refused"),
    ]


def test_a_kernel_without_it_has_version_0(monkeypatch):
    def fails(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(landlock, "system_call", fails)

    assert version() == 0
    with pytest.raises(OSError, match="not implemented"):
        restrict_files([], [])


@pytest.mark.parametrize(("known", "size"), [(1, 8), (3, 8), (4, 16), (5, 16), (6, 24), (9, 24)])
def test_each_version_receives_only_what_it_knows(monkeypatch, known, size):
    """An older kernel rejects rights and fields that came later."""
    calls = []

    def system_call(number, *arguments):
        calls.append((number, arguments))
        return 10**6  # a descriptor that is not open

    monkeypatch.setattr(landlock, "version", lambda: known)
    monkeypatch.setattr(landlock, "system_call", system_call)
    with pytest.raises(OSError, match="Bad file descriptor"):
        restrict_files([], [])
    asked, length, _ = calls[0][1]

    assert length.value == size
    assert asked[0] == (1 << {1: 13, 3: 15, 4: 15, 5: 16, 6: 16, 9: 16}[known]) - 1
    assert list(asked)[1:] == [0, 3][: size // 8 - 1]
