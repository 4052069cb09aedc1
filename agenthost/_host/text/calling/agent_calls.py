"""Calls of agents in text, by conversations and by each other.

All calls go through here, for the deadline, the budget, the guard against loops, the outcome, the cancellation, the
span and the figures.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve, frozen

from agenthost._error_words import message_of
from agenthost._host.calls.abandon import bounded, cancelled_here
from agenthost._host.plan.workflow_members import members_of
from agenthost._host.telemetry.spans import span
from agenthost._host.text.calling.agent_call import APART, AgentCall
from agenthost._host.text.calling.budget import Budget
from agenthost._host.text.calling.outcomes import about, failed, skipped
from agenthost._host.text.calling.tool_runs import NOT_STORED, DoneBefore, Progress
from agenthost.conversation.classifiers import Choice, ClassifierTools
from agenthost.conversation.turns import Escalated, Outcome, Reply, Said, Status
from agenthost.errors import BudgetSpent, ConversationRefused, DefinitionError, ModelError, TurnTakenOver
from agenthost.state.stores import CALL_TTL
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agenthost._host.config.schema import TurnsConfig
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.text.calling.budget import Meter
    from agenthost.conversation.classifiers import Classifier
    from agenthost.conversation.escalation_detectors import EscalationDetector
    from agenthost.conversation.models import Completion, ModelRequest, Usage
    from agenthost.conversation.turns import Event, Listener, Turn
    from agenthost.hosting import TurnSteps
    from agenthost.state import Store, Stores
    from agenthost.workflows.team import Remaining

__all__ = ["AgentCalls", "Answering", "Figures", "HostTeam"]

KEPT_BACK = 0.1
"""Share of the remaining time that a calling workflow keeps for itself, to answer after a timeout."""
MOST_KEPT_BACK = 0.5
"""The most seconds of that share."""

_ENDING = (ConversationRefused, TurnTakenOver)
"""Errors of an agent that end the whole turn: another agent must not answer in its place."""

_log = logging.getLogger("agenthost.workflows")


class Answering(Protocol):
    """Answers for single agents, and calls their language models."""

    async def answer(
        self, plan: HostPlan, agent: Mounted, turn: Turn, listen: Listener | None, meter: Meter | None
    ) -> Reply:
        """Return the agent's answer to a turn."""

    async def complete(
        self, plan: HostPlan, agent: Mounted, request: ModelRequest, say: Callable[[str], object] | None = None
    ) -> Completion:
        """Return the answer of an agent's language model, and stream it to ``say``."""

    def has_model(self, plan: HostPlan, agent: Mounted) -> bool:
        """Return True if an agent has a language model."""


class Figures(Protocol):
    """Counts the outcomes of calls."""

    def called(self, outcome: Outcome, usage: Usage) -> None:
        """Count a call, with its usage."""

    def escalated(self, agent: str) -> None:
        """Count an escalation that the agent did not request."""


@frozen
class _Step:
    """An ended call of an agent, as an engine of durable turns stores it."""

    outcome: Outcome
    events: tuple[Event, ...]
    usage: Usage


