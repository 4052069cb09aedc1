"""Tool results: ``FunctionResult`` and its actions.

The methods and their output are SignalWire's (wire.md, section 3). Each method returns the result, for chaining.
"""

from __future__ import annotations

from agenthost.results.actions import Actions, HandOver
from agenthost.results.calls import CallActions
from agenthost.results.context import ContextActions
from agenthost.results.conversation import ConversationActions
from agenthost.results.media import MediaActions
from agenthost.results.payments import PaymentActions
from agenthost.results.remote import RemoteActions

__all__ = ["FunctionResult", "HandOver", "SwaigFunctionResult"]


class FunctionResult(
    ConversationActions, ContextActions, CallActions, MediaActions, PaymentActions, RemoteActions, Actions
):
    """The result of a tool: words for the model, and actions.

    The platform carries out the actions in order.

    Args:
        response: The words for the model: text, or an object with ``tool_result`` and ``tool_prompt``.
        post_process: Whether the model speaks once more before the actions run.
        tool_result: The data that the tool found. With ``tool_prompt`` it replaces ``response``.
        tool_prompt: Instructions for the model's next words.

    Raises:
        TypeError: ``response`` is neither text nor an object.
    """

    __slots__ = ()


SwaigFunctionResult = FunctionResult
