"""Secrets that the host generates and keeps."""

from __future__ import annotations

import multiprocessing
import os
import re
import stat
from typing import TYPE_CHECKING

import pytest
from racing import race

from agenthost._host.access.generated_secrets import kept_secret, new_password, new_signing_key
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_SPAWN = multiprocessing.get_context("spawn")
_PROCESSES = 8


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_once_and_read_again(tmp_path):
    """The second call returns what the first has made, and makes nothing."""
    state = tmp_path / "deep" / "state"

    made = kept_secret(str(state), "password", lambda: "first")
    again = kept_secret(str(state), "password", lambda: pytest.fail("made twice"))

    assert "first" == made.reveal() == again.reveal()
    assert [path.name for path in state.iterdir()] == ["password"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_nobody_else_can_read_it(tmp_path):
    """The directory has mode 0700, the file 0600, whatever the umask."""
    state = tmp_path / "state"
    before = os.umask(0)
    try:
        kept_secret(str(state), "password", new_password)
    finally:
        os.umask(before)

    assert _mode(state) == 0o700
    assert _mode(state / "password") == 0o600


@pytest.mark.slow
def test_processes_that_start_at_once_agree(tmp_path):
    """Eight processes that find nothing end with one key, and leave no drafts."""
    state = tmp_path / "state"
    barrier, results = _SPAWN.Barrier(_PROCESSES), _SPAWN.Queue()
    processes = [_SPAWN.Process(target=race, args=(barrier, str(state), results)) for _ in range(_PROCESSES)]
    for process in processes:
        process.start()
    keys = {results.get(timeout=60) for _ in processes}
    for process in processes:
        process.join(timeout=60)

    assert len(keys) == 1
    assert [path.name for path in state.iterdir()] == ["signing_key"]
    assert f"{keys.pop()}\n" == (state / "signing_key").read_text(encoding="utf-8")


def test_one_that_loses_the_race_uses_the_winners(tmp_path):
    """A file that appears between looking and writing is not replaced."""

    def make():
        kept_secret(str(tmp_path), "password", lambda: "winner")
        return "loser"

    assert kept_secret(str(tmp_path), "password", make).reveal() == "winner"
    assert [path.name for path in tmp_path.iterdir()] == ["password"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_readable_by_others(tmp_path, mode):
    """A file that others can read or change is refused, with a fix."""
    kept = tmp_path / "a state" / "password"
    kept.parent.mkdir(mode=0o700)
    kept.write_text("open secret\n", encoding="utf-8")
    kept.chmod(mode)

    with pytest.raises(ConfigurationError, match=re.escape(f"{mode:04o}")) as caught:
        kept_secret(str(kept.parent), "password", new_password)

    assert f"chmod 600 '{kept}'" in str(caught.value)
    assert "open secret" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_planted_by_a_link(tmp_path):
    """A password that is a symbolic link is refused, whatever its target."""
    (tmp_path / "theirs").write_text("known to them\n", encoding="utf-8")
    (tmp_path / "theirs").chmod(0o600)
    (tmp_path / "password").symlink_to(tmp_path / "theirs")

    with pytest.raises(ConfigurationError, match=r"it is a symbolic link.* fix: mv ") as caught:
        kept_secret(str(tmp_path), "password", new_password)

    assert "known to them" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_state_dir_open_to_others(tmp_path):
    """Nothing is made in a directory that others can look into."""
    (tmp_path / "state").mkdir(mode=0o755)

    with pytest.raises(ConfigurationError, match=r"\(mode 0755\)\. fix: chmod 700 "):
        kept_secret(str(tmp_path / "state"), "password", new_password)

    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_unusable(tmp_path, content):
    """An empty or binary file is named, to be deleted."""
    kept = tmp_path / "password"
    kept.write_bytes(content)
    kept.chmod(0o600)

    with pytest.raises(ConfigurationError, match="fix: delete it, and the host makes a new one") as caught:
        kept_secret(str(tmp_path), "password", new_password)

    assert str(kept) in str(caught.value)


def test_state_dir_cannot_be_made(tmp_path):
    """A state directory below a file is refused by the name of its key."""
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match=r"host\.state_dir: .*Not a directory.* fix: write state_dir = "):
        kept_secret(str(tmp_path / "file" / "state"), "password", new_password)


def test_state_dir_cannot_be_written(tmp_path, monkeypatch):
    """The error contains the reason of the system, and no draft remains."""

    def refuse(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(ConfigurationError, match=r"cannot keep its password there \(Operation not permitted\)"):
        kept_secret(str(tmp_path), "password", new_password)

    assert list(tmp_path.iterdir()) == []


def test_what_is_made():
    """A password needs no quoting, and a key is 32 bytes in hex.

    None is made twice.
    """
    assert re.fullmatch(r"[A-Za-z2-9]{32}", new_password())
    assert not set("0O1lI") & set(new_password())
    assert re.fullmatch(r"[0-9a-f]{64}", new_signing_key())
    assert new_password() != new_password()
    assert new_signing_key() != new_signing_key()


def test_no_home():
    """A directory below a home that nobody knows is not made in the current directory."""
    with pytest.raises(ConfigurationError, match="the home directory is not known"):
        kept_secret("~/.local/state/agenthost", "password", new_password)
