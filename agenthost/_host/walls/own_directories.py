"""Directories of isolated agents for temporary files, which end with the process that made them."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from agenthost._private_files import temporary_directories, temporary_directory

if TYPE_CHECKING:
    from agenthost._host.walls.account import Account

__all__ = ["make_directory", "remove_directories_of", "remove_directory"]


def make_directory(key: str, account: Account | None) -> str:
    """Make a directory for the temporary files of an agent."""
    made = temporary_directory(f"{_prefix(os.getpid())}{re.sub(r'[^A-Za-z0-9._-]', '_', key)}-")
    if account is not None:
        os.chown(made, account.user, account.group)
    return made


def remove_directory(directory: str) -> None:
    """Remove a directory, on a thread: the agent may have left many files."""
    with suppress(RuntimeError):  # the process is at its end
        threading.Thread(target=_remove, args=(directory,), name="agenthost-clearing").start()
        return
    _remove(directory)


def remove_directories_of(process: int) -> None:
    """Remove the directories that a process has left behind, which was killed."""
    for directory in temporary_directories(_prefix(process)):
        remove_directory(directory)


def _prefix(process: int) -> str:
    return f"agenthost-{process}-"


def _remove(directory: str) -> None:
    import shutil  # noqa: PLC0415 - the supervisor seldom needs it

    shutil.rmtree(directory, ignore_errors=True)
