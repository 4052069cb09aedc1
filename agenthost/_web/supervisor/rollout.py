"""Reloads of a host with workers.

A change of configuration is applied in the serving workers. Changed packages need new processes: a new template imports
them, and its first worker, the canary, builds the agents. Its plan is compared with the one that is served. If anything
would be lost, the canary and its template end, and nothing has changed. Otherwise the workers are replaced one by one.
"""

# ruff: noqa: PLC0415 - the supervisor's memory, until it reloads

from __future__ import annotations

import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field, frozen

from agenthost._host.config.declaration import PROCESS, RESTART
from agenthost._host.generations.orders import LOOK, WorkerOrder
from agenthost._host.generations.served_plan import ServedPlan
from agenthost._host.runtime.start import read_again, start_logging
from agenthost._web.process.reload_report import report
from agenthost.errors import AgentHostError, PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.manifest import Manifest
    from agenthost._host.generations.served_plan import PlannedAgent
    from agenthost._host.generations.template_process import TemplateProcess
    from agenthost._web.older.generations import Generations
    from agenthost._web.supervisor.kept_template import KeptTemplate
    from agenthost._web.supervisor.systemd import Systemd
    from agenthost._web.supervisor.worker_slots import Worker, WorkerSlot

__all__ = ["Rollouts"]

_SECONDS = 600.0
"""Time limit of a reload, unless the command has its own."""
_LOOK = 0.2
"""Seconds between two looks at a deadline."""
_COUNTED = 2.0
"""Seconds in which the processes that stay count their calls, unless others of their generation still answer."""
_NOWHERE = "no worker serves at the moment. fix: try again once the host is ready."


@frozen
class _Wanted:
    """A new generation that is wanted."""

    config: Config
    accept: bool
    why: tuple[str, ...]
    """The changed distributions, and the changed keys that need new processes."""
    imports: bool
    """True if packages have changed, so that a new template process imports them."""


@define(eq=False)
class _Attempt:
    """An attempt at a new generation: the processes of it before it serves."""

    wanted: _Wanted
    generation: int
    template: TemplateProcess | None = None
    canary: Worker | None = None
    withheld: dict[str, float] = field(factory=dict)
    manifest: Manifest | None = None
    outcome: SimpleQueue[dict[str, Any] | AgentHostError] = field(factory=SimpleQueue)


class ReloadedHost(Protocol):
    """A supervisor, as a reload changes it."""

    config: Config
    """The configuration that new workers are started with."""
    kept: KeptTemplate
    manifest: Manifest | None
    served: ServedPlan | None
    generation: int
    revision: int
    places: list[WorkerSlot]
    left: list[Worker]
    older: Generations[Worker]
    systemd: Systemd

    @property
    def replaced(self) -> list[Worker]:
        """The workers that others have replaced, and that have not ended."""

    @property
    def authoring(self) -> bool:
        """True if an author edits the packages: what is no longer offered is not lost."""

    def wake(self) -> None:
        """Let the loop look at what has changed, from any thread."""

    def start_template(
        self, config: Config, generation: int, withheld: Mapping[str, float], *, accept: bool = False
    ) -> TemplateProcess:
        """Start a template process."""

    def start_worker(self, template: TemplateProcess | None, order: WorkerOrder) -> Worker | None:
        """Start a worker."""

    def takes_over(self, canary: Worker, plan: ServedPlan, manifest: Manifest, config: Config) -> None:
        """Serve a new generation."""


