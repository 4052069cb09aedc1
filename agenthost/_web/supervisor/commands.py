"""Commands that reach the supervisor over the control socket."""

from __future__ import annotations

import os
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

    ``besides`` returns the processes that log beside the serving workers: the workers of older generations, which serve
    calls in progress, and the process of the health port. With ``logs``, a reload that is
    refused is logged; otherwise, the command reports it.
    """

    def __init__(
        self,
        rollouts: Rollouts,
        places: Sequence[WorkerSlot],
        host: Callable[[], dict[str, Any]],
        besides: Callable[[], Sequence[Worker]],
        tallies: Tallies,
        *,
        logs: bool,
    ) -> None:
        self._rollouts = rollouts
        self._reload = logged(rollouts.answer, tallies.reloaded) if logs else rollouts.answer
        self._places = places
        self._host = host
        self._besides = besides
        self._one_at_a_time = threading.Lock()
        self._answers: SimpleQueue[tuple[Worker, int, Any]] = SimpleQueue()
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
            case "logs":
                return self._logs(request.get("wanted") or {}, request.get("seen") or {})
            case "history":
                return {"processes": [report for _, report in self._ask("history", None, self._serving())]}
            case "notes":
                serving = [*self._serving(), *self._besides()]
                return {
                    "notes": [each for _, notes in self._ask("notes", request.get("call"), serving) for each in notes]
                }
            case "close breaker":
                serving = [*self._serving(), *self._besides()]
                return {
                    "closed": sum(number for _, number in self._ask("close breaker", request.get("agent"), serving))
                }
        raise PlanError(
            f"this host has no command {request.get('command')!r}. fix: use the version of agenthost that it runs"
        )

    def receive(self, worker: Worker, kind: str, content: Any) -> None:
        """Take a worker's answer to an order: ``reloaded``, or ``answer`` to a question."""
        if kind == "reloaded":
            self._rollouts.replies.put(content)
        else:
            self._answers.put((worker, *content))

    def _status(self) -> dict[str, Any]:
        from agenthost._host.status.of_host import host_status  # noqa: PLC0415 - only when somebody asks
        from agenthost._host.telemetry.recent_lines import recent_lines  # noqa: PLC0415 - the same

        host = {**self._host(), "changes": recent_lines.changes()}
        return host_status(host, [status for _, status in self._ask("status", None, self._serving())])

    def _logs(self, wanted: Mapping[str, str], seen: Mapping[str, int]) -> dict[str, Any]:
        """Return recent lines of all processes of the host, oldest first.

        ``seen`` has the last number of each process that an earlier answer had.
        """
        from agenthost._host.telemetry.recent_lines import MOST, recent_lines  # noqa: PLC0415 - as above

        own = os.getpid(), recent_lines.unseen(wanted, seen)
        answers = [own, *self._ask("logs", (wanted, seen), [*self._serving(), *self._besides()])]
        lines = sorted((line for _, (found, _) in answers for line in found), key=lambda line: str(line["timestamp"]))
        return {"lines": lines[-MOST:], "seen": {**seen, **{str(pid): last for pid, (_, last) in answers}}}

    def _serving(self) -> list[Worker]:
        return [worker for place in self._places if (worker := place.serving) is not None]

    def _ask(self, order: str, question: object, waited_for: list[Worker]) -> list[tuple[int, Any]]:
        """Ask workers, and return the answers in time, each with its process."""
        with self._one_at_a_time:
            self._asked += 1
            for worker in waited_for:
                worker.order(order, (self._asked, question))
            found: list[tuple[int, Any]] = []
            until = time.monotonic() + _ANSWERED_WITHIN
            while waited_for and time.monotonic() < until:
                waited_for = [worker for worker in waited_for if not worker.gone]
                try:
                    worker, number, answer = self._answers.get(timeout=0.1)
                except Empty:
                    continue
                if number == self._asked and worker in waited_for:
                    waited_for.remove(worker)
                    found.append((worker.pid, answer))
        return found
