"""The parts of a tool's result: words for the model, and actions in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs

from agenthost.errors import DefinitionError
from agenthost.results.arguments import instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["NOTHING_TO_SAY", "Actions", "HandOver", "swml_action"]

NOTHING_TO_SAY = "Action completed."
"""The response of a result that has neither words nor actions."""


def swml_action(*verbs: dict[str, Any], transfer: bool | None = None) -> dict[str, Any]:
    """Return the action that runs SWML verbs on the call.

    Args:
        verbs: The verbs, in order.
        transfer: Whether the call leaves the agent for good. ``None`` leaves the key out.
    """
    document = {"version": "1.0.0", "sections": {"main": list(verbs)}}
    if transfer is None:
        return {"SWML": document}
    # The platform reads an action's keys in order and must read the transfer first (wire.md, section 3).
    return {"transfer": "true" if transfer else "false", "SWML": document}


@attrs.frozen
class HandOver:
    """A hand-off of the live call to an agent of this host, not yet located.

    Args:
        agent: Name of the agent.
        ai_response: The words for this agent's model when the call comes back. ``None`` if it does not.
        final: Whether the call leaves this agent for good.
    """

    agent: str
    ai_response: str | None = None
    final: bool = True

    def to_action(self, url: str) -> dict[str, Any]:
        """Return the action that moves the call to the agent's document at ``url``."""
        transfer = {"transfer": {"dest": url}}
        if self.ai_response is None:
            return swml_action(transfer, transfer=self.final)
        return swml_action({"set": {"ai_response": self.ai_response}}, transfer, transfer=self.final)


class Actions:
    """The parts of a result, and the generic ways to fill them.

    Args:
        response: The words for the model: text, or an object with ``tool_result`` and ``tool_prompt``.
        post_process: Whether the model speaks once more before the actions run.
        tool_result: The data that the tool found. With ``tool_prompt`` it replaces ``response``.
        tool_prompt: Instructions for the model's next words.

    Raises:
        TypeError: ``response`` is neither text nor an object.
    """

    __slots__ = ("action", "post_process", "response")

    def __init__(
        self,
        response: str | dict[str, Any] | None = None,
        post_process: bool = False,  # noqa: FBT001, FBT002 - positional in the field
        tool_result: str | None = None,
        tool_prompt: str | None = None,
    ) -> None:
        # Every tool call builds a result, so this checks the types first and builds the message only for a wrong one.
        if response and not isinstance(response, (str, dict)):
            instance("response", response, (str, dict), "a string or an object")
        self.response: str | dict[str, Any] = response or ""
        self.action: list[dict[str, Any] | HandOver] = []
        self.post_process = post_process
        if tool_result is not None or tool_prompt is not None:
            self.set_tool_response(tool_result, tool_prompt)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.response!r} {self.action!r} post_process={self.post_process}>"

    def set_response(self, response: str | None) -> Self:
        """Replace the words for the model.

        Args:
            response: The text. ``None`` removes it.
        """
        instance("response", response, (str, dict, type(None)), "a string or an object")
        self.response = "" if response is None else response
        return self

    def set_tool_response(self, tool_result: str | None = None, tool_prompt: str | None = None) -> Self:
        """Set the tool's result and the instructions for the model separately.

        Args:
            tool_result: The data that the tool found.
            tool_prompt: Instructions for the model's next words.
        """
        response: dict[str, Any] = {}
        if tool_result is not None:
            response["tool_result"] = tool_result
        if tool_prompt is not None:
            response["tool_prompt"] = tool_prompt
        self.response = response
        return self

    def set_post_process(self, post_process: bool) -> Self:  # noqa: FBT001 - positional in the field
        """Choose whether the model speaks once more before the actions run.

        Args:
            post_process: True for one more turn of the model. It has no effect without actions.
        """
        self.post_process = post_process
        return self

    def add_action(self, name: str, data: Any) -> Self:
        """Add an action by its name on the wire.

        Args:
            name: The action's key.
            data: Its value, anything JSON can carry.
        """
        if not isinstance(name, str):
            instance("name", name, str, "a string")
        self.action.append({name: data})
        return self

    def add_actions(self, actions: Iterable[dict[str, Any]]) -> Self:
        """Add actions as JSON values, as on the wire.

        Args:
            actions: Objects of one action each, in order.
        """
        written = list(actions)
        for action in written:
            instance("an action", action, dict, "an object")
        self.action.extend(written)
        return self

    def to_dict(self, resolve: Callable[[str], str] | None = None) -> dict[str, Any]:
        """Return the answer to the tool call as JSON values (wire.md, section 3).

        Args:
            resolve: Returns the public URL of an agent's document from its name.

        Raises:
            DefinitionError: The call is handed over to an agent and there is no ``resolve``.
        """
        answer: dict[str, Any] = {}
        if self.response:
            answer["response"] = self.response
        if self.action:
            answer["action"] = [
                _located(action, resolve) if isinstance(action, HandOver) else action for action in self.action
            ]
            if self.post_process:
                answer["post_process"] = True
        if not answer:
            answer["response"] = NOTHING_TO_SAY
        return answer


def _located(hand_over: HandOver, resolve: Callable[[str], str] | None) -> dict[str, Any]:
    if resolve is None:
        raise DefinitionError(
            f"hand_over({hand_over.agent!r}): the URL of the agent is unknown outside a host. "
            "fix: pass to_dict(resolve=...) a function from an agent's name to its URL"
        )
    return hand_over.to_action(resolve(hand_over.agent))
