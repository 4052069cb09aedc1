"""Platform and Call: the public face of the engine."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Self

from attrs import field, frozen

from agenthost.testing.platform.ai.prompting import offered, prompt_of
from agenthost.testing.platform.http.delivery import Delivery
from agenthost.testing.platform.leg import Caller, Line, Room
from agenthost.testing.platform.legs import new_leg, run_call, with_base
from agenthost.testing.platform.options import PlatformOptions
from agenthost.testing.platform.script import (
    Digits,
    FunctionCall,
    HangUp,
    ModelSays,
    ModelTurn,
    Says,
    Silence,
    Unhold,
)
from agenthost.testing.platform.trace import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from agenthost.conversation.models import ChatModel, ToolSpec
    from agenthost.testing.platform.ai.functions import Function
    from agenthost.testing.platform.ai.state import Session
    from agenthost.testing.platform.http.client import Client
    from agenthost.testing.platform.http.delivery import Exchange
    from agenthost.testing.platform.leg import Leg
    from agenthost.testing.platform.script import Input
    from agenthost.testing.platform.trace import Trace, TraceEvent

__all__ = ["Call", "Outcome", "Platform"]


@frozen
class Outcome:
    """Everything that one step of a call caused.

    Args:
        events: the events of the trace, in order.
    """

    events: tuple[TraceEvent, ...] = field(repr=False)

    @property
    def said(self) -> str:
        """The agent's words, one utterance a line."""
        return "\n".join(str(event.data["text"]) for event in self.events if event.kind == "spoken")

    @property
    def response(self) -> str:
        """The last function's response, as the model received it."""
        tools = [event for event in self.events if event.kind == "tool"]
        return str(tools[-1].data["response"]) if tools else ""

    @property
    def error(self) -> str:
        """The platform's word for the last function's failure, or empty text."""
        tools = [event for event in self.events if event.kind == "tool"]
        return str(tools[-1].data.get("error", "")) if tools else ""

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of the actions that were applied, in order."""
        return tuple(str(event.data["action"]) for event in self.events if event.kind == "action")

    @property
    def findings(self) -> tuple[str, ...]:
        """Messages of the findings."""
        return tuple(str(event.data["message"]) for event in self.events if event.kind in {"finding", "script_error"})


class Platform:
    """The platform's part of calls to a host: offline, and the same each time.

    Args:
        client: the way to the host under test: ``AsgiClient`` or ``HttpClient``. Nothing else is contacted.
        options: options of the platform.
        model: answers as the agents' model if a step of a call has no scripted turns. None says nothing.
        listener: receives each event at once.
    """

    def __init__(
        self,
        client: Client,
        options: PlatformOptions | None = None,
        *,
        model: ChatModel | None = None,
        listener: Callable[[TraceEvent], None] | None = None,
    ) -> None:
        self._client = client
        self._options = options if options is not None else PlatformOptions()
        self._model = model
        self._listener = listener

    async def call(
        self,
        route: str = "/",
        *,
        caller: str | Caller = "+15550100",
        dialled: str = "+15550199",
        turns: tuple[ModelTurn, ...] | None = None,
    ) -> Call:
        """Call the agent at a route, and wait until it listens or the call ends.

        Args:
            route: path of the agent, or its URL on this host.
            caller: the caller's number, or a whole ``Caller``.
            dialled: the called number.
            turns: the model's turns before the caller's first words.
        """
        who = caller if isinstance(caller, Caller) else Caller(number=caller, dialled=dialled)
        return await self._start(route, who, turns, chat=False)

    async def sip(
        self, address: str, *, caller: str = "sip:caller@caller.example", turns: tuple[ModelTurn, ...] | None = None
    ) -> Call:
        """Call a SIP address of the host.

        Args:
            address: the address, such as ``sip:sales@host.example``.
            caller: the caller's address.
            turns: the model's turns before the caller's first words.
        """
        who = Caller(number=caller, dialled=address, kind="sip")
        return await self._start(self._options.sip_path, who, turns, chat=False)

    async def chat(self, route: str = "/", *, user: Mapping[str, Any] | None = None) -> Call:
        """Open a conversation of AI Chat with the agent at a route.

        Args:
            route: path of the agent.
            user: metadata of the user.
        """
        return await self._start(route, Caller(number="", kind="chat", user=user or {}), None, chat=True)

    async def _start(self, route: str, who: Caller, turns: tuple[ModelTurn, ...] | None, *, chat: bool) -> Call:
        recorder = Recorder(self._options.seed, self._listener)
        delivery = Delivery(self._client, self._options, recorder)
        seeded = random.Random(self._options.seed)  # noqa: S311 - repeatable on purpose
        room = Room(self._options, delivery, recorder, seeded, Line(), self._model)
        room.line.turns = None if turns is None else list(turns)
        leg = new_leg(room, who, chat=chat)
        recorder.add("call", "", 1, {"from": who.number, "to": who.dialled, "type": who.kind, "call_id": leg.call_id})
        call = Call(room, leg, with_base(self._client.base_url, route))
        await call._wait()  # noqa: SLF001 - this is how a call begins
        return call


class Call:
    """A call in progress.

    Each method waits until the agent listens again, or the call has ended.
    """

    def __init__(self, room: Room, leg: Leg, url: str) -> None:
        self._room = room
        self._first = leg
        self._task = asyncio.create_task(run_call(leg, url))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def trace(self) -> Trace:
        """The events so far."""
        return self._room.recorder.trace()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The requests so far, whole and with their tokens."""
        return tuple(self._room.delivery.exchanges)

    @property
    def id(self) -> str:
        """ID of the caller's leg."""
        return self._first.call_id

    @property
    def ended(self) -> bool:
        """True once the call has ended."""
        return self._task.done()

    @property
    def cause(self) -> str:
        """The reason for the call's end, or empty text."""
        return self._first.ended

    @property
    def agent(self) -> str:
        """Path of the agent that has the call, or had it last."""
        leg = self._leg
        return leg.agent or (leg.hops[-1] if leg.hops else "")

    @property
    def hops(self) -> tuple[str, ...]:
        """Paths of the agents that had the call, in order, on all legs."""
        return tuple(hop for leg in self._room.legs for hop in leg.hops)

    @property
    def document(self) -> Mapping[str, Any]:
        """The present document."""
        return self._leg.script.document if self._leg.script is not None else {}

    @property
    def prompt(self) -> str:
        """The model's prompt at this moment, with the text of the step."""
        return prompt_of(self.session) if self.session is not None else ""

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the functions that the model may call at this moment."""
        return tuple(self.tool_specs)

    @property
    def tool_specs(self) -> Mapping[str, ToolSpec]:
        """The functions that the model may call at this moment, by name."""
        return offered(self.session) if self.session is not None else {}

    @property
    def session(self) -> Session | None:
        """The present AI session, or None."""
        found: Session | None = self._leg.session
        return found

    @property
    def functions(self) -> tuple[Function, ...]:
        """All functions of the present AI session, hidden ones included."""
        return tuple(self.session.functions.values()) if self.session is not None else ()

    @property
    def delivery(self) -> Delivery:
        """The way of all requests of the call."""
        return self._room.delivery

    @property
    def step(self) -> str:
        """Name of the present step, or empty text."""
        flow = self.session.flow if self.session is not None else None
        return flow.step_name if flow is not None else ""

    @property
    def context(self) -> str:
        """Name of the present context, or empty text."""
        flow = self.session.flow if self.session is not None else None
        return flow.context if flow is not None else ""

    @property
    def global_data(self) -> Mapping[str, Any]:
        """Global data of the present leg."""
        return dict(self._leg.global_data)

    @property
    def meta_data(self) -> Mapping[str, Mapping[str, Any]]:
        """Metadata of the present leg, by function."""
        functions = self.session.functions.values() if self.session is not None else ()
        return {item.name: dict(self._leg.meta_data.get(item.store, {})) for item in functions}

    @property
    def variables(self) -> Mapping[str, Any]:
        """Variables of the present leg."""
        return dict(self._leg.vars)

    async def say(self, text: str, *turns: ModelTurn, barge_after: int | None = None) -> Outcome:
        """Speak as the caller.

        Args:
            text: the words.
            turns: the model's turns that follow. Without any, the platform's model answers.
            barge_after: milliseconds of the agent's speech before the caller interrupts it.
        """
        return await self.give(Says(text, turns or None, barge_after))

    async def tool(self, function: str, /, **arguments: Any) -> Outcome:
        """Call a function as the model.

        Args:
            function: its name. One that is not offered gets the platform's error.
            arguments: its arguments.
        """
        return await self.give(ModelSays((ModelTurn(calls=(FunctionCall(function, arguments),)),)))

    async def model(self, *turns: ModelTurn) -> Outcome:
        """Take turns as the model, without words of the caller."""
        return await self.give(ModelSays(turns))

    async def press(self, digits: str, *turns: ModelTurn) -> Outcome:
        """Press keys as the caller."""
        return await self.give(Digits(digits, turns or None))

    async def wait(self, milliseconds: int, *turns: ModelTurn) -> Outcome:
        """Say nothing, for some milliseconds of the call's own clock."""
        return await self.give(Silence(milliseconds, turns or None))

    async def unhold(self, *turns: ModelTurn) -> Outcome:
        """End a hold, as another system does."""
        return await self.give(Unhold(turns or None))

    async def hang_up(self, summary: Any = None) -> Outcome:
        """Hang up as the caller.

        Args:
            summary: the model's summary, as text or as an object.
        """
        return await self.give(HangUp(summary))

    async def give(self, item: Input) -> Outcome:
        """Give the call any input. After its end, this does nothing."""
        before = len(self._room.recorder.events)
        if not self.ended:
            self._room.line.give(item)
            await self._wait()
        return Outcome(tuple(self._room.recorder.events[before:]))

    async def close(self) -> None:
        """End the call at once, without a summary, if it has not ended."""
        if not self._task.done():
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _wait(self) -> None:
        """Wait until the agent listens, or the call has ended.

        Raises:
            Exception: the engine itself failed.
        """
        listening = asyncio.ensure_future(self._room.line.idle.wait())
        try:
            await asyncio.wait([listening, self._task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
        if self._task.done():
            self._task.result()

    @property
    def _leg(self) -> Leg:
        return next((leg for leg in reversed(self._room.legs) if not leg.ended), self._first)
