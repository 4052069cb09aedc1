"""The last changes of the configuration and the lock file of a host."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agenthost._host.generations.lock import lock_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._host.config.schema import Config

__all__ = ["changed_files"]


def changed_files(config: Config) -> Iterator[dict[str, Any]]:
    """Yield a line, as the log has them, for each file that exists."""
    for path in filter(None, (config.source, lock_path(config))):
        try:
            found = os.stat(path)  # noqa: PTH116 - pathlib for one call
        except OSError:
            continue
        written = datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="milliseconds")
        event = f"{os.path.basename(path)} was written{_owner(found.st_uid)}"  # noqa: PTH119 - as above
        yield {
            "timestamp": written.replace("+00:00", "Z"),
            "level": "info",
            "logger": "agenthost.files",
            "event": event,
        }


def _owner(user: int) -> str:
    """Return the words for the owner of a file, if users have names."""
    try:
        import pwd  # noqa: PLC0415 - there is none on Windows

        return f", and belongs to {pwd.getpwuid(user).pw_name}"
    except (ImportError, KeyError):
        return ""
