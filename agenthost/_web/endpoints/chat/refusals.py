"""Error responses in the form of OpenAI's API."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agenthost._error_words import message_of
from agenthost._host.telemetry.failures import new_error_id
from agenthost._web.endpoints.chat.identity import retry_headers
from agenthost._web.request.access_log import request_id
from agenthost.errors import (
    AgentHostError,
    AnswerMalformed,
    ConversationRefused,
    ModelError,
    ModelUnavailable,
    StateRefused,
    StateUnavailable,
    TurnTakenOver,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenthost._web.request.site import Request

__all__ = ["NO_RETRY", "ChatRefused", "refusal_of"]

_FAULTS: tuple[tuple[type[Exception], int, str], ...] = (
    (ConversationRefused, 400, "conversation_refused"),
    (StateRefused, 400, "conversation_refused"),
    (StateUnavailable, 503, "state_unavailable"),
    (TurnTakenOver, 503, "turn_taken_over"),
    (AnswerMalformed, 502, "response_format_failed"),
    (ModelUnavailable, 503, "model_unavailable"),
    (ModelError, 502, "model_error"),
    (AgentHostError, 502, "no_answer"),
)
NO_RETRY = (b"x-should-retry", b"false")
"""Tells OpenAI's clients not to repeat a request."""
_log = logging.getLogger("agenthost.web")


class ChatRefused(Exception):  # noqa: N818 - it is an answer, not an error
    """An error in the form of OpenAI's."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = list(headers)
        kind = "invalid_request_error" if status < 500 else "server_error"  # noqa: PLR2004 - HTTP's
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def refusal_of(request: Request, agent: str, error: Exception, *, effects: bool = False) -> ChatRefused:
    """Return the error response for a turn without an answer.

    ``effects`` is True if a tool has begun.
    """
    headers = retry_headers(error, effects=effects)
    for kind, status, code in _FAULTS:
        if isinstance(error, kind):
            if isinstance(error, AnswerMalformed) and not effects:  # clients would retry a 502 at once
                headers.append(NO_RETRY)
            return ChatRefused(status, message_of(error), code, getattr(error, "option", None), headers)
    if isinstance(error, TimeoutError):
        seconds = request.site.runtime.config.conversation.timeout
        return ChatRefused(504, f"the turn took longer than {seconds:g} s.", "timeout", headers=headers)
    error_id = new_error_id()
    _log.error(
        "a turn with agent %s failed (%s)",
        agent,
        error_id,
        exc_info=error,
        extra={"request_id": request_id(request.scope)},
    )
    return ChatRefused(500, f"the turn failed ({error_id} in the log).", "internal_error", headers=headers)
