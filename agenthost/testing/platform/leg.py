"""One leg of a call: identity, variables, data and the line to its person."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from attrs import define, field, frozen

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Mapping

    from agenthost.testing.platform.http.delivery import Delivery
    from agenthost.testing.platform.options import PlatformOptions
    from agenthost.testing.platform.script import Input, ModelTurn
    from agenthost.testing.platform.trace import Recorder

__all__ = [
    "Caller",
    "Dialled",
    "HungUp",
    "Leaving",
    "Leg",
    "Line",
    "Room",
    "Script",
    "Stopped",
    "Transferred",
    "agent_of",
]


@frozen
class Caller:
    """The person at the other end.

    Args:
        number: the caller's number or SIP address.
        name: the caller's name.
        dialled: the called number or SIP address.
        kind: ``phone``, ``sip``, ``webrtc`` or ``chat``.
        direction: ``inbound`` or ``outbound``.
        headers: SIP headers.
        user: variables of the calling application, sent as ``vars.userVariables``.
    """

    number: str = "+15550100"
    name: str = ""
    dialled: str = "+15550199"
    kind: str = "phone"
    direction: str = "inbound"
    headers: Mapping[str, str] = field(factory=dict)
    user: Mapping[str, Any] = field(factory=dict)


@frozen
class HungUp:
    """The leg ends.

    Args:
        cause: the reason: ``hangup``, ``caller``, ``script_end``, ``script_error`` or ``loop_guard``.
    """

    cause: str


@frozen
class Transferred:
    """The leg goes on elsewhere, and does not return.

    Args:
        dest: a section, a URL, a document, or a document as JSON text.
        params: the parameters for the other section.
    """

    dest: Any
    params: Mapping[str, Any] = field(factory=dict)


@frozen
class Stopped:
    """An AI session ends, and the document goes on.

    Args:
        cause: the reason.
    """

    cause: str


Leaving: TypeAlias = "HungUp | Transferred"
"""The reason to leave a document."""


@frozen
class Script:
    """A document, and where it comes from.

    Args:
        document: the document.
        url: its URL, with credentials.
        agent: the path of its agent. Empty for the URL's.
    """

    document: Mapping[str, Any]
    url: str
    agent: str = ""


@frozen
class Dialled:
    """A call that the procedure ``dial`` starts.

    Args:
        url: the URL of its document.
        to: the number that is called.
        shown: the number that is shown there.
        kind: ``phone`` or ``sip``.
    """

    url: str
    to: str
    shown: str
    kind: str


@define
class Line:
    """The line between the platform and the person who drives the call.

    The platform waits for input; meanwhile the person has the word.
    """

    idle: asyncio.Event = field(factory=asyncio.Event)
    _given: asyncio.Queue[Input] = field(factory=asyncio.Queue)
    turns: list[ModelTurn] | None = None
    """The model's next turns. None lets the call's model answer."""
    summary: Any = None

    async def next(self) -> Input:
        """Wait for the next input."""
        self.idle.set()
        given = await self._given.get()
        self.idle.clear()
        return given

    def give(self, item: Input) -> None:
        """Give the platform its next input."""
        self.idle.clear()
        self._given.put_nowait(item)


@define
class Room:
    """Everything that all legs of a call share."""

    options: PlatformOptions
    delivery: Delivery
    recorder: Recorder
    random: random.Random
    line: Line
    model: Any = None
    verbs: int = 0
    transfers: int = 0
    calls: int = 0
    sessions: int = 0
    legs: list[Leg] = field(factory=list)
    dialled: list[Dialled] = field(factory=list)
    """Calls that begin while this one is on hold, or after its end."""
    used_outcomes: dict[str, int] = field(factory=dict)

    def new_id(self) -> str:
        """Return the next ID of the call, which the seed decides."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def outcome(self, verb: str, default: Any) -> Any:
        """Return the next scripted result of a verb. The last one is repeated."""
        scripted = self.options.outcomes.get(verb) or [default]
        number = self.used_outcomes.get(verb, 0)
        self.used_outcomes[verb] = number + 1
        return scripted[min(number, len(scripted) - 1)]


RunAi: TypeAlias = "Callable[[Leg, Mapping[str, Any], Script], Awaitable[Leaving | None]]"
Connect: TypeAlias = "Callable[[Leg, str, Any], Awaitable[str]]"
RunDialled: TypeAlias = "Callable[[Leg], Awaitable[None]]"


@define(eq=False)
class Leg:
    """One leg: a call ID, its variables, and the agent that has it."""

    room: Room
    number: int
    call_id: str
    caller: Caller
    run_ai: RunAi
    connect: Connect
    run_dialled: RunDialled
    chat: bool = False
    parent: Leg | None = None
    node_id: str = ""
    segment_id: str = ""
    answered: bool = False
    vars: dict[str, Any] = field(factory=dict)
    global_data: dict[str, Any] = field(factory=dict)
    meta_data: dict[str, dict[str, Any]] = field(factory=dict)
    script: Script | None = None
    session: Any = None
    """The present AI session."""
    hops: list[str] = field(factory=list)
    ended: str = ""
    depth: int = 0

    @property
    def agent(self) -> str:
        """Path of the present document."""
        if self.script is None:
            return ""
        return self.script.agent or agent_of(self.script.url)

    def trace(self, kind: str, /, **data: Any) -> None:
        """Add an event."""
        self.room.recorder.add(kind, self.agent, self.number, data)

    def finding(self, code: str, message: str, /, **data: Any) -> None:
        """Add a finding: a mistake that the platform would log or ignore."""
        self.trace("finding", code=code, message=message, **data)

    def time(self, milliseconds: int | None = None) -> int:
        """Return a time of the virtual clock in microseconds since 1970."""
        now = self.room.recorder.now if milliseconds is None else milliseconds
        return self.room.options.start * 1_000_000 + now * 1000

    def described(self) -> dict[str, Any]:
        """Return the ``call`` of requests for documents."""
        caller = self.caller
        described: dict[str, Any] = {
            "call_id": self.call_id,
            "node_id": self.node_id,
            "segment_id": self.segment_id,
            "call_state": "answered" if self.answered else "created",
            "direction": caller.direction,
            "type": caller.kind,
            "from": caller.number,
            "to": caller.dialled,
            "headers": [{"name": name, "value": value} for name, value in caller.headers.items()],
            "project_id": "00000000-0000-4000-8000-000000000001",
            "space_id": "00000000-0000-4000-8000-000000000002",
        }
        if caller.kind == "phone":
            described |= {"from_number": caller.number, "to_number": caller.dialled}
        if caller.kind == "sip":
            described["sip_data"] = {
                **_sip_parts("from", caller.number),
                **_sip_parts("to", caller.dialled),
                **_sip_parts("req", caller.dialled),
            }
        if self.parent is not None:
            device = self.parent.caller.kind
            described["parent"] = {
                "device_type": device,
                "call_id": self.parent.call_id,
                "node_id": self.parent.node_id,
            }
            described["dial_winner"] = "true"
        return described


def agent_of(url: str) -> str:
    """Return the path of a document's URL, without a last slash."""
    try:
        return urlsplit(url).path.rstrip("/") or "/"
    except ValueError:
        return "/"


def _sip_parts(name: str, address: str) -> dict[str, str]:
    user, _, host = address.partition(":")[2].partition("@")
    return {f"sip_{name}_user": user, f"sip_{name}_host": host, f"sip_{name}_uri": address.partition(":")[2]}
