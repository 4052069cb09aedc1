"""Output: what a process that an agent has to itself writes, taken over into the host's log."""

from __future__ import annotations

import json
import logging
import os
import threading
import time

__all__ = ["RECORD", "follow_output"]

RECORD = "\x1e"
"""What a line begins with that is an entry of the process's own log (ASCII's record separator)."""
_MOST_A_SECOND = 200
_LONGEST = 16 * 1024
_CHUNK = 65536

_log = logging.getLogger("agenthost.output")


def follow_output(descriptor: int, agent: str) -> None:
    """Log each line of a pipe on a thread, until all that write to it have ended; too many of them are counted.

    Args:
        descriptor: the pipe's reading end, which is closed then.
        agent: the agent's key.
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
                    _say(line, agent)
    if rest:
        _say(rest, agent)
    if dropped:
        _log.warning("%d lines of output of agent %s were left out", dropped, agent)


def _say(line: bytes, agent: str) -> None:
    text = line[:_LONGEST].decode("utf-8", "backslashreplace").rstrip("\r")
    if text.startswith(RECORD):
        try:
            level, name, words, fields = json.loads(text[1:])
            told = {each: str(fields[each]) for each in ("tool", "call") if each in fields}
            logging.getLogger(str(name)).log(int(level), "%s", words, extra={"agent": agent, **told})
        except (ValueError, TypeError):
            pass
        else:
            return
    if text.strip():
        _log.info("%s", "".join(c if c.isprintable() else " " for c in text), extra={"agent": agent})
