"""Outcomes of calls without a reply, with the words and the log line of each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agenthost._error_words import message_of
from agenthost._host.telemetry.failures import new_error_id
from agenthost.conversation.turns import Outcome, Status
from agenthost.errors import AgentHostError, DefinitionError

if TYPE_CHECKING:
    from agenthost._host.text.calling.agent_call import AgentCall

__all__ = ["about", "failed", "skipped"]

_log = logging.getLogger("agenthost.workflows")


class _EndedError(Exception):
    """An agent's code raised an exception that would have ended the event loop."""


def about(seconds: float) -> str:
    """Round a duration for people: half a second instead of 0.497."""
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}" if seconds >= 1 else f"{seconds:.1g}"  # noqa: PLR2004


def failed(call: AgentCall, error: BaseException, seconds: float) -> Outcome:
    """Log an exception of an agent's code, and return the outcome.

    An exception that would end the event loop is a failure of the agent, too.
    """
    key, error_id = call.agent.key, new_error_id()
    call.error = error if isinstance(error, Exception) else _EndedError(type(error).__name__)
    if isinstance(error, AgentHostError) and not isinstance(error, DefinitionError):
        _log.warning("agent %s has no answer (%s): %s", key, error_id, message_of(error))
        return Outcome(key, Status.ERROR, reason=message_of(error).rstrip("."), error_id=error_id, seconds=seconds)
    _log.error("agent %s failed (%s)", key, error_id, exc_info=error)
    return Outcome(key, Status.ERROR, reason=f"it failed ({error_id})", error_id=error_id, seconds=seconds)


def skipped(agent: str, reason: str) -> Outcome:
    """Log why an agent is not called, and return the outcome."""
    _log.warning("agent %s is not called: %s", agent, reason)
    return Outcome(agent, Status.SKIPPED, reason=reason)
