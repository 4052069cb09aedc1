"""The journal of packages that have killed their process, and the way to clear it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agenthost._host.packages import crash_journal
from agenthost._host.packages.crash_journal import DEATHS, CrashingPackage, Journal

DIES = """
import os, sys
from agenthost._host.packages.crash_journal import Journal
with Journal(sys.argv[1]).loading("acme", sys.argv[2], "acme:Agent"):
    os._exit(9)
"""


def die(directory, version="1.0"):
    subprocess.run([sys.executable, "-c", DIES, directory, version], check=False)  # noqa: S603


def load(directory, version="1.0"):
    with Journal(str(directory)).loading("acme", version, "acme:Agent"):
        pass


def kept(directory):
    return list((directory / "loading").iterdir())


@pytest.mark.slow
def test_a_package_that_kills_its_process_is_loaded_no_more(tmp_path):
    """It is not loaded after several crashes.

    The reason has its name, and the remedy the files of the journal.
    """
    for _ in range(DEATHS):
        die(tmp_path)
    with pytest.raises(CrashingPackage, match=r"acme 1\.0 has killed 3 processes") as refused:
        load(tmp_path)

    assert f"rm {tmp_path}" in refused.value.diagnosis.remedy
    load(tmp_path, "1.1")


@pytest.mark.slow
def test_a_package_that_can_be_loaded_after_all_begins_anew(tmp_path):
    for _ in range(DEATHS - 1):
        die(tmp_path)
    load(tmp_path)

    assert kept(tmp_path) == []


def test_those_that_are_loading_it_at_this_moment_count_for_nothing(tmp_path):
    """Such as the workers of one host, and other hosts that share the directory."""
    journals = [Journal(str(tmp_path)) for _ in range(DEATHS + 1)]
    blocks = [journal.loading("acme", "1.0", "acme:Agent") for journal in journals]
    for block in blocks:
        block.__enter__()
    load(tmp_path)

    assert len(kept(tmp_path)) == DEATHS + 1
    for journal in journals:
        journal.forget()
    assert kept(tmp_path) == []


def test_a_package_that_raises_kills_nobody(tmp_path):
    with pytest.raises(SystemExit), Journal(str(tmp_path)).loading("acme", "1.0", "acme:Agent"):
        raise SystemExit

    assert kept(tmp_path) == []


def test_a_directory_that_cannot_be_written_holds_nothing_back(tmp_path):
    file = tmp_path / "file"
    file.touch()
    load(file)


def test_a_process_that_the_system_hides_is_still_loading(tmp_path, monkeypatch):
    """Under systemd's ProtectProc, /proc does not show it."""
    loading = Journal(str(tmp_path))
    with loading.loading("far", "1.0", "far:Agent"):
        monkeypatch.setattr(crash_journal, "_began", lambda _: "")
        assert all(loading._lives(entry) for entry in loading._open())
        assert loading._open()