class AgentCalls:
    """Calls agents."""

    def __init__(
        self,
        answers: Answering,
        stores: Stores,
        figures: Figures,
        limits: Callable[[], TurnsConfig],
        allows: Callable[[Mounted, Mounted], bool] = lambda _origin, _target: True,
    ) -> None:
        self.answers = answers
        self.allows = allows
        self._stores = stores
        self.figures = figures
        self._limits = limits
        self._left: set[asyncio.Task[Any]] = set()

    def budget(self, seconds: float) -> Budget:
        """Make the budget of a turn that begins now, with a timeout in seconds."""
        return Budget(self._limits(), seconds)

    async def reply(
        self,
        plan: HostPlan,
        agent: Mounted,
        turn: Turn,
        budget: Budget,
        listen: Listener | None = None,
        progress: Progress = NOT_STORED,
        done_before: DoneBefore | None = None,
        steps: TurnSteps | None = None,
    ) -> Reply:
        """Return the reply of an agent or a workflow to a person.

        ``progress`` stores the tool calls so far, and ``done_before`` has those of earlier attempts at the turn.
        ``steps`` stores the outcome of each agent other than a workflow, or returns the stored one.

        The streamed words are the reply's. A workflow without an answer speaks its fallback, with the reason in
        ``escalate``, unless its agents have none because of their language model.

        Raises:
            ConversationRefused: the agent cannot honour an option of the turn.
            ModelError: a language model gives no usable answer, so that an agent, or a whole workflow, has none.
            BudgetSpent: the budget is spent.
            TimeoutError: its time is up.
            TurnTakenOver: another process goes on with the turn.
        """
        if problem := budget.visit(agent.key, 0):
            raise BudgetSpent(f"{agent.key} cannot be called: {problem}.")
        done = done_before or DoneBefore()
        call = AgentCall(
            *(plan, agent, turn, budget, budget.deadline, listen or _ignored),
            progress=progress,
            done_before=done,
            steps=steps,
        )
        outcome = await self.call(call)
        reply = outcome.reply
        if reply is None:
            error = call.error
            if isinstance(agent.agent, Workflow) and not isinstance(error, (*_ENDING, ModelError)):
                error = call.model_error
            if outcome.status is Status.TIMEOUT:
                raise TimeoutError(outcome.reason)
            if error is not None:
                raise error
            reply = Reply(agent.key, agent.fallback, call.usage, escalate=outcome.reason, path=call.path)
            call.over = False
            call.say_the_rest(reply)
        return reply

    async def call(self, call: AgentCall) -> Outcome:
        """Call an agent, and return the outcome.

        A call that exceeds its time is cancelled, with a moment to end. One that ignores the cancellation is abandoned,
        and can make no further calls.
        """
        if call.steps is None or isinstance(call.agent.agent, Workflow):
            return await self._called(call)
        return await self._as_step(call, call.steps)

    async def _as_step(self, call: AgentCall, steps: TurnSteps) -> Outcome:
        """Call an agent, or return the outcome that an earlier attempt has stored."""
        ran = False

        async def work() -> _Step:
            nonlocal ran
            ran = True
            heard: list[Event] = []
            call.listen = _also(call.listen, heard)
            outcome = await self._called(call)
            if isinstance(call.error, _ENDING):
                raise call.error
            return _Step(outcome, tuple(heard), call.own)

        try:
            step: _Step = await steps(f"call {call.agent.key}", work)
        except _ENDING as error:
            call.error = error
            return Outcome(call.agent.key, Status.ERROR, reason=message_of(error).rstrip("."))
        if not ran:
            call.apart = False  # the pause is among the events
            for event in step.events:
                call.hear(event)
            call.escalated = step.outcome.reply is not None and step.outcome.reply.escalate is not None
            call.own += step.usage
            call.over = True
        return step.outcome

    async def _called(self, call: AgentCall) -> Outcome:
        loop = asyncio.get_running_loop()
        began = loop.time()
        agent = call.agent
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": agent.key,
            "gen_ai.conversation.id": call.turn.conversation,
        }
        with span(f"invoke_agent {agent.key}", attributes) as told:
            try:
                outcome = await self._outcome(call, began)
            except asyncio.CancelledError:
                told.set_attribute("error.type", "cancelled")
                self.figures.called(Outcome(agent.key, Status.CANCELLED, seconds=loop.time() - began), call.usage)
                raise
            told.set_attribute("gen_ai.usage.input_tokens", call.usage.input_tokens)
            told.set_attribute("gen_ai.usage.output_tokens", call.usage.output_tokens)
            if outcome.status is not Status.OK:
                told.set_attribute("error.type", outcome.status.value)
        if outcome.reply is not None:
            call.escalated = outcome.reply.escalate is not None
            call.say_the_rest(outcome.reply)
        call.over = True
        self.figures.called(outcome, call.usage)
        return evolve(outcome, done=call.runs.notes())

    async def _outcome(self, call: AgentCall, began: float) -> Outcome:
        """Run an agent in a task of its own, within its time."""
        key, loop = call.agent.key, asyncio.get_running_loop()
        seconds = call.deadline - began
        try:
            reply = await bounded(self._answered(call), seconds, partial(self._leave, call), cut_off=call.cut_off)
        except BaseException as error:
            if cancelled_here(error):
                raise
            if not call.over:
                return failed(call, error, loop.time() - began)
        else:
            if not call.over:
                return Outcome(key, Status.OK, reply, seconds=loop.time() - began)
        reason = f"no answer within {about(seconds)} s"
        return Outcome(key, Status.TIMEOUT, reason=reason, seconds=loop.time() - began)

    async def _answered(self, call: AgentCall) -> Reply:
        agent = call.agent
        if isinstance(agent.agent, Workflow):
            _check_options(agent.agent, call)
            reply = _checked(await agent.agent.respond(call.turn, HostTeam(self, call)), agent)
            return evolve(reply, agent=reply.agent or agent.key, usage=call.usage, path=call.path)
        reply = await self.answers.answer(call.plan, agent, call.turn, call.hear, call)
        return evolve(reply, usage=call.usage)

    def _leave(self, call: AgentCall, task: asyncio.Task[Any]) -> None:
        _log.warning("agent %s ignores its cancellation", call.agent.key)
        self._left.add(task)
        task.add_done_callback(self._left.discard)

    @property
    def kept(self) -> Store:
        """The cache of classifiers, for all conversations."""
        return self._stores.own("classifiers")

    def team(self, plan: HostPlan, agent: Mounted, turn: Turn, budget: Budget) -> HostTeam:
        """Return the team of a workflow for a turn that nobody hears."""
        quiet = AgentCall(
            plan, agent, turn, budget, budget.deadline, _ignored, progress=NOT_STORED, done_before=DoneBefore()
        )
        return HostTeam(self, quiet)

    def state(self, call: AgentCall) -> Store:
        """Return the state of a workflow in a conversation."""
        return self._stores.own(f"workflow {call.agent.key}, conversation {call.turn.thread}", CALL_TTL)


