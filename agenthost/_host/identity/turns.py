"""Turns that clients can repeat: each runs once, for all its requests."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from attrs import define, evolve, field

from agenthost._error_words import summary_of
from agenthost._host.identity.durable import StoredTurn, engine_of, new_part
from agenthost._host.identity.places import Place
from agenthost._host.identity.resent_histories import ResentHistories
from agenthost._host.identity.turn_identity import Kind, TurnIdentities
from agenthost._host.identity.turn_outcomes import error_as_json, error_of, outcome_as_json, outcome_of
from agenthost._host.peers.crossing import crossing
from agenthost._host.plan.chosen_redactors import redacted
from agenthost._host.text.calling.agent_call import APART
from agenthost._host.text.conversations import Durable
from agenthost.conversation.turns import Said
from agenthost.errors import AgentHostError, ConversationRefused, StateUnavailable, TurnTakenOver

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping

    from agenthost._host.identity.asking import Asking
    from agenthost._host.identity.turn_identity import Claim, Identity
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.runtime.runtime import Runtime
    from agenthost._host.text.conversations import Conversations
    from agenthost.conversation.turns import Event, Listener, Reply
    from agenthost.hosting import DurableTurns, TurnSteps

__all__ = ["TakenTurn", "Turns"]

SCOPE = "turns of clients"
HISTORIES = "histories of clients"
_PAUSE = 0.1
"""Seconds between polls for the end of a turn in another process."""
_ENDING = 3.0
"""Seconds that turns without clients have for their end when the host stops."""

_log = logging.getLogger("agenthost.conversations")


@define(eq=False)
class _Running:
    """A turn that runs in this process, with the clients that wait for it."""

    claim: Claim
    task: asyncio.Task[Reply] = field(init=False)
    events: list[Event] = field(factory=list)
    listeners: list[Listener] = field(factory=list)
    began: bool = False
    """A tool has begun, so that the turn outlives its clients."""

    @property
    def said(self) -> str:
        """The words so far."""
        return "".join(event.text for event in self.events if isinstance(event, Said))

    def hear(self, event: Event) -> None:
        self.events.append(event)
        for listener in (*self.listeners,):
            listener(event)


class Turns:
    """The turns of a host's clients."""

    def __init__(self, runtime: Runtime, conversations: Conversations) -> None:
        self._runtime = runtime
        self.conversations = conversations
        self._running: dict[str, _Running] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._shared: WeakValueDictionary[tuple[str, object, float], ResentHistories] = WeakValueDictionary()
        self._identities: tuple[object, float, TurnIdentities] | None = None

    async def take(self, plan: HostPlan, asking: Asking, identity: Identity) -> TakenTurn:
        """Begin a turn, or take up the one that a request repeats.

        Raises:
            ConversationRefused: the idempotency key was sent with another request.
            StateUnavailable: the store does not answer.
        """
        identities = self._found()
        place = await Place.of(asking, self._histories(asking.principal))
        claim = await identities.claim(identity, place.asking.conversation)
        running = self._running.get(claim.id)
        if claim.kind in (Kind.NEW, Kind.CONTINUES):
            place, claim = await place.entered(claim, identities, asking.conversation)
            running = self._start(plan, place, claim)
        return TakenTurn(self, plan, asking, claim, running)

    def running(self, claim: Claim) -> _Running | None:
        """Return the turn of a claim, if it runs in this process."""
        return self._running.get(claim.id)

    def _found(self) -> TurnIdentities:
        stores, longest = self._runtime.state.serving(), self._runtime.config.conversation.timeout
        if self._identities is None or self._identities[:2] != (stores, longest):
            self._identities = stores, longest, TurnIdentities(stores.own(SCOPE), longest)
        return self._identities[2]

    def _histories(self, principal: str) -> ResentHistories:
        """Return the histories of one principal.

        Those in use are shared, so that their writes are made together.
        """
        stores, longest = self._runtime.state.serving(), self._runtime.config.conversation.timeout
        name = f"{HISTORIES} of {principal}" if principal else HISTORIES
        asked = name, stores, longest
        found = self._shared.get(asked)
        if found is None:
            found = self._shared[asked] = ResentHistories(stores.own(name), longest)
        return found

    async def resume(self, plan: HostPlan, turn: object, steps: TurnSteps, attempt: int) -> None:
        """Go on with a turn whose process has died, and wait for its end.

        Raises:
            TurnTakenOver: an attempt with a higher number exists.
            StateUnavailable: the store does not answer.
        """
        if not isinstance(turn, StoredTurn):
            raise TypeError(f"{type(turn).__name__} is not a turn that this host has stored")
        claim = await self._found().resume(turn.claim, attempt)
        if claim is None:
            return
        place = Place(turn.asking, self._histories(turn.asking.principal), turn.before, turn.follows)
        running = self._start(plan, place, claim, Durable(f"{claim.id}.{new_part()}", turn.at, steps, attempt))
        await asyncio.wait([running.task])

    def _start(self, plan: HostPlan, place: Place, claim: Claim, durable: Durable | None = None) -> _Running:
        running = self._running[claim.id] = _Running(claim)
        engine = None if durable is not None else engine_of(plan, place.asking)
        if engine is None:
            work = self._run(plan, place, running, durable)
        else:
            work = self._carried(plan, place, running, engine)
        running.task = asyncio.ensure_future(self._here_or_elsewhere(running, work))
        running.task.add_done_callback(partial(self._ended, running))
        return running

    async def _here_or_elsewhere(self, running: _Running, work: Coroutine[Any, Any, Reply]) -> Reply:
        """Return the reply of a turn, also if another process goes on with it.

        Raises:
            TurnTakenOver: that process has died, too.
        """
        try:
            return await work
        except TurnTakenOver:
            _log.warning("another process goes on with a turn of this one")
            said = running.said
            reply = await self.poll(evolve(running.claim, kind=Kind.JOINS), _ignored if said else running.hear)
            if reply is None:
                raise
        if said:
            rest = reply.text[len(said) :] if reply.text.startswith(said) else f"{APART}{reply.text}"
            running.hear(Said(reply.agent, rest))
        return reply

    async def _carried(self, plan: HostPlan, place: Place, running: _Running, engine: DurableTurns) -> Reply:
        """Run a turn by an engine that carries it over the death of this process."""
        claim, at = running.claim, time.time()
        outcome: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        async def work(steps: TurnSteps) -> None:
            durable = Durable(f"{claim.id}.{new_part()}", at, steps)
            try:
                outcome.set_result(await self._run(plan, place, running, durable))
            except Exception as error:  # noqa: BLE001 - raised below
                outcome.set_exception(error)

        stored = StoredTurn(place.asking, claim, place.before, place.follows, at)
        await engine.run(f"{claim.id}.{claim.run}", stored, work)
        return outcome.result()

    async def _run(self, plan: HostPlan, place: Place, running: _Running, durable: Durable | None = None) -> Reply:
        claim, asking = running.claim, place.asking

        async def tool_begins(turn: int) -> None:
            if running.began and durable is None:
                return
            running.began = True
            try:
                await self._found().tool_begins(claim, turn)
            except StateUnavailable as error:
                if durable is not None:
                    raise
                _log.warning("a repeated request may run the tools of a turn again: %s", error)

        def ended(reply: Reply) -> Iterable[asyncio.Task[None]]:
            """Store the outcome, and the place before the client can send its history."""
            outcome = outcome_as_json(running.events, reply, partial(redacted, plan.redactors))
            yield self._write(self._store_end(running, outcome, answered=True))
            yield self._write(self._leave_place(place, reply, running.said))

        try:
            with crossing(asking.crossing):
                return await self.conversations.say(
                    plan,
                    asking.agent,
                    asking.conversation,
                    asking.text,
                    asking.context,
                    running.hear,
                    asking.history,
                    asking.principal,
                    options=asking.options,
                    begins=not asking.text and not asking.sent,
                    new=claim.kind is Kind.NEW and place.begins,
                    sent=asking.sent,
                    paused=asking.paused,
                    attempts=claim.turns,
                    tool_begins=tool_begins,
                    ended=ended,
                    durable=durable,
                )
        except TurnTakenOver:
            raise
        except BaseException as error:
            leaving = self._write(self._leave_place(place, None))
            writing = self._write(self._store_end(running, error_as_json(error), answered=False))
            if not isinstance(error, asyncio.CancelledError):  # a repeat may reach another worker at once
                await asyncio.shield(asyncio.gather(leaving, writing))
            raise

    async def _leave_place(self, place: Place, reply: Reply | None, streamed: str = "") -> None:
        try:
            await place.left(reply, streamed)
        except StateUnavailable as error:
            _log.warning("a client that sends its history begins another conversation with it: %s", error)

    async def _store_end(self, running: _Running, outcome: Mapping[str, Any], *, answered: bool) -> None:
        try:
            await self._found().ended(running.claim, outcome, answered=answered, left=not running.listeners)
        except StateUnavailable as error:
            _log.warning("the outcome of a turn is not kept for repeated requests: %s", error)

    def _write(self, writing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Write to the store, even if nobody waits for it."""
        task = asyncio.ensure_future(writing)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return task

    def _ended(self, running: _Running, task: asyncio.Task[Reply]) -> None:
        if self._running.get(running.claim.id) is running:  # not if this process has taken its own turn over
            del self._running[running.claim.id]
        error = None if task.cancelled() else task.exception()
        if error is not None and not running.listeners:
            why = summary_of(error) if isinstance(error, AgentHostError) else type(error).__name__
            _log.warning("a turn whose client has left failed: %s", why)

    async def wait(self, running: _Running, listen: Listener) -> Reply:
        """Return the reply of a turn that runs here, with all its events.

        A turn that nobody waits for is cancelled, unless a tool has begun. Then a cancelled caller waits for its end.
        """
        for event in running.events:
            listen(event)
        running.listeners.append(listen)
        try:
            return await asyncio.shield(running.task)
        except asyncio.CancelledError:
            running.listeners.remove(listen)
            if not running.listeners:
                if running.began:
                    self._leave(running.claim)
                    await asyncio.wait([running.task])  # a server that stops waits for its requests
                else:
                    running.task.cancel()
                    with suppress(BaseException):
                        await running.task
            raise

    async def poll(self, claim: Claim, listen: Listener) -> Reply | None:
        """Return the reply of a turn in another process, or None if that has died."""
        try:
            while claim.kind is Kind.JOINS:
                await asyncio.sleep(_PAUSE)
                found = await self._found().look(claim)
                if found is None:
                    return None
                claim = found
        except asyncio.CancelledError:
            self._leave(claim)
            raise
        if claim.kind is Kind.CONTINUES:
            raise error_of(claim.outcome)
        self._leave(claim, left=False)
        return _replayed(claim, listen)

    def _leave(self, claim: Claim, *, left: bool = True) -> None:
        async def leave() -> None:
            with suppress(StateUnavailable):
                await self._found().left(claim, left=left)

        self._write(leave())

    async def close(self) -> None:
        """Wait a moment for turns without clients, and cancel what is left of them."""
        tasks = {running.task for running in self._running.values()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_ENDING)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks, timeout=_ENDING / 3)
        if self._writing:
            await asyncio.wait(self._writing, timeout=_ENDING / 3)


@define(eq=False)
class TakenTurn:
    """A turn for one client."""

    _turns: Turns
    _plan: HostPlan
    _asking: Asking
    _claim: Claim
    _running: _Running | None

    @property
    def conversation(self) -> str:
        """The ID of the turn's conversation."""
        return self._claim.conversation

    @property
    def may_have_effects(self) -> bool:
        """True if a tool has begun."""
        return bool(self._claim.turns) or (self._running is not None and self._running.began)

    async def reply(self, listen: Listener) -> Reply:
        """Return the reply, after all events of the turn.

        Raises:
            Exception: see ``Conversations.say``.
        """
        while True:
            running = self._running = self._running or self._turns.running(self._claim)
            if running is not None:
                return await self._turns.wait(running, listen)
            if self._claim.kind is Kind.STORED:
                return _replayed(self._claim, listen)
            reply = await self._turns.poll(self._claim, listen)
            if reply is not None:
                return reply
            taken = await self._turns.take(self._plan, self._asking, self._claim.identity)
            self._claim, self._running = taken._claim, taken._running  # noqa: SLF001 - its own class


def _ignored(_: object) -> None:
    """Ignore an event."""


def _replayed(claim: Claim, listen: Listener) -> Reply:
    """Return a stored reply, after its events.

    Raises:
        ConversationRefused: another version stored it.
    """
    try:
        events, reply = outcome_of(claim.outcome)
    except (LookupError, TypeError) as error:
        raise ConversationRefused("the answer of this turn cannot be read any more: send another message.") from error
    for event in events:
        listen(event)
    return reply
