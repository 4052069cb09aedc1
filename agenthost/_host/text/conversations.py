"""Conversations: whole turns of any agent, with their transcripts."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import attrs
from attrs import define, field, frozen

from agenthost._error_words import summary_of
from agenthost._host.peers.crossing import limited, seconds_left
from agenthost._host.plan.chosen_redactors import redacted
from agenthost._host.text.agent_turn import AgentTurns
from agenthost._host.text.answer_format import AnswerFormat
from agenthost._host.text.calling.agent_call import APART
from agenthost._host.text.calling.agent_calls import AgentCalls
from agenthost._host.text.calling.tool_runs import DoneBefore, Progress, ToolRuns
from agenthost._host.text.history import Bound, bounded
from agenthost._host.text.model_calls import complete
from agenthost._host.text.offered_tools import check_choice
from agenthost._host.text.paused_turns import Paused, PausedTurns
from agenthost._host.text.transcript_lines import Line
from agenthost._host.text.transcripts import Arrival, Transcripts, checked
from agenthost.conversation.options import AnswerOptions
from agenthost.conversation.turns import Escalated, Note, Routed, Said, ToolEnded, ToolStarted, Turn
from agenthost.errors import AgentHostError, StateRefused, StateUnavailable, TurnTakenOver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from agenthost._host.calls.tool_caller import ToolCaller
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.runtime.runtime import Runtime
    from agenthost._host.text.calling.budget import Budget
    from agenthost._host.text.calling.tool_runs import ToolRun
    from agenthost._host.text.transcripts import Begun
    from agenthost.conversation.models import Completion, Message, ModelRequest
    from agenthost.conversation.turns import Event, Listener, Reply
    from agenthost.hosting import TurnSteps

__all__ = ["Conversations", "Durable", "new_conversation"]

SCOPE = "conversation transcripts"
PAUSED_SCOPE = "turns that wait for clients' tools"
SOON = 0.02
"""Seconds after which the result of a tool is stored, while a model answers."""
MOST_HOPS = 3
"""The most hand-offs within a turn."""

_log = logging.getLogger("agenthost.conversations")


def new_conversation() -> str:
    """Make an ID for a conversation."""
    return f"c-{secrets.token_hex(12)}"


@frozen
class Durable:
    """An attempt at a turn that outlives its process.

    Args:
        id: the ID of its message, of which all attempts share the part before the point.
        at: the time of its message.
        steps: its steps.
        attempt: 0, or a number that grows with each process that takes the turn over.
    """

    id: str
    at: float
    steps: TurnSteps
    attempt: int = 0


class Conversations:
    """Conversations of people with the agents of a host, in text."""

    def __init__(self, runtime: Runtime, caller: ToolCaller) -> None:
        self._runtime = runtime
        self.conversing = AgentTurns(runtime, caller)
        self.teams = AgentCalls(
            self.conversing,
            runtime.state.stores,
            runtime.figures,
            lambda: limited(runtime.config.turns),
            self._may_call,
        )
        self._entering: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def _bound(self) -> Bound:
        own = self._runtime.config.conversation
        return Bound(own.history, own.history_tokens)

    def _may_call(self, origin: Mounted, target: Mounted) -> bool:
        return self._runtime.reach.allows(origin, target)

    async def say(
        self,
        plan: HostPlan,
        agent: str,
        conversation: str,
        text: str,
        context: Mapping[str, Any] | None = None,
        listen: Listener | None = None,
        history: Sequence[Message] | None = None,
        principal: str = "",
        *,
        options: AnswerOptions | None = None,
        begins: bool = False,
        new: bool = False,
        sent: Sequence[Message] = (),
        paused: Paused | None = None,
        attempts: Collection[int] = (),
        tool_begins: Callable[[int], Awaitable[None]] | None = None,
        ended: Callable[[Reply], Iterable[asyncio.Task[None]]] = lambda _: (),
        durable: Durable | None = None,
    ) -> Reply:
        """Answer a person, and store the transcript in any case.

        ``history`` has the earlier messages, where the person's own program keeps them; None for the transcript's. Both
        have the same bound.
        ``principal`` is the one who asks, where an agent has credentials of its own; for others, the conversation does
        not exist. ``attempts`` is the numbers of earlier attempts at this turn, whose tools do not run again.
        ``tool_begins`` is called with the turn's number before each tool, and ``ended`` with its reply for what is
        stored together with the end of the transcript. ``durable`` has the steps of a turn that outlives its process.

        ``begins`` is for an agent that begins the conversation, without a message. ``new`` is for a conversation whose
        ID was made for this turn. ``sent`` has the messages after the person's, if the client continues a turn with
        the results of its tools, and ``paused`` that turn.

        Raises:
            LookupError: no such agent is served.
            ConversationRefused: the ID is invalid, the text is empty or too long, or an option cannot be honoured.
            StateUnavailable: the store does not answer.
            ModelError: a language model gives no usable answer.
            TimeoutError: the turn exceeded its timeout.
            TurnTakenOver: another process goes on with the turn.
        """
        asked = plan.find(agent)
        if asked is None:
            raise LookupError(agent)
        checked(conversation, text, empty=begins or bool(sent))
        options = options or AnswerOptions()
        form = AnswerFormat(options.answer_schema) if options.answer_schema is not None else None
        results = paused.lines(sent, time.time()) if paused is not None else []
        arrival = Arrival(conversation, text, result=results[0] if results else None)
        if durable is not None:
            arrival = attrs.evolve(arrival, id=durable.id, at=durable.at, attempt=durable.attempt)
        transcripts = self.transcripts(plan, principal)
        record = _Record(
            listen, partial(self._progress, transcripts, conversation), tool_begins, durable=durable is not None
        )
        begun: Begun | None = None
        reply: Reply | None = None
        try:
            async with self._entrance(principal, conversation):  # in order, even if a store that is opened is slow
                if not arrival.attempt:
                    head = await transcripts.enter(arrival, new=new)
                else:
                    head, given_up = await transcripts.reenter(arrival)
                    attempts = {*attempts, *given_up}
            record.lines += results[1:]
            before = paused.turn if paused is not None else None
            begun = record.begun = await transcripts.begin(arrival, asked.key, head, before, attempts)
            record.done_before = DoneBefore(begun.done, partial(redacted, plan.redactors))
            earlier, cut = (begun.history, begun.cut) if history is None else bounded(history, self._bound)
            turn = Turn(
                conversation,
                text,
                earlier,
                context or {},
                notes=paused.notes if paused is not None else (),
                options=options,
                resumed=tuple(sent) if paused is None else paused.resumed(sent),
                principal=principal,
            )
            key = begun.agent if paused is None else paused.agent
            with_whom = (plan.find(key) if key is not None else None) or asked
            budget = self.teams.budget(seconds_left(self._runtime.config.conversation.timeout))
            steps = durable.steps if durable is not None else None
            reply = await self._answer(plan, with_whom, turn, budget, record, steps)
            reply = attrs.evolve(reply, history_cut=cut, escalate=reply.escalate or record.escalated)
            check_choice(turn.options, reply)
            if form is not None:
                reply = await self._formed(plan, turn, reply, form, budget)
            if reply.client_calls is not None:
                await self._pause(plan, principal, asked, turn, reply, before or begun.turn)
            record.lines.append(Line(0, "assistant", reply.text, time.time(), reply.agent, _reply_details(reply)))
        except BaseException as error:
            reply = None
            record.fail(None if isinstance(error, TurnTakenOver) else _why_failed(error))
            raise
        finally:
            ending = self._end(transcripts, arrival, begun, record, asked)
            await self._finished(asyncio.gather(ending, *(ended(reply) if reply is not None else ())))
        return reply

    def _entrance(self, principal: str, conversation: str) -> asyncio.Lock:
        """Return the lock of a conversation, which lets messages in one by one."""
        return self._entering.setdefault((principal, conversation), asyncio.Lock())

    def transcripts(self, plan: HostPlan, principal: str = "") -> Transcripts:
        """Return the transcripts of the host, or those of one principal."""
        own = self._runtime.config.conversation
        store = self._runtime.state.serving().own(f"{SCOPE} of {principal}" if principal else SCOPE)
        return Transcripts(store, plan.redactors, keep=own.keep, longest=own.timeout, history=self._bound)

    def paused_turns(self, plan: HostPlan, principal: str = "") -> PausedTurns:
        """Return the turns that wait for clients' tools, of the host or of one principal."""
        scope = f"{PAUSED_SCOPE} of {principal}" if principal else PAUSED_SCOPE
        return PausedTurns(self._runtime.state.serving().own(scope), plan.redactors)

    async def _pause(
        self, plan: HostPlan, principal: str, asked: Mounted, turn: Turn, reply: Reply, number: int
    ) -> None:
        """Store a turn that waits for its client's tools."""
        calls = reply.client_calls
        if calls is None:
            return
        agent, notes = reply.agent, calls.notes
        paused = Paused(asked.key, agent, turn.conversation, number, turn.text, notes, calls.messages)
        await self.paused_turns(plan, principal).keep(paused, calls.uses)

    async def _formed(self, plan: HostPlan, turn: Turn, reply: Reply, form: AnswerFormat, budget: Budget) -> Reply:
        """Return a reply in the format that the client requires.

        A reply that is cut off, refused or continued stays as it is, since its end has another reason.

        Raises:
            AnswerMalformed: the model does not get it right, also in a second attempt.
            TimeoutError: the turn's time is up.
        """
        if reply.refused or (reply.finish != "stop" and form.problem(reply.text) is not None):
            return reply
        agent = plan.find(reply.agent)
        usage = reply.usage

        async def ask(request: ModelRequest) -> Completion:
            nonlocal usage
            budget.begin()
            completion = await complete(plan.models.find(agent.model if agent is not None else None), request)
            budget.spent(completion.usage)
            usage += completion.usage
            return completion

        async with asyncio.timeout(budget.seconds()):
            text = await form.made(turn.text, reply.text, ask)
        return attrs.evolve(reply, text=text, usage=usage)

    async def _answer(
        self,
        plan: HostPlan,
        agent: Mounted,
        turn: Turn,
        budget: Budget,
        listen: _Record,
        steps: TurnSteps | None,
    ) -> Reply:
        """Answer a turn.

        After a hand-off, the other agent answers, and receives what was said and done. It has the conversation then,
        even if it fails.
        """
        reply = await self.teams.reply(plan, agent, turn, budget, listen, listen, listen.done_before, steps)
        with_whom, met = agent.key, {agent.key}
        while reply.handed_to is not None and reply.handed_to not in met and len(met) <= MOST_HOPS:
            following = plan.find(reply.handed_to)
            if following is None or not self._runtime.reach.allows(plan.find(with_whom), following):
                break
            with_whom = listen.handed_to = following.key
            met.add(with_whom)
            listen(Routed(reply.agent, with_whom, "handed over"))
            listen(Said(with_whom, APART))
            handed = attrs.evolve(
                turn, notes=(*turn.notes, *listen.runs.notes(), Note(reply.agent, "reason", reply.text))
            )
            answer = await self.teams.reply(plan, following, handed, budget, listen, listen, listen.done_before, steps)
            reply = attrs.evolve(
                answer,
                usage=reply.usage + answer.usage,
                handed_to=answer.handed_to or with_whom,
                path=(*reply.path, *answer.path),
                text=f"{reply.text}{APART}{answer.text}",
            )
        return reply

    async def _progress(
        self, transcripts: Transcripts, conversation: str, begun: Begun, lines: list[Line], *, needed: bool
    ) -> None:
        await asyncio.sleep(0)  # so that it is one transaction with ``tool_begins``
        try:
            await transcripts.progress(conversation, begun, lines, needed=needed)
        except StateUnavailable as error:
            if needed:
                raise
            _log.warning("the tool calls of a turn are not stored yet: %s", error)

    async def _end(
        self, transcripts: Transcripts, arrival: Arrival, begun: Begun | None, record: _Record, asked: Mounted
    ) -> None:
        """Store the end of a turn in its transcript."""
        await record.stop()
        await asyncio.sleep(0)  # so that it is one transaction with the turn's outcome
        await transcripts.end(arrival, begun, record.lines, asked=asked.key, handed_to=record.handed_to)

    async def _finished(self, ending: Any) -> None:
        """Write the end of a turn, even if the caller is cancelled meanwhile."""
        task = asyncio.ensure_future(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        await asyncio.shield(task)


@define(slots=False, eq=False)
class _Record(Progress):
    """The events of a turn, for its transcript."""

    listen: Listener | None
    progress: Callable[..., Awaitable[None]]
    tool_begins: Callable[[int], Awaitable[None]] | None = None
    durable: bool = field(default=False, kw_only=True)
    """No tool runs before its call is stored, as another process may take the turn over at any time."""
    done_before: DoneBefore = field(factory=DoneBefore)
    begun: Begun | None = None
    changed: bool = False
    storing: asyncio.Lock = field(factory=asyncio.Lock)
    late: asyncio.Task[None] | None = None
    lines: list[Line] = field(factory=list)
    runs: ToolRuns = field(factory=ToolRuns)
    said: list[str] = field(factory=list)
    handed_to: str | None = None
    """The agent that has the conversation after a hand-off."""
    escalated: str | None = None
    """The reason why another agent took over in the turn."""

    def __call__(self, event: Event) -> None:
        run = self.runs.add(event)
        self.changed |= isinstance(event, (ToolStarted, ToolEnded))
        if run is not None:
            self.lines.append(_line_of(run))
        elif isinstance(event, Said):
            self.said.append(event.text)
        elif isinstance(event, Escalated):
            self.escalated = event.reason or f"{event.to} took over"
        if self.listen is not None:
            self.listen(event)

    def had_effects(self, effects: Mapping[str, str]) -> None:
        """Add the effects of the tool that has just ended."""
        self.lines[-1] = attrs.evolve(self.lines[-1], more={**self.lines[-1].more, **effects})

    async def store(self) -> None:
        """Store the tool calls so far, if there are new ones.

        Raises:
            TurnTakenOver: another process goes on with the turn.
            StateUnavailable: the store does not answer, and the turn is durable.
        """
        async with self.storing:
            if self.changed and self.begun is not None:
                self.changed = False
                try:
                    await self._store(self.begun)
                except BaseException:
                    self.changed = True
                    raise

    async def _store(self, begun: Begun) -> None:
        """Store the calls, and then that tools begin.

        In this order, an attempt that replaces this one before a tool begins finds its call.
        """
        unfinished = [*map(_line_of, self.runs.unfinished())]
        needed = self.durable and bool(unfinished)
        writes = [self.progress(begun, [*self.lines, *unfinished], needed=needed)]
        if needed:
            await writes.pop()
        if unfinished and self.tool_begins is not None:
            writes.append(self.tool_begins(begun.turn))
        await asyncio.gather(*writes)

    def store_soon(self) -> None:
        """Store them in a moment: a model that answers at once ends the turn first."""
        if self.changed and self.late is None:
            self.late = asyncio.ensure_future(self._store_late())

    async def _store_late(self) -> None:
        await asyncio.sleep(SOON)
        self.late = None
        with suppress(TurnTakenOver, StateRefused, StateUnavailable):  # raised before the next tool
            await self.store()

    async def stop(self) -> None:
        """Store nothing from now on, except for the end of the turn."""
        self.begun = None
        if self.late is not None:
            self.late.cancel()
        async with self.storing:  # what is being written does not come after the end
            pass

    def fail(self, why: str | None) -> None:
        """Add what is known of a turn without an answer.

        There is no reason if another process goes on with it.
        """
        said = "".join(self.said).strip()
        self.lines += map(_line_of, self.runs.unfinished())
        if why is not None:
            self.lines.append(Line(0, "failure", why, time.time(), more={"said": said} if said else {}))


def _line_of(run: ToolRun) -> Line:
    more = {"tool": run.tool, "arguments": run.arguments, "failed": run.failed}
    return Line(0, "tool", run.result, time.time(), run.agent, more)


def _reply_details(reply: Reply) -> dict[str, Any]:
    """Return the data of a reply for the transcript, without its text."""
    known = {
        "path": list(reply.path) if len(reply.path) > 1 else None,
        "handed_to": reply.handed_to,
        "escalate": reply.escalate,
        "tokens": reply.usage.tokens or None,
        "client_calls": [use.name for use in reply.client_calls.uses] if reply.client_calls is not None else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _why_failed(error: BaseException) -> str:
    if isinstance(error, AgentHostError):
        return summary_of(error)
    return {"CancelledError": "cancelled: the client has disconnected", "TimeoutError": "the turn took too long"}.get(
        type(error).__name__, type(error).__name__
    )
