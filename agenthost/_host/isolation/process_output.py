"""The output of isolated agents' processes, copied into the host's log."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from typing import Any

from agenthost._escaping import escaped

__all__ = ["RECORD", "follow_output"]

RECORD = "\x1e"
"""The first character of a line that is an entry of the process's own log (ASCII's record separator)."""
_MOST_A_SECOND = 200
_LONGEST = 16 * 1024
_LONGEST_NAME = 100
_CHUNK = 65536

_log = logging.getLogger("agenthost.output")


def follow_output(descriptor: int, agent: str) -> None:
    """Log each line of a pipe on a thread, until all writers have ended.

    Lines beyond the rate limit are counted and left out.
    """
    threading.Thread(target=_follow, args=(descriptor, agent), name=f"agenthost-output-{agent}", daemon=True).start()


def _follow(descriptor: int, agent: str) -> None:
    rest, second, lines, dropped = b"", 0, 0, 0
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while data := pipe.read(_CHUNK):
            *complete, rest = (rest + data).split(b"\n")
            if len(rest) > _LONGEST:
                complete, rest = [*complete, rest], b""
            for line in complete:
                now = int(time.monotonic())
                if now != second:
                    if dropped:
                        _log.warning("%d lines of output of agent %s were left out", dropped, agent)
                    second, lines, dropped = now, 0, 0
                lines += 1
                if lines > _MOST_A_SECOND:
                    dropped += 1
                else:
                    _take(line, agent)
    if rest:
        _take(rest, agent)
    if dropped:
        _log.warning("%d lines of output of agent %s were left out", dropped, agent)


def _take(line: bytes, agent: str) -> None:
    """Log one line.

    An error in one line does not keep the following lines from being read.
    """
    try:
        text = line[:_LONGEST].decode("utf-8", "backslashreplace").rstrip("\r")
        if (entry := _entry(text)) is not None:
            _log_entry(*entry, agent)
        elif text.strip():
            _log.info("%s", escaped(text, keep="\t"), extra={"agent": agent})
    except Exception as error:  # noqa: BLE001 - a filter or a handler of the program
        _log.warning("a line of output of agent %s cannot be logged (%s)", agent, type(error).__name__)


def _entry(text: str) -> tuple[int, str, str, dict[str, Any]] | None:
    """Return an entry of the process's own log: level, logger, words and fields.

    Return None for any other line.
    """
    if not text.startswith(RECORD):
        return None
    try:
        entry = json.loads(text[1:])
    except (ValueError, RecursionError):
        return None
    match entry:
        case [int(level), str(name), str(words), dict(fields)]:
            return level, name, words, fields
    return None


def _log_entry(level: int, name: str, words: str, fields: dict[str, Any], agent: str) -> None:
    """Log an entry by the logger of the agent, whatever logger it names.

    So a process cannot imitate an entry of the host.
    """
    log = logging.getLogger(f"agent.{agent}")
    level = min(max(level, logging.DEBUG), logging.CRITICAL)
    if not log.isEnabledFor(level):
        return
    below = "".join(each if each.isalnum() or each in "._-" else "_" for each in name[:_LONGEST_NAME])
    known = {each: fields[each] for each in ("tool", "call", "request_id") if isinstance(fields.get(each), str)}
    first, _, trace = words.partition("\n")
    # No logger is made for a name that the process invents: loggers stay for good.
    whole = log.name if below in ("", "root") else f"{log.name}.{below}"
    record = log.makeRecord(whole, level, "", 0, "%s", (escaped(first),), None, extra={"agent": agent, **known})
    record.stack_info = escaped(trace, keep="\n\t") or None
    log.handle(record)
