"""Commands that reach the supervisor over the control socket."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from agenthost._web.process.reload_report import logged
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agenthost._web.supervisor.rollout import Rollouts
    from agenthost._web.supervisor.tallies import Tallies
    from agenthost._web.supervisor.worker_slots import Worker, WorkerSlot

__all__ = ["Commands"]

_ANSWERED_WITHIN = 2.0
"""Seconds for the workers' answers, after which one that is blocked is shown as silent."""


class Commands:
    """Answers commands on threads of their own.

    With ``logs``, a reload that is refused is logged; otherwise, the command reports it.
    """

    def __init__(
        self,
        rollouts: Rollouts,
        places: Sequence[WorkerSlot],
        host: Callable[[], dict[str, Any]],
        tallies: Tallies,
        *,
        logs: bool,
    ) -> None:
        self._rollouts = rollouts
        self._reload = logged(rollouts.answer, tallies.reloaded) if logs else rollouts.answer
        self._places = places
        self._host = host
        self._one_at_a_time = threading.Lock()
        self._answers: SimpleQueue[tuple[Worker, int, dict[str, Any]]] = SimpleQueue()
        self._asked = 0

    def answer(self, request: Mapping[str, Any], tell: Callable[[str], object]) -> Mapping[str, Any]:
        """Carry out a command.

        Raises:
            AgentHostError: it cannot be carried out.
        """
        match request.get("command"):
            case "reload":
                return self._reload(request, tell)
            case "status":
                return self._status()
        raise PlanError(
            f"this host has no command {request.get('command')!r}. fix: use the version of agenthost that it runs"
        )

    def receive(self, worker: Worker, kind: str, content: Any) -> None:
        """Take a worker's answer to an order: ``reloaded`` or ``status``."""
        if kind == "reloaded":
            self._rollouts.replies.put(content)
        else:
            self._answers.put((worker, *content))

    def _status(self) -> dict[str, Any]:
        from agenthost._host.status.of_host import host_status  # noqa: PLC0415 - only when somebody asks

        with self._one_at_a_time:
            self._asked += 1
            workers = [place.worker for place in self._places]
            waited_for = [worker for worker in workers if worker is not None and worker.serving]
            for worker in waited_for:
                worker.order("status", self._asked)
            found: list[dict[str, Any]] = []
            until = time.monotonic() + _ANSWERED_WITHIN
            while waited_for and time.monotonic() < until:
                waited_for = [worker for worker in waited_for if not worker.gone]
                try:
                    worker, number, status = self._answers.get(timeout=0.1)
                except Empty:
                    continue
                if number == self._asked and worker in waited_for:
                    waited_for.remove(worker)
                    found.append(status)
        return host_status(self._host(), found)
