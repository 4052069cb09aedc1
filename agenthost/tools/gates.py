"""Semantic gates: questions that the platform answers about a call before it runs a tool.

The platform refuses a tool as a whole if one of its gates is malformed. So its rules are checked here, when the tool is
defined.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from agenthost.errors import DefinitionError
from agenthost.results import FunctionResult

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SemanticGate", "checked_gates"]

MOST_GATES = 8
"""The most gates of one tool."""
MOST_FRAMES = 5
"""The most frames of the caller's video for a gate."""
_LONGEST_QUESTION = 8192
_LONGEST_MEANING = 2048
_LONGEST_ANSWER = 8192
_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
_KEYS = ("id", "question", "criteria", "threshold", "on_fail", "visual_input")
_UNGATED = frozenset(
    {
        "adjust_response_latency",
        "change_context",
        "check_for_input",
        "check_time",
        "end_call",
        "gather_submit",
        "get_ideal_strategy",
        "get_visual_input",
        "hangup",
        "hangup_hook",
        "next_step",
        "pause_conversation",
        "startup_hook",
        "wait_for_user",
        "wait_seconds",
    }
)
_encode = msgspec.json.Encoder().encode


@attrs.frozen
class SemanticGate:
    """A question about the call that must be answered with yes before a tool runs.

    Args:
        question: the question, at most 8192 bytes. ``${global_data.…}`` is filled in.
        threshold: least probability of a yes, above 0 and at most 1.
        on_fail: the result for the model if the answer is no: text, a ``FunctionResult``, or an object with
            ``response`` and perhaps ``action``.
        id: its name, 1 to 64 letters, digits and ``_``. By default, the platform numbers it.
        true_means: meaning of a yes, at most 2048 bytes.
        false_means: meaning of a no, at most 2048 bytes.
        visual_input: number of frames of the caller's video, 0 to 5, or a boolean.
    """

    question: str
    threshold: float
    on_fail: str | FunctionResult | Mapping[str, Any]
    id: str | None = attrs.field(default=None, kw_only=True)
    true_means: str | None = attrs.field(default=None, kw_only=True)
    false_means: str | None = attrs.field(default=None, kw_only=True)
    visual_input: bool | int | None = attrs.field(default=None, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the gate as JSON values."""
        criteria = {"true": self.true_means, "false": self.false_means}
        gate = {
            "id": self.id,
            "question": self.question,
            "criteria": {key: value for key, value in criteria.items() if value is not None} or None,
            "threshold": self.threshold,
            "on_fail": self._answer(),
            "visual_input": self.visual_input,
        }
        return {key: value for key, value in gate.items() if value is not None}

    def _answer(self) -> dict[str, Any]:
        if isinstance(self.on_fail, str):
            return {"response": self.on_fail}
        if isinstance(self.on_fail, FunctionResult):
            # A failing gate needs words of its own: the default words for an empty result read like a success.
            answer = self.on_fail.to_dict()
            return answer if self.on_fail.response else {**answer, "response": ""}
        return dict(self.on_fail)


def checked_gates(tool: str, gates: Sequence[SemanticGate | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Check a tool's gates, and return them as on the wire.

    Args:
        tool: the tool's name.
        gates: 1 to 8 of them, or objects as on the wire.

    Raises:
        DefinitionError: the platform would refuse the tool. The message names the gate.
    """
    if tool in _UNGATED:
        raise DefinitionError(f"tool {tool!r} is called by the platform itself and cannot have gates.")
    if not isinstance(gates, (list, tuple)) or not 1 <= len(gates) <= MOST_GATES:
        raise DefinitionError(f"tool {tool!r}: gates are a list of 1 to {MOST_GATES} gates.")
    written: list[dict[str, Any]] = []
    names: set[str] = set()
    for position, gate in enumerate(gates, 1):
        where = f"gate {position} of tool {tool!r}"
        plain = gate.to_dict() if isinstance(gate, SemanticGate) else gate
        if not isinstance(plain, Mapping):
            raise DefinitionError(f"{where} must be a SemanticGate or an object, not {type(plain).__name__}.")
        _check(where, plain)
        name = plain.get("id", f"gate_{position}")
        if name in names:
            raise DefinitionError(f"{where}: another gate is called {name!r} already.")
        names.add(name)
        written.append(dict(plain))
    return written


def _check(where: str, gate: Mapping[str, Any]) -> None:
    if unknown := [key for key in gate if key not in _KEYS]:
        raise DefinitionError(f"{where} has the unknown key {unknown[0]!r}. The keys are {', '.join(_KEYS)}.")
    _check_text(f"{where}: question", gate.get("question"), _LONGEST_QUESTION)
    threshold = gate.get("threshold")
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 < threshold <= 1:
        raise DefinitionError(f"{where}: threshold must be a number above 0 and at most 1, not {threshold!r}.")
    _check_answer(f"{where}: on_fail", gate.get("on_fail"))
    if "criteria" in gate:
        criteria = gate["criteria"]
        if not isinstance(criteria, Mapping) or not criteria or not set(criteria) <= {"true", "false"}:
            raise DefinitionError(f"{where}: criteria must be an object with true, false, or both.")
        for key, meaning in criteria.items():
            _check_text(f"{where}: criteria.{key}", meaning, _LONGEST_MEANING)
    if "id" in gate and not (isinstance(gate["id"], str) and _ID.fullmatch(gate["id"])):
        raise DefinitionError(f"{where}: id must be 1 to 64 letters, digits and _.")
    frames = gate.get("visual_input", 0)
    if not isinstance(frames, (bool, int, float)) or frames not in range(MOST_FRAMES + 1):
        raise DefinitionError(f"{where}: visual_input must be true, false, or a whole number up to {MOST_FRAMES}.")


def _check_answer(where: str, answer: Any) -> None:
    response = answer.get("response") if isinstance(answer, Mapping) else None
    said = response.get("tool_result") if isinstance(response, Mapping) else response
    if not isinstance(said, str) or not said:
        raise DefinitionError(f"{where} needs a response for the model, the reason that the tool did not run.")
    if not isinstance(answer.get("action", []), (list, tuple)):
        raise DefinitionError(f"{where}: action must be a list.")
    if len(_encode(answer)) > _LONGEST_ANSWER:
        raise DefinitionError(f"{where} is longer than {_LONGEST_ANSWER} bytes.")


def _check_text(where: str, text: Any, longest: int) -> None:
    if not isinstance(text, str) or not text:
        raise DefinitionError(f"{where} must be text.")
    if "\x00" in text:
        raise DefinitionError(f"{where} has a NUL character, at which the platform would stop reading.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise DefinitionError(f"{where} has half a character (a lone surrogate).") from None
    if size > longest:
        raise DefinitionError(f"{where} is longer than {longest} bytes.")
