"""Answers to tool calls: values read from what tools return.

The web side encodes them for the platform; conversations in text and other clients read them as they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs
import msgspec
from attrs import frozen

from agenthost.results import FunctionResult, HandOver
from agenthost.results.actions import NOTHING_TO_SAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["MAX_ANSWER", "Outcome", "ToolAnswer"]

Outcome: TypeAlias = Literal["ok", "refused", "failed", "busy", "timeout"]
"""The outcome of a tool call."""
MAX_ANSWER = 256 * 1024
"""The longest answer of a tool, in bytes."""

_NOTHING_RETURNED = "Function executed successfully"
_BYTES = (bytes, bytearray, memoryview)
_VALUE = 32
"""The most bytes of a value besides its contents, and of a number of 64 bits."""
_CONTAINER = MAX_ANSWER // 256
"""The weight of an object or a list by itself: so much that what may be nested too deeply is measured."""
_CHARACTER = 6
"""The most bytes of a character, as an escape."""
_SHORT = 1024
"""The characters of a text that needs no measuring."""
_HAND_OVER, _ACTION = "hand over", "action"
_encode = msgspec.json.Encoder().encode


@frozen(slots=True)
class ToolAnswer:
    """The answer to a tool call.

    Args:
        response: the words for the model: text, or any other JSON value. None for actions without words.
        actions: the actions of the platform, in order: JSON values, and ``HandOver`` to agents by their keys.
        post_process: whether the model speaks once more before the actions.
        further: further fields of a dictionary that the tool returned. None without any.
        outcome: the outcome of the call.
        error_id: the id of a failure, which the log has too. None without one.
    """

    response: Any = None
    actions: tuple[Any, ...] = ()
    post_process: bool = False
    further: dict[str, Any] | None = None
    outcome: Outcome = "ok"
    error_id: str | None = None

    @classmethod
    def of(cls, result: object, sibling: Callable[[str], str]) -> ToolAnswer:
        """Read what a tool returned.

        Args:
            result: a ``FunctionResult``, text, a dictionary with ``response`` or ``action``, None, an answer, an
                object with ``to_dict()``, or anything else that JSON carries, which is then said as text.
            sibling: gives the key of the served agent of a name; called for each call that is handed over.

        Raises:
            TypeError, ValueError, RecursionError: JSON cannot carry it, or it is larger than ``MAX_ANSWER`` bytes.
            LookupError: ``sibling`` knows no such agent.
        """
        if isinstance(result, FunctionResult):
            if result.action:
                return _read(result.response or None, result.action, result.post_process, None, sibling)
            return _of_words(result.response or NOTHING_TO_SAY)
        if type(result) is str:
            return _of_words(result)
        if result is None:
            return cls(_NOTHING_RETURNED)
        if isinstance(result, dict) and ("response" in result or "action" in result):
            fields = dict(result)
            response, written = fields.pop("response", None), fields.pop("action", None)
            return _read(response, written, fields.pop("post_process", False), fields or None, sibling)
        if isinstance(result, ToolAnswer):
            return result.located(sibling)
        if not isinstance(result, dict) and callable(to_dict := getattr(result, "to_dict", None)):
            converted = to_dict()  # such as a result of SignalWire's SDK
            return cls.of(dict(converted) if isinstance(converted, dict) else str(converted), sibling)
        plain = _plain(result)
        _weight((plain,))
        return _of_words(plain if type(plain) is str else _encode(plain).decode())

    @property
    def text(self) -> str:
        """The response as text, for a reader that takes no other."""
        response = "" if self.response is None else self.response
        return response if isinstance(response, str) else json.dumps(response, ensure_ascii=False)

    def located(self, sibling: Callable[[str], str]) -> ToolAnswer:
        """Return the answer with the keys of the agents in its hand-offs.

        See ``of``.
        """
        located = _located(self.actions, sibling)
        return self if located is self.actions else attrs.evolve(self, actions=located)

    def to_plain(self) -> list[Any]:
        """Return the answer as JSON values, for a store or another process."""
        actions = [
            [_HAND_OVER, action.agent, action.ai_response, action.final]
            if isinstance(action, HandOver)
            else [_ACTION, action]
            for action in self.actions
        ]
        return [self.response, actions, self.post_process, self.further]

    @classmethod
    def from_plain(cls, plain: Any) -> ToolAnswer:
        """Read what ``to_plain`` returned.

        Raises:
            TypeError, ValueError, RecursionError: it is something else, or cannot be sent.
        """
        response, actions, post_process, further = plain
        read = tuple(_hand_over(*rest) if kind == _HAND_OVER else rest[0] for kind, *rest in actions)
        if not isinstance(further, dict | None):
            msg = "the further fields of an answer are not an object"
            raise TypeError(msg)
        return _checked(cls(response, read, bool(post_process), further))


def _of_words(response: Any) -> ToolAnswer:
    answer = ToolAnswer(response)
    return answer if type(response) is str and len(response) < _SHORT and response.isascii() else _checked(answer)


def _read(
    response: Any, written: Any, post_process: object, further: dict[str, Any] | None, sibling: Callable[[str], str]
) -> ToolAnswer:
    """Read an answer from its parts."""
    actions = tuple(written) if isinstance(written, (list, tuple)) else (written,) if written else ()
    if response is None and not actions:
        response = NOTHING_TO_SAY
    return _checked(ToolAnswer(response, _located(actions, sibling), bool(post_process), further))


def _located(actions: tuple[Any, ...], sibling: Callable[[str], str]) -> tuple[Any, ...]:
    if HandOver not in map(type, actions):
        return actions
    return tuple(
        HandOver(sibling(each.agent), each.ai_response, each.final) if isinstance(each, HandOver) else each
        for each in actions
    )


def _hand_over(agent: Any, ai_response: Any, final: Any) -> HandOver:
    if not isinstance(agent, str) or not isinstance(ai_response, str | None) or not isinstance(final, bool):
        msg = "a call is handed over to what is not an agent's name"
        raise TypeError(msg)
    return HandOver(agent, ai_response, final)


def _checked(answer: ToolAnswer) -> ToolAnswer:
    """Return the answer with JSON values alone, small enough to be sent.

    JSON values are not copied. Most answers have far fewer bytes than the limit, so only long ones are measured.

    Raises:
        TypeError, ValueError, RecursionError: the answer cannot be sent.
    """
    try:
        weight = _weight((answer.response, answer.actions, answer.further))
    except TypeError:
        actions = tuple(each if isinstance(each, HandOver) else _plain(each) for each in answer.actions)
        further = _plain(answer.further)
        answer = attrs.evolve(answer, response=_plain(answer.response), actions=actions, further=further)
        weight = _weight((answer.response, answer.actions, answer.further))
    if weight > MAX_ANSWER:
        fields = {"response": answer.response, "action": answer.to_plain()[1], **(answer.further or {})}
        size = len(_encode({name: value for name, value in fields.items() if value not in (None, [])}))
        if size > MAX_ANSWER:
            msg = f"the result has {size} bytes, more than the limit of {MAX_ANSWER}"
            raise ValueError(msg)
    return answer


def _plain(value: Any) -> Any:
    """Convert a value to JSON values, and leave bytes for ``_weight`` to reject."""
    return msgspec.to_builtins(value, builtin_types=_BYTES, str_keys=True)


def _weight(values: Iterable[Any]) -> int:  # noqa: C901 - one pass
    """Return the most bytes that JSON values can have.

    Raises:
        TypeError: something else is among them.
        ValueError: a number is not finite, or a text has half a surrogate pair.
    """
    weight, number, stack = 0, 0, [*values]
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind is str:
            weight += _CHARACTER * len(value)
            if not value.isascii():
                value.encode()
        elif kind is dict:
            weight += _CONTAINER
            number += 2 * len(value)
            stack.append("".join(value))  # raises TypeError where a name is not text
            stack += value.values()
        elif kind is list or kind is tuple:
            weight += _CONTAINER
            number += len(value)
            if number > MAX_ANSWER:  # far too many, or without end
                break
            stack += value
        elif value is None or kind is bool:
            continue
        elif kind is int:
            weight += value.bit_length()
        elif kind is float:
            if value - value != 0:
                msg = "the result has a number that JSON cannot carry (NaN or infinity)"
                raise ValueError(msg)
        elif kind is HandOver:
            stack += value.agent, value.ai_response
        else:
            msg = f"the result has {kind.__name__}, which JSON cannot carry"
            raise TypeError(msg)
    return weight + _VALUE * (number + 3)
