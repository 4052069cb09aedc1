"""Failures of agents' code in the log, each with an ID, and with new tracebacks."""

from __future__ import annotations

import logging
import os
import random
import time
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from agenthost._error_words import summary_of
from agenthost._host.telemetry.call_log import log_later

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._host.telemetry.current_call import Owner

__all__ = ["Failures", "LatestFailure", "new_error_id"]

AGAIN = 10.0
"""Seconds after which a repeated failure is logged with its traceback again."""
_MOST_WAYS = 256
"""Number of distinct failures to remember."""
_MOST_FRAMES = 64


_chance = random.Random()  # noqa: S311 - an id is not a secret, and the system's source costs as much as a tool call
if hasattr(os, "register_at_fork"):  # else all workers of a template would make the same IDs
    os.register_at_fork(after_in_child=_chance.seed)


def new_error_id() -> str:
    """Make the ID of a failure, for the log and for the caller."""
    return f"e-{_chance.getrandbits(48):012x}"


class LatestFailure(NamedTuple):
    """A failure, in words."""

    error_id: str
    when: float
    """Seconds since 1970."""
    part: str
    """The part of the agent that failed."""
    words: str


@define
class Failures:
    """Logs failures of agents' code.

    Of similar failures, one in ten seconds is logged with its traceback, and the others in a line each. Otherwise, a
    tool that fails for every caller would cost the other agents more than their own calls.
    """

    log: logging.Logger
    _told: dict[int, tuple[str, float]] = field(factory=dict, init=False)
    """The ID and time of the latest full log entry, by kind of failure."""
    latest: dict[str, LatestFailure] = field(factory=dict, init=False)
    """The latest failure of each agent, by its key."""

    def failed(
        self, owner: Owner, error: BaseException, error_id: str, *, words: str = "{} failed", call: str = ""
    ) -> None:
        """Log a failure.

        In ``words``, ``{}`` is replaced by the owner.
        """
        summary = summary_of(error)
        self.latest[owner.agent] = LatestFailure(error_id, time.time(), owner.part, summary)
        way, now = hash((words, owner, *_way(error))), time.monotonic()
        like, then = self._told.get(way, ("", 0.0))
        fields = {**owner.fields, "call": call} if call else owner.fields
        words = words.replace("{}", str(owner), 1)
        if like and now - then < AGAIN:
            told = f"{words} ({error_id}) like {like}: {summary}"
            log_later(self.log, logging.ERROR, told, {**fields, "error_id": error_id, "like": like})
            return
        self._told.pop(way, None)
        for oldest in list(self._told)[: 1 - _MOST_WAYS]:  # a copy, because threads fail too
            self._told.pop(oldest, None)
        self._told[way] = error_id, now
        known = {"fields": {**fields, "error_id": error_id}}
        self.log.error("%s (%s)", words, error_id, exc_info=error, extra=known)


def _way(error: BaseException | None) -> Iterator[object]:
    """Yield the parts that equal tracebacks share: every place, and the exceptions."""
    frames = 0
    while error is not None and frames < _MOST_FRAMES:
        yield type(error)
        trace = error.__traceback__
        while trace is not None and frames < _MOST_FRAMES:
            code = trace.tb_frame.f_code
            yield code.co_filename, code.co_name, trace.tb_lineno
            trace, frames = trace.tb_next, frames + 1
        frames += 1
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
