"""Answers to the questions of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.testing.platform.ai.changes import finish_gathering

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.ai.state import Session

__all__ = ["submit"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def submit(session: Session, arguments: Mapping[str, Any]) -> str:
    """Store an answer, and return the sentence for the model."""
    gather, leg = session.gather, session.leg
    if gather is None:
        return "There is no question to answer."
    question = gather.question
    key, answer = str(question["key"]), arguments.get("answer")
    kind = question.get("type", "string")
    kinds = _TYPES.get(kind if isinstance(kind, str) else "string", (str,))
    wrong = not isinstance(answer, kinds) or (isinstance(answer, bool) and bool not in kinds)
    if wrong:
        leg.trace("gather_rejected", key=key, reason="type", answer=answer)
        return f"The answer must be of type {kind}. Ask again."
    if question.get("confirm") and str(arguments.get("confirmed_by_user")).lower() != "true":
        leg.trace("gather_rejected", key=key, reason="unconfirmed", answer=answer)
        return "The caller has not confirmed the answer. Read it back and ask again."
    output = gather.info.get("output_key")
    if isinstance(output, str) and output:
        stored = leg.global_data.get(output)
        leg.global_data[output] = {**(stored if isinstance(stored, dict) else {}), key: answer}
    else:
        leg.global_data[key] = answer
    leg.trace("gather", key=key, answer=answer)
    session.note("gather_answer", key=key)
    gather.at += 1
    if gather.at < len(gather.questions):
        return f"Stored. Next question: {gather.question.get('question', '')}"
    finish_gathering(session)
    return "Stored. All questions are answered."
