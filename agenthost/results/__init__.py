"""Tool results: ``FunctionResult`` and every action that it may carry.

The methods and what they emit are SignalWire's (wire.md, section 3); each returns the result, for chaining.
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
    """What a tool answers: words for the model, and actions the platform carries out in order.

    Args:
        response: What the model is told: text, or an object with ``tool_result`` and ``tool_prompt``.
        post_process: Whether the model speaks once more before the actions run.
        tool_result: What the tool found; with ``tool_prompt`` it replaces ``response``.
        tool_prompt: What the model should say about it.

    Raises:
        TypeError: ``response`` is neither text nor an object.
    """

    __slots__ = ()


SwaigFunctionResult = FunctionResult
