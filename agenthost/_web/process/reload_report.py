"""Reports about reloads, and reloads at SIGHUP."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING, Any

from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["log_refusal", "on_hangup", "report"]

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


def log_refusal(error: AgentHostError) -> None:
    """Log that a reload has changed nothing."""
    _log.error("reload refused, the host is unchanged: %s", error)


def on_hangup(answer: Callable[[Mapping[str, Any], Callable[[str], object]], object]) -> None:
    """Reload at SIGHUP, on a separate thread, and log a failure."""

    def work() -> None:
        try:
            answer({}, lambda words: _log.info("reload: %s", words))
        except AgentHostError as error:
            log_refusal(error)

    def hung_up(*_: object) -> None:
        threading.Thread(target=work, name="agenthost-reload", daemon=True).start()

    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, hung_up)
