"""Reload of a serving host, by ``agenthost reload`` and by SIGHUP."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from typing import TYPE_CHECKING, Any

from agenthost._host.access.open_calls import KEPT_SECONDS
from agenthost._host.runtime import gc_freeze
from agenthost._host.runtime.background_thread import in_background_thread
from agenthost._host.runtime.reload import ReloadResult, plan_again, read_again
from agenthost._host.runtime.start import remember, settings_of, start_logging
from agenthost.errors import AgentHostError, PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._web.front import Front

__all__ = ["Reloading", "on_hangup", "report"]

_LOGGED = ("added", "changed", "removed", "applied", "replaced", "left")
_log = logging.getLogger("agenthost.reload")


class Reloading:
    """Reloads of one front, one at a time."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._one_at_a_time = asyncio.Lock()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a command from another thread.

        See ``agenthost._host.operations.control_socket``.
        """
        agent = request.get("agent")
        config, restart = read_again(self._front.runtime.config)
        told = asyncio.run_coroutine_threadsafe(self.reload(agent, config), self._loop).result()
        waiting = told.pop("process")
        return report({**told, "replaced": [], "restart": [*restart, *waiting]})

    async def reload(self, agent: str | None, config: Config) -> dict[str, Any]:
        """Build changed agents while the others are served, and serve the result.

        ``agent`` is the key of the only agent to build again; None for all that have changed. ``config`` is the
        configuration, as ``read_again`` gave it.

        Returns:
            The result, as in ``agenthost reload --json``.

        Raises:
            AgentHostError: the new plan cannot be served, and the old one still is.
        """
        async with self._one_at_a_time:
            runtime = self._front.runtime
            if runtime.published is None:
                raise PlanError("the host is still starting. fix: reload it once it serves.")
            plan, before = runtime.published.plan, runtime.config
            done: ReloadResult = await in_background_thread(lambda: plan_again(config, before, plan, agent))
            await self._front.take_over(plan, done.plan)
            begun = await runtime.begin(done.plan)
            lost = [agent for agent in begun.failed if agent not in done.plan.failed and plan.find(agent.key)]
            if lost:
                runtime.publish(plan)
                raise PlanError("; ".join(f"{item.key}: {item.diagnosis.reason}" for item in lost if item.diagnosis))
            runtime.settings = settings_of(done.config)
            start_logging(done.config)
            self._front.reload(done.plan, KEPT_SECONDS)
            remember(done.config, done.plan)
            self._loop.call_later(KEPT_SECONDS + 1, runtime.forget)
            gc_freeze.freeze_again()
            return done.report()


def report(told: dict[str, Any]) -> dict[str, Any]:
    """Log the result of a reload, and return it."""
    changes = [f"{word} {', '.join(told[word])}" for word in _LOGGED if told[word]]
    nothing = "" if told["failed"] or told["restart"] else "nothing has changed"
    _log.info("reloaded: %s", "; ".join(changes) or nothing or "nothing could be applied")
    for kind, words in (("failed", "quarantined"), ("restart", "needs a restart")):
        for item in told[kind]:
            _log.warning("reloaded: %s: %s", words, item)
    return told


def on_hangup(answer: Callable[[Mapping[str, Any]], object]) -> None:
    """Reload at SIGHUP, on a separate thread, and log a failure."""

    def work() -> None:
        try:
            answer({})
        except AgentHostError as error:
            _log.error("reload refused, the host is unchanged: %s", error)

    def hung_up(*_: object) -> None:
        threading.Thread(target=work, name="agenthost-reload", daemon=True).start()

    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, hung_up)
