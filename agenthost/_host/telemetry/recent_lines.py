"""Recent lines of the log of this process, for ``agenthost logs``.

Lines are kept as they are written, as JSON and without secrets. Warnings and errors are kept apart, so that many calls
do not displace them.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["MOST", "RecentLines", "recent_lines"]

MOST = 500
"""The most lines of an answer."""
_MOST_SIZE = 512 * 1024
"""The most characters of a ring. A thousand lines of calls have about a third of it."""
_MOST_CHANGES = 20
_FIELDS = ("agent", "call", "logger")


@define(eq=False)
class _Ring:
    """Texts of one or more lines, with numbers that grow."""

    texts: deque[tuple[int, str]] = field(factory=deque)
    size: int = 0

    def add(self, number: int, text: str) -> None:
        self.texts.append((number, text))
        self.size += len(text)
        while self.size > _MOST_SIZE:
            self.size -= len(self.texts.popleft()[1])


class RecentLines:
    """The recent lines of one process.

    Any thread may use it.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all lines, such as those of the process that this one was forked from."""
        self._calm, self._severe = _Ring(), _Ring()
        self._changes: deque[str] = deque(maxlen=_MOST_CHANGES)
        self._numbers = count(1)
        self._lock = threading.Lock()

    def add(self, text: str, *, severe: bool, change: bool = False) -> None:
        """Keep lines, each with its end.

        ``change`` is True for a line about a change of the host, see ``changes``.
        """
        with self._lock:
            if change:
                self._changes.append(text)
            (self._severe if severe else self._calm).add(next(self._numbers), text)

    def changes(self) -> list[dict[str, Any]]:
        """Return the latest lines about reloads and acts in the console, oldest first."""
        import msgspec  # noqa: PLC0415 - only when somebody asks

        with self._lock:
            texts = list(self._changes)
        return [msgspec.json.decode(text, type=dict[str, Any]) for text in texts]

    def find(self, wanted: Mapping[str, str], after: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Return the latest lines, oldest first, and the number of the last one.

        ``wanted`` may have an ``agent``, a ``call``, a ``logger`` and an ``error``, the ID of a failure. A failure that
        repeats another has no traceback, so the entry with the traceback is found, too. ``after`` is the number that an
        earlier answer had.
        """
        with self._lock:
            texts = sorted((*self._calm.texts, *self._severe.texts))
        last = texts[-1][0] if texts else after
        lines = [line for number, text in texts if number > after for line in text.splitlines()]
        found = list(islice(_matching(reversed(lines), wanted), MOST))[::-1]  # earlier ones need no decoding
        if "error" in wanted:
            earlier = {each["like"] for each in found if "like" in each}
            repeated = [each for one in earlier for each in _matching(lines, {"error": one}) if each not in found]
            found = [*repeated, *found]
        found.sort(key=lambda each: str(each.get("timestamp", "")))
        return found[-MOST:], last

    def unseen(self, wanted: Mapping[str, str], seen: Mapping[str, int]) -> tuple[list[dict[str, Any]], int]:
        """Return the latest lines that an earlier answer did not have.

        ``seen`` has the number that it had for each process.
        """
        return self.find(wanted, seen.get(str(os.getpid()), 0))


def _matching(lines: Iterable[str], wanted: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    import msgspec  # noqa: PLC0415 - only when somebody asks

    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for line in lines:
        if "error" in wanted and wanted["error"] not in line:  # spares most lines the decoding
            continue
        event = decode(line)
        if all(event.get(name) == wanted[name] for name in _FIELDS if name in wanted) and (
            "error" not in wanted or event.get("error_id") == wanted["error"]
        ):
            yield event


recent_lines = RecentLines()
"""The lines of this process."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=recent_lines.clear)
