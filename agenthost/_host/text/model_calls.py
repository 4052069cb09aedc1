"""Requests to language models, with spans and limits."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agenthost._host.telemetry.failures import new_error_id
from agenthost._host.telemetry.spans import span
from agenthost._host.text.transcript_lines import MOST_TEXT
from agenthost.conversation.models import Completion, Words
from agenthost.errors import ModelError, ModelNonsense

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost.conversation.models import ChatModel, ModelRequest

__all__ = ["complete"]

_log = logging.getLogger("agenthost.conversations")


async def complete(model: ChatModel, request: ModelRequest, say: Callable[[str], object] | None = None) -> Completion:
    """Send a request to a model, and wait for its whole answer.

    Raises:
        ModelError: the model gives no usable answer, or a plugin's model fails.
    """
    names = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model.name}
    with span(f"chat {model.name}", names) as told:
        completion = await _completion(model, request, say)
        told.set_attribute("gen_ai.response.model", completion.model or model.name)
        told.set_attribute("gen_ai.response.finish_reasons", [completion.finish])
        told.set_attribute("gen_ai.usage.input_tokens", completion.usage.input_tokens)
        told.set_attribute("gen_ai.usage.output_tokens", completion.usage.output_tokens)
    return completion


async def _completion(model: ChatModel, request: ModelRequest, say: Callable[[str], object] | None) -> Completion:
    pieces = model.answer(request)
    completion: Completion | None = None
    length = 0
    try:
        async for piece in pieces:
            if isinstance(piece, Words):
                length += len(piece.text)
                if say is not None:
                    say(piece.text)
                if length > MOST_TEXT:
                    break
            else:
                completion = piece
    except ModelError:
        raise
    except Exception as error:
        error_id = new_error_id()
        _log.exception("model %s failed (%s)", model.name, error_id)
        raise ModelError(f"model {model.name} failed ({type(error).__name__}, {error_id} in the log).") from error
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
    if length > MOST_TEXT:
        raise ModelNonsense(f"model {model.name} does not stop: its answer has more than {MOST_TEXT} characters.")
    if completion is None:
        raise ModelNonsense(f"model {model.name} ended without an answer.")
    return completion
