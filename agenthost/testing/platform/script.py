"""Input of a call: the caller's turns, the model's turns, and answers of other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Digits",
    "Fault",
    "FunctionCall",
    "HangUp",
    "Input",
    "ModelSays",
    "ModelTurn",
    "Says",
    "Silence",
    "Stub",
    "Unhold",
]


@frozen
class FunctionCall:
    """A function call of the model.

    Args:
        function: the name, which need not exist.
        arguments: the arguments. Text is sent as it is, and need not be JSON.
    """

    function: str
    arguments: Mapping[str, Any] | str = field(factory=dict)


@frozen
class ModelTurn:
    """One turn of the model.

    Args:
        say: its words, spoken before its calls run.
        calls: its function calls, in order.
    """

    say: str = ""
    calls: tuple[FunctionCall, ...] = ()


@frozen
class Says:
    """Words of the caller.

    Args:
        text: the words, as they were recognised.
        turns: the model's turns that follow. None lets the call's model answer.
        barge_after: milliseconds of the agent's speech before the caller interrupts it.
        confidence: the recogniser's confidence, 0 to 1.
        lang: the language of the words.
    """

    text: str
    turns: tuple[ModelTurn, ...] | None = None
    barge_after: int | None = None
    confidence: float | None = None
    lang: str | None = None


@frozen
class Digits:
    """Keys that the caller presses."""

    digits: str
    turns: tuple[ModelTurn, ...] | None = None


@frozen
class Silence:
    """Silence of the caller, in milliseconds. It moves the call's clock."""

    milliseconds: int
    turns: tuple[ModelTurn, ...] | None = None


@frozen
class ModelSays:
    """Turns of the model without words of the caller."""

    turns: tuple[ModelTurn, ...]


@frozen
class Unhold:
    """End of a hold by another system."""

    turns: tuple[ModelTurn, ...] | None = None


@frozen
class HangUp:
    """The caller hangs up.

    Args:
        summary: the model's summary, as text or as an object. None asks the call's model if it can summarise.
    """

    summary: Any = None


Input: TypeAlias = Says | Digits | Silence | ModelSays | Unhold | HangUp
"""One step of a call from outside."""


@frozen
class Stub:
    """Answer of a system that is not the host, which is never contacted.

    Args:
        url: the URL, with ``*`` for any characters.
        body: the answer: JSON values, or text that is sent as it is.
        status: the HTTP status.
        method: the HTTP method. None fits each.
    """

    url: str
    body: Any = field(factory=dict)
    status: int = 200
    method: str | None = None


@frozen
class Fault:
    """A fault to inject into requests to the host.

    Args:
        kind: ``status`` answers with ``status`` instead of the host, ``unreachable`` sends nothing, ``lost`` sends the
            request and drops the answer, ``slow`` sends it and lets the platform's time run out.
        function: the function whose requests fail. ``document``, ``post_prompt`` and ``*`` are accepted, too.
        times: the number of requests that fail.
        status: the HTTP status for ``status``.
    """

    kind: str
    function: str = "*"
    times: int = 1
    status: int = 503