class Rollouts:
    """The reloads of one supervisor, one at a time.

    ``answer`` runs on other threads; everything else in the loop of the supervisor.
    """

    def __init__(self, supervisor: ReloadedHost) -> None:
        self._supervisor = supervisor
        self._one_at_a_time = threading.Lock()
        self._attempt: _Attempt | None = None
        self._given_up = False
        self.replies: SimpleQueue[Any] = SimpleQueue()

    def answer(self, request: Mapping[str, Any], tell: Callable[[str], object]) -> dict[str, Any]:
        """Carry out the command to reload.

        ``tell`` shows the progress.

        Raises:
            AgentHostError: what is installed and configured cannot be served, and the host is unchanged.
        """
        from agenthost._host.config.changes import changes, with_kept
        from agenthost._host.operations.installed_now import installed_now

        supervisor = self._supervisor
        with self._one_at_a_time, supervisor.systemd.reloading():
            served = supervisor.served
            if served is None or supervisor.manifest is None:
                raise PlanError("the host is still starting; reload it when it serves.")
            until = time.monotonic() + float(request.get("seconds") or _SECONDS)
            agent, accept = request.get("agent"), bool(request.get("accept"))
            config, restart = read_again(supervisor.config)
            keys = tuple(each.key for each in changes(supervisor.config, config) if each.effect == PROCESS)
            to_serve = with_kept(supervisor.config, config, (PROCESS,))
            if (program := config.program) is not None:
                if agent is not None:
                    raise PlanError(f"{agent} is an agent of a program, which is reloaded whole. fix: agenthost reload")
                return self._new_generation(
                    _Wanted(config, accept, (program, *keys), imports=True), restart, until, tell
                )
            told = self._in_place(agent, to_serve, looked=False) if agent is not None and not accept else None
            if told is None:
                found = supervisor.manifest.differing(installed_now(config, accept=accept))
                differing = _of_agent(agent, served, found)
                if differing or (keys and agent is None):
                    wanted = _Wanted(config, accept, (*differing, *keys), imports=bool(differing))
                    return self._new_generation(wanted, restart, until, tell)
                if not found:
                    supervisor.kept.differing = ()  # what had changed is as it was
                told = self._in_place(agent, to_serve, looked=True) or {}
            told = {**_NOTHING, **told, "left": [*told["left"], *keys], "restart": list(restart)}
            return report({**told, "held": supervisor.older.report()})

    def _in_place(self, agent: str | None, config: Config, *, looked: bool) -> dict[str, Any] | None:
        """Apply a configuration in the serving workers.

        Returns:
            The result, or None if one agent is to be reloaded and what is installed has to be looked at first.
        """
        supervisor = self._supervisor
        told: dict[str, Any] | None = None
        plan: ServedPlan | PlannedAgent | None = None
        for place in supervisor.places:
            reply = self._reload(place, (agent, config, looked or told is not None))
            if told is None and reply == LOOK:
                return None
            if isinstance(reply, Exception) and told is None:
                raise reply
            if isinstance(reply, tuple):
                told, plan = (told, plan) if told is not None else reply
        if told is None or plan is None:
            raise PlanError(_NOWHERE)
        supervisor.config = config
        start_logging(config)
        supervisor.older.configure(config)
        if isinstance(plan, ServedPlan):
            supervisor.served = plan
        elif supervisor.served is not None:
            supervisor.served = supervisor.served.with_agent(plan)
        supervisor.wake()
        return {name: value for name, value in told.items() if name != "process"}

    def _reload(self, place: WorkerSlot, order: tuple[str | None, Config, bool]) -> Any:
        """Return a worker's reply to the order to reload, or None."""
        worker = place.worker
        if worker is None:
            return None
        worker.order("reload", order)
        until = time.monotonic() + order[1].host.build_timeout * 6
        while worker is place.worker and time.monotonic() < until:
            with suppress(Empty):
                return self.replies.get(timeout=0.2)
        return None

    def _new_generation(
        self, wanted: _Wanted, restart: tuple[str, ...], until: float, tell: Callable[[str], object]
    ) -> dict[str, Any]:
        from agenthost._host.config.changes import changes

        supervisor = self._supervisor
        before = supervisor.config
        tell(f"building: {', '.join(wanted.why)}")
        attempt = _Attempt(wanted, supervisor.generation + 1)
        self._given_up = False
        self._attempt = attempt
        supervisor.wake()
        outcome: dict[str, Any] | AgentHostError | None = None
        while outcome is None:
            with suppress(Empty):
                outcome = attempt.outcome.get(timeout=_LOOK)
            if time.monotonic() > until and not self._given_up:
                self._given_up = True
                supervisor.wake()
        if isinstance(outcome, AgentHostError):
            raise outcome
        tell(_losing(wanted.config, len(supervisor.places)))
        applied = [change.key for change in changes(before, wanted.config) if change.effect != RESTART]
        complete = self._wait_until_rolled(until, tell)
        done = {**_NOTHING, **outcome, "applied": applied, "replaced": list(wanted.why), "restart": list(restart)}
        if not complete:
            done["restart"] = [*restart, "the time limit is over, and the workers are still being replaced"]
        return report({**done, "held": self._held(min(until, time.monotonic() + _COUNTED))})

    def _held(self, until: float) -> list[dict[str, Any]]:
        """Return the older generations, once the calls of each are known."""
        older = self._supervisor.older
        while time.monotonic() < until and any(each["calls"] is None for each in older.report()):
            time.sleep(_LOOK / 4)
        return older.report()

    def _wait_until_rolled(self, until: float, tell: Callable[[str], object]) -> bool:
        """Wait until every worker is new, and return True once that is so."""
        supervisor = self._supervisor
        supervisor.wake()
        shown = 0
        while time.monotonic() < until:
            new = sum(_is_new(place, supervisor.revision) for place in supervisor.places)
            if new > shown:
                tell(f"{new} of {len(supervisor.places)} workers replaced")
                shown = new
            if new == len(supervisor.places) and all(each.closed or each.gone for each in supervisor.replaced):
                return True
            time.sleep(_LOOK / 4)
        return False

    @property
    def template(self) -> TemplateProcess | None:
        """The template process of a generation that does not serve yet."""
        return self._attempt.template if self._attempt is not None else None

    @property
    def canary(self) -> Worker | None:
        """The first worker of a generation that does not serve yet."""
        return self._attempt.canary if self._attempt is not None else None

    @property
    def imports(self) -> bool:
        """True while a new template process imports changed packages."""
        return self._attempt is not None and self._attempt.wanted.imports

    def advance(self) -> None:
        """Take the next step towards the new generation."""
        attempt, supervisor = self._attempt, self._supervisor
        if attempt is None:
            return
        if self._given_up:
            self._fail(PlanError("the time limit is over. fix: agenthost reload --timeout gives it more time"))
            return
        if attempt.canary is None and supervisor.kept.spawning:
            self._start_canary(attempt, None)
        elif attempt.canary is None and attempt.wanted.imports:
            self._advance_template(attempt)
        elif attempt.canary is None and (template := supervisor.kept.process) is not None and template.forks:
            attempt.manifest = supervisor.manifest
            self._start_canary(attempt, template)

    def _advance_template(self, attempt: _Attempt) -> None:
        """Take the next step until a template process has imported the packages."""
        supervisor, config, template = self._supervisor, attempt.wanted.config, attempt.template
        if template is None:
            accept = attempt.wanted.accept
            attempt.template = supervisor.start_template(config, attempt.generation, attempt.withheld, accept=accept)
            attempt.template.order_import(None)
        elif template.refused is not None:
            self._fail(template.refused)
        elif template.lost:
            template.child.join(1.0)
            code = template.child.exitcode
            self._fail(PlanError(f"the process that imported the packages ended with {code}. fix: agenthost check"))
        elif template.imported is not None and template.imported.hung:
            attempt.withheld |= dict.fromkeys(template.imported.hung, config.host.build_timeout)
            attempt.template = None
            template.end()
            self.advance()
        elif template.imported is not None and template.imported.threads:
            attempt.template = None
            template.end()
            supervisor.kept.spawn_from_now_on(template.imported.threads)
            self.advance()
        elif template.imported is not None:
            attempt.manifest = template.imported.manifest
            self._start_canary(attempt, template)

    def _start_canary(self, attempt: _Attempt, template: TemplateProcess | None) -> None:
        wanted = attempt.wanted
        order = WorkerOrder(wanted.config, attempt.generation, held=True, accept=wanted.accept)
        attempt.canary = self._supervisor.start_worker(template, order)
        if attempt.canary is None:
            self._fail(PlanError("the process that imported the packages has ended. fix: agenthost check"))

    def refused(self, error: AgentHostError) -> None:
        """Take the canary's report that its plan cannot be served."""
        self._fail(error)

    def canary_has_ended(self, canary: Worker) -> None:
        """Take the end of the canary before it serves."""
        attempt = self._attempt
        if attempt is not None:
            attempt.canary = None
        code = canary.process.exitcode
        self._fail(PlanError(f"the first worker of the new packages ended with {code}. fix: agenthost check"))

    def built(self, plan: ServedPlan) -> None:
        """Judge the canary's plan, and let it serve or end."""
        from agenthost._host.generations.manifest import Manifest
        from agenthost._host.generations.served_plan import losses, table

        attempt, supervisor = self._attempt, self._supervisor
        if attempt is None or attempt.canary is None or supervisor.served is None or supervisor.manifest is None:
            return
        wanted = attempt.wanted
        manifest = attempt.manifest or plan.manifest or Manifest()
        served, edited = supervisor.served, supervisor.authoring
        lost = losses(served, plan, supervisor.config, wanted.config, manifest.distributions, edited=edited)
        if lost and not wanted.accept:
            self._fail(PlanError("; ".join(lost)))
            return
        told = table(served, plan, supervisor.manifest, manifest)
        self._attempt = None
        supervisor.takes_over(attempt.canary, plan, manifest, wanted.config)
        attempt.outcome.put(told | {"agents": len(plan.ready), "generation": attempt.generation})

    def _fail(self, error: AgentHostError) -> None:
        """End the processes of the new generation, and report the reason."""
        attempt, self._attempt = self._attempt, None
        if attempt is None:
            return
        if attempt.canary is not None:
            attempt.canary.process.kill()
            self._supervisor.left.append(attempt.canary)
        if attempt.template is not None:
            attempt.template.end()
        attempt.outcome.put(error)