class HostTeam:
    """The team of one workflow for one turn, see ``agenthost.Team``."""

    def __init__(self, teams: AgentCalls, call: AgentCall) -> None:
        self._teams = teams
        self._call = call

    @property
    def workflow(self) -> str:
        """The workflow's own key."""
        return self._call.agent.key

    @property
    def remaining(self) -> Remaining:
        """The remaining budget of the turn."""
        return self._call.budget.remaining(self._call.deadline, self._call.hops)

    @property
    def has_model(self) -> bool:
        """True if a language model is configured for the workflow."""
        return self._teams.answers.has_model(self._call.plan, self._call.agent)

    @property
    def state(self) -> Store:
        """The state of this workflow in this conversation."""
        return self._teams.state(self._call)

    def choices(self, names: Sequence[str] | None = None) -> tuple[Choice, ...]:
        """Return the served agents of the workflow, or some of them."""
        return self._call.plan.choices(members_of(self._call.agent.agent) if names is None else names)

    def classifier(self, name: str | None = None) -> Classifier | None:
        """Return the classifier with a name, or the host's choice."""
        return self._call.plan.classifier(name)

    def classifier_tools(self) -> ClassifierTools:
        """Return the tools of a classifier for this turn."""
        complete = self.complete if self.has_model else None
        return ClassifierTools(complete, self.remaining.seconds, self._teams.kept)

    def detectors(self, names: Sequence[str] | None = None) -> tuple[EscalationDetector, ...]:
        """Return the escalation detectors with some names, or all."""
        every = self._call.plan.detectors
        return every if names is None else tuple(each for name in names for each in every if each.name == name)

    def say(self, event: Event) -> None:
        """Send an event to the listeners of the turn."""
        if isinstance(event, Escalated):
            plan = self._call.plan
            named = ((each, plan.find(each)) for each in (event.agent, event.to))
            before, after = (name if found is None else found.key for name, found in named)
            event = evolve(event, agent=before, to=after)
            from_whom = [call for call in self._call.below if call.agent.key == event.agent and not call.escalated]
            for call in from_whom[-1:]:
                call.escalated = True
                self._teams.figures.escalated(call.agent.key)
        self._call.hear(event)

    async def call(self, agent: str, turn: Turn, *, seconds: float | None = None, aloud: bool = False) -> Outcome:
        """Call an agent, see ``agenthost.Team``."""
        above = self._call
        if above.over:
            return skipped(agent, "the call of this workflow has been cut off")
        found = above.plan.find(agent)
        if found is None:
            return skipped(agent, above.plan.why_not_served(agent))
        if not self._teams.allows(above.agent, found):
            return skipped(found.key, f"[agents.{found.key}] reachable_from does not name {above.agent.key!r}")
        if problem := above.budget.visit(found.key, above.hops + 1):
            return skipped(found.key, problem)
        now = asyncio.get_running_loop().time()
        left = max(0.0, above.deadline - now)
        left -= min(MOST_KEPT_BACK, left * KEPT_BACK)
        deadline = now + (left if seconds is None else min(left, seconds))
        heard = aloud and above.aloud
        hear, hops = above.hear, above.hops + 1
        below = AgentCall(
            *(above.plan, found, turn, above.budget, deadline, hear, hops, heard),
            progress=above.progress,
            done_before=above.done_before,
            steps=above.steps,
            apart=bool(above.said.strip()) and not above.said.endswith(APART),
        )
        above.below.append(below)
        outcome = await self._teams.call(below)
        if isinstance(below.error, _ENDING):
            raise below.error
        return outcome

    async def complete(self, request: ModelRequest, *, aloud: bool = False) -> Completion:
        """Send a request to the language model, see ``agenthost.Team``."""
        call = self._call
        call.begin()
        say = (lambda text: call.hear(Said(call.agent.key, text))) if aloud else None
        made = await self._teams.answers.complete(call.plan, call.agent, request, say)
        call.spent(made.usage)
        return made

    def used_elsewhere(self, usage: Usage, calls: int) -> None:
        """Count the tokens and calls that another host has used for this call."""
        self._call.spent(usage)
        self._call.budget.called(calls)


def _checked(reply: object, agent: Mounted) -> Reply:
    """Check the result of a workflow.

    Raises:
        DefinitionError: the result is not a reply.
    """
    if not isinstance(reply, Reply):
        raise DefinitionError(f"respond of {type(agent.agent).__name__} returns {type(reply).__name__}, not a Reply.")
    return reply


def _check_options(workflow: Workflow, call: AgentCall) -> None:
    """Check that a workflow can honour the options of a turn.

    Raises:
        ConversationRefused: it cannot.
    """
    if call.turn.options.tools and not workflow.takes_client_tools:
        kind = type(workflow).__name__
        msg = f"tools: {call.agent.key} is a workflow ({kind}) whose answers cannot wait for tools of the client."
        raise ConversationRefused(msg, "tools")


def _also(listen: Listener, heard: list[Event]) -> Listener:
    def both(event: Event) -> None:
        heard.append(event)
        listen(event)

    return both


def _ignored(_: Event) -> None:
    """Ignore an event."""
