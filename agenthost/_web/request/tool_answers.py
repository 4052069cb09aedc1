"""Answers to tool calls in the form of the platform, SWAIG (wire.md, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from agenthost.results import HandOver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agenthost.results.tool_answer import ToolAnswer


__all__ = ["encoded", "swaig_fields"]

_encode = msgspec.json.Encoder().encode


def encoded(answer: ToolAnswer, resolve: Callable[[str], str]) -> bytes:
    """Encode an answer. See ``swaig_fields``."""
    response = answer.response
    if response is not None and not answer.actions and answer.error_id is None and answer.further is None:
        return _encode({"response": response, "post_process": True} if answer.post_process else {"response": response})
    return _encode(swaig_fields(answer, resolve))


def swaig_fields(answer: ToolAnswer, resolve: Callable[[str], str]) -> dict[str, Any]:
    """Return the fields of an answer.

    ``resolve`` returns the public URL of an agent by its key, for a call that is handed over.
    """
    fields: dict[str, Any] = {} if answer.response is None else {"response": answer.response}
    if answer.actions:
        fields["action"] = _actions(answer.actions, resolve)
    if answer.post_process:
        fields["post_process"] = True
    if answer.further:
        fields |= answer.further
    if answer.error_id is not None:
        fields["error_id"] = answer.error_id
    return fields


def _actions(actions: Sequence[Any], resolve: Callable[[str], str]) -> list[Any]:
    if HandOver not in map(type, actions):
        return list(actions)
    return [each.to_action(resolve(each.agent)) if isinstance(each, HandOver) else each for each in actions]