_NOTHING: dict[str, Any] = {
    name: []
    for name in (
        *("packages", "added", "changed", "removed", "failed", "routes", "tools", "aliases"),
        *("applied", "left", "replaced", "restart"),
    )
}


def _of_agent(agent: str | None, served: ServedPlan, differing: tuple[str, ...]) -> tuple[str, ...]:
    """Return the changed distributions that a reload is for.

    Raises:
        PlanError: one agent is to be reloaded, and others have changed as well.
    """
    if agent is None:
        return differing
    own = {each.package for each in served.agents if agent in (each.key, each.full_key, each.name, each.route)}
    if own.isdisjoint(differing):
        return ()
    if others := sorted(set(differing) - own):
        raise PlanError(
            f"{agent}: its package is imported by new processes, and so would be {', '.join(others)}, which changed "
            "too. fix: agenthost reload takes all of them"
        )
    return differing


def _is_new(place: WorkerSlot, revision: int) -> bool:
    worker = place.worker
    return worker is not None and worker.serving and worker.revision == revision and place.leaving is None


def _losing(config: Config, workers: int) -> str:
    """Return a line about what is lost with the processes."""
    lost = "attributes of agents"
    if config.state.scheme == "memory":
        lost += " and the state in memory://"
    what = "the worker" if workers == 1 else f"{workers} workers"
    return f"replacing {what}: {lost} are lost with the old processes"
