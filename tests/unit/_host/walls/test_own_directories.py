"""Directories of isolated agents for temporary files."""

import os
import threading

import pytest

from agenthost._host.walls.own_directories import make_directory, remove_directories_of, remove_directory


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Each test has a directory of its own for them."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def cleared():
    for thread in threading.enumerate():
        if thread.name == "agenthost-clearing":
            thread.join()


def test_a_directory_is_private_and_names_process_and_agent(temporary):
    made = make_directory("acme:the/one", None)

    assert made.startswith(f"{temporary}/agenthost-{os.getpid()}-acme_the_one-")
    assert os.stat(made).st_mode & 0o777 == 0o700  # noqa: PTH116


def test_it_is_removed_with_its_content(temporary):
    made = make_directory("a", None)
    (temporary / os.path.basename(made) / "file").touch()  # noqa: PTH119
    remove_directory(made)
    cleared()

    assert list(temporary.iterdir()) == []


def test_it_is_removed_at_the_end_of_the_process(temporary, monkeypatch):
    """No thread can be started then."""

    def fails(_):
        raise RuntimeError

    made = make_directory("a", None)
    monkeypatch.setattr(threading.Thread, "start", fails)
    remove_directory(made)

    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed(temporary):
    """Links are not followed."""
    kept = temporary / "kept"
    kept.mkdir()
    for name in ("agenthost-7-a-x", "agenthost-7-b-y", "agenthost-77-a-z"):
        (temporary / name).mkdir()
    (temporary / "agenthost-7-link").symlink_to(kept)
    remove_directories_of(7)
    cleared()

    assert {path.name for path in temporary.iterdir()} == {"kept", "agenthost-77-a-z", "agenthost-7-link"}
