"""Reports about reloads, and reloads at SIGHUP."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["logged", "on_hangup", "report"]

Answer: TypeAlias = "Callable[[Mapping[str, Any], Callable[[str], object]], dict[str, Any]]"

_LOGGED = ("packages", "added", "changed", "removed", "routes", "tools", "aliases", "applied", "replaced", "left")
_log = logging.getLogger("agenthost.reload")


def report(told: dict[str, Any]) -> dict[str, Any]:
    """Log the result of a reload, and return it."""
    changes = [f"{word} {', '.join(told[word])}" for word in _LOGGED if told.get(word)]
    nothing = "" if told["failed"] or told["restart"] else "nothing has changed"
    _log.info("reloaded: %s", "; ".join(changes) or nothing or "nothing could be applied")
    for kind, words in (("failed", "quarantined"), ("restart", "needs a restart")):
        for item in told[kind]:
            _log.warning("reloaded: %s: %s", words, item)
    return told


def logged(answer: Answer, note: Callable[[str], object]) -> Answer:
    """Return a function that logs a reload which is refused, and has changed nothing.

    ``note`` gets the outcome of each: ``ok``, ``partly`` or ``refused``.
    """

    def answer_and_log(request: Mapping[str, Any], tell: Callable[[str], object]) -> dict[str, Any]:
        try:
            told = answer(request, tell)
        except AgentHostError as error:
            note("refused")
            _log.error("reload refused, the host is unchanged: %s", error)
            raise
        note("partly" if told["failed"] else "ok")
        return told

    return answer_and_log


def on_hangup(answer: Answer) -> None:
    """Reload at SIGHUP, on a separate thread."""

    def work() -> None:
        with suppress(AgentHostError):  # which is in the log
            answer({}, lambda words: _log.info("reload: %s", words))

    def hung_up(*_: object) -> None:
        threading.Thread(target=work, name="agenthost-reload", daemon=True).start()

    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, hung_up)
