"""State of an AI session."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agenthost.conversation.models import Message, ToolUse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost.testing.platform.ai.flow import Flow
    from agenthost.testing.platform.ai.functions import Function
    from agenthost.testing.platform.leg import HungUp, Leg, Stopped, Transferred

__all__ = ["Gather", "Hold", "Session"]


@define
class Gather:
    """Questions that are asked one by one."""

    info: Mapping[str, Any]
    questions: Sequence[Mapping[str, Any]]
    at: int = 0

    @property
    def question(self) -> Mapping[str, Any]:
        """The present question."""
        return self.questions[self.at]


@define
class Hold:
    """A hold, until a time of the virtual clock."""

    until: int
    step: str = ""
    timeout_step: str = ""
    released: bool = False
    """Another call has ended it; the model's turn comes when that one lets it."""


@define(eq=False)
class Session:
    """An AI session: the agent of one document, while it has the leg."""

    leg: Leg
    config: Mapping[str, Any]
    id: str
    runtime_id: str
    params: Mapping[str, Any]
    functions: dict[str, Function] = field(factory=dict)
    flow: Flow | None = None
    gather: Gather | None = None
    hold: Hold | None = None
    messages: list[Message] = field(factory=list)
    hidden: int = 0
    """The number of messages that the model no longer sees."""
    prompt: str | None = None
    """The prompt that replaced the document's."""
    call_log: list[dict[str, Any]] = field(factory=list)
    swaig_log: list[dict[str, Any]] = field(factory=list)
    previous_contexts: list[list[dict[str, Any]]] = field(factory=list)
    queued: list[str] = field(factory=list)
    ending: HungUp | Transferred | Stopped | None = None
    snapshot: dict[str, Any] = field(factory=dict)
    started: int = 0
    heard_at: int = 0
    nudged_at: int = 0
    extra_turns: int = 0
    calls_in_a_row: str = ""
    """``once`` until the caller speaks again, or ``forever``: the model may call functions one after another."""
    owes_words: bool = False
    """Set after a function's result, until the model speaks."""
    hides_turn: bool = False
    """Set if the present turn of the model is part of what a step hides."""
    step_words: list[str] = field(factory=list)
    """The dialogue of the present step."""
    step_history: dict[str, dict[str, str]] = field(factory=dict)
    """The dialogue of earlier steps, by their names and as ``prev``."""
    silent: bool = False
    """Set while the model waits for the user."""
    last_call: str = ""
    same_calls: int = 0
    uses: int = 0
    debugged: int = 0
    """The number of lines of the call log that the debug webhook has."""
    model_log: list[tuple[str, dict[str, Any]]] = field(factory=list)
    """Requests to the model and its replies, which the debug webhook receives at level 2."""
    polled_at: int = 0
    unanswered: bool = False
    """Set while the model speaks because the caller does not."""
    last_words: str = ""
    """The words that the caller may interrupt."""

    def say(self, text: str, by: str = "model") -> None:
        """Speak to the caller."""
        if not text:
            return
        self.leg.trace("spoken", text=text, by=by)
        self.last_words = text
        self.log("assistant" if by == "model" else "assistant-manual", content=text)

    def log(self, role: str, /, **details: Any) -> None:
        """Append a line to the call log."""
        self.call_log.append({"role": role, **details, "timestamp": self.leg.time()})

    def note(self, action: str, /, **details: Any) -> None:
        """Append a line of the system to the call log."""
        self.log("system-log", action=action, **details)

    def add(self, message: Message) -> None:
        """Append a message to what the model sees."""
        self.messages.append(message)
        if message.role in {"user", "assistant"} and message.content:
            self.step_words.append(f"{message.role}: {message.content}")

    def leave_step(self, name: str) -> None:
        """Keep the dialogue of a step for the texts of later ones."""
        self.step_history[name] = self.step_history["prev"] = {"summary": "\n".join(self.step_words)}
        self.step_words.clear()

    @property
    def must_speak(self) -> bool:
        """True if the model may call no function before it has spoken."""
        return self.owes_words and not self.calls_in_a_row and not self.leg.room.options.back_to_back

    def use_of(self, name: str, written: str) -> ToolUse:
        """Return the model's next tool call."""
        self.uses += 1
        return ToolUse(f"call-{self.uses}", name, written)

    def take_snapshot(self) -> None:
        """Fix the global data that the calls of this turn of the model receive."""
        self.snapshot = copy.deepcopy(self.leg.global_data)

    def end(self, ending: HungUp | Transferred | Stopped) -> None:
        """End the session, once: the first reason counts."""
        if self.ending is None:
            self.ending = ending

    def forget(self, *, keep: str = "") -> None:
        """Move the conversation to the previous contexts."""
        old = [
            {"role": message.role, "content": message.content}
            for message in self.messages
            if message.role in {"user", "assistant"}
        ]
        if old:
            self.previous_contexts.append(old)
        self.messages.clear()
        self.hidden = 0
        self.hides_turn = False
        if keep:
            self.add(Message("system", keep))

    def reach(self, name: str) -> Any:
        """Return the value of a name in prompts and answers, or None."""
        data, caller = self.leg.global_data, self.leg.caller
        match name:
            case "global_data":
                return data
            case "caller_id_num" | "caller_id_number":
                return caller.number
            case "caller_id_name":
                return caller.name
            case "call_id":
                return self.leg.call_id
            case "step_history":
                return self.step_history
        return data.get(name)
