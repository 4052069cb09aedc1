"""The prompt that the model has now, and the functions it is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.conversation.models import Message, ModelRequest, ToolSpec
from agenthost.prompt.rendering import markdown
from agenthost.prompt.section import Section
from agenthost.testing.platform.ai.functions import HOOKS
from agenthost.testing.platform.swml.expressions import expand, find_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost.testing.platform.ai.state import Gather, Session

__all__ = ["expanded", "model_request", "offered", "prompt_of", "text_of"]


def prompt_of(session: Session) -> str:
    """Return the prompt at this moment: base, context, step and question."""
    return "\n\n".join(part for part in _parts(session) if part)


def offered(session: Session) -> dict[str, ToolSpec]:
    """Return the functions that the model may call at this moment."""
    gather, flow = session.gather, session.flow
    specs: dict[str, ToolSpec] = {}
    allowed = flow.allowed if flow is not None else None
    silenced = session.unanswered and session.params.get("functions_on_no_response") is not True
    if gather is not None:
        named = gather.question.get("functions", gather.info.get("functions"))
        allowed = frozenset(str(name) for name in named) if isinstance(named, list) else frozenset()
    for function in session.functions.values():
        usable = function.active and function.uses != 0 and function.name not in HOOKS
        if usable and not silenced and not session.must_speak and (allowed is None or function.name in allowed):
            specs[function.name] = ToolSpec(function.name, function.description, function.parameters)
    if gather is not None:
        specs["gather_submit"] = _gather_submit(gather)
    elif flow is not None:
        if steps := flow.next_steps():
            specs["next_step"] = _choice("next_step", "Go on to the next step.", "step", steps)
        if contexts := flow.next_contexts():
            specs["change_context"] = _choice("change_context", "Change the context.", "context", contexts)
    return specs


def model_request(session: Session) -> ModelRequest:
    """Return the request to a model, as the session is now."""
    prompt = Message("system", prompt_of(session))
    seen = tuple(session.messages[session.hidden :])
    return ModelRequest((prompt, *seen), tuple(offered(session).values()), seed=session.leg.room.options.seed)


def expanded(session: Session, text: str) -> str:
    """Expand the variables of a text from the call's data. There is no JavaScript here."""

    def resolve(source: str) -> Any:
        return find_path(source, session.reach)[1]

    made = expand(text, resolve, most=session.leg.room.options.limits.text)
    return made if isinstance(made, str) else str(made)


def text_of(prompt: Any) -> str:
    """Return a prompt's text: its sections as Markdown, else its text."""
    if isinstance(prompt, str):
        return prompt
    if not isinstance(prompt, dict):
        return ""
    if isinstance(prompt.get("pom"), list) and prompt["pom"]:
        return markdown(_sections(prompt["pom"], 0))
    return prompt["text"] if isinstance(prompt.get("text"), str) else ""


def _parts(session: Session) -> Iterator[str]:
    flow, gather = session.flow, session.gather
    base = session.prompt if session.prompt is not None else text_of(session.config.get("prompt"))
    yield expanded(session, base)
    if flow is not None:
        yield expanded(session, text_of(flow.now.get("prompt", flow.now.get("pom"))))
        yield from (expanded(session, text) for text in flow.before)
        if flow.step is not None and gather is None:
            yield expanded(session, _step_text(flow.step))
    if gather is not None:
        yield expanded(session, str(gather.info.get("prompt", "") or ""))
        question = gather.question
        yield expanded(session, f"Ask: {question.get('question', '')}")
        yield expanded(session, str(question.get("prompt", "") or ""))


def _step_text(step: Mapping[str, Any]) -> str:
    text = text_of(step) if "pom" in step else str(step.get("text", "") or "")
    criteria = step.get("step_criteria")
    return f"{text}\n\nThe step is done when: {criteria}" if isinstance(criteria, str) and criteria else text


def _sections(pom: Any, depth: int) -> list[Section]:
    """Read sections leniently: the platform accepts more than agents may write."""
    found = []
    for entry in pom if isinstance(pom, list) and depth < 10 else ():
        if isinstance(entry, dict):
            title, body, bullets = entry.get("title"), entry.get("body"), entry.get("bullets")
            found.append(
                Section(
                    title if isinstance(title, str) else None,
                    body=body if isinstance(body, str) else "",
                    bullets=[str(bullet) for bullet in bullets] if isinstance(bullets, list) else None,
                )
            )
            found += _sections(entry.get("subsections"), depth + 1)
    return found


def _choice(name: str, description: str, parameter: str, values: list[str]) -> ToolSpec:
    schema = {
        "type": "object",
        "properties": {parameter: {"type": "string", "enum": values}},
        "required": [parameter],
    }
    return ToolSpec(name, description, schema)


def _gather_submit(gather: Gather) -> ToolSpec:
    question = gather.question
    kind = question.get("type", "string")
    properties: dict[str, Any] = {
        "answer": {"type": kind if isinstance(kind, str) else "string", "description": str(question.get("question"))}
    }
    required = ["answer"]
    if question.get("confirm"):
        properties["confirmed_by_user"] = {"type": "string", "enum": ["true", "false"]}
        required.append("confirmed_by_user")
    schema = {"type": "object", "properties": properties, "required": required}
    return ToolSpec("gather_submit", "Submit the answer to the question.", schema)
