"""Changes of step and context, with what the platform does at each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.conversation.models import Message
from agenthost.testing.platform.ai.prompting import expanded, text_of
from agenthost.testing.platform.ai.state import Gather

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.ai.state import Session

__all__ = ["change_context", "change_step", "finish_gathering", "phrases_of", "switch_context"]

_MOST_SKIPS = 50


def change_step(session: Session, name: str, trigger: str) -> bool:
    """Enter a step of the present context, or ``next``. Return false if there is none."""
    flow = session.flow
    if flow is None:
        session.leg.finding("change_step", f"there are no steps, so {name!r} is ignored"[:200])
        return False
    if name == "next" and not flow.has_step(name):
        name = flow.following() or ""
    if not flow.has_step(name):
        session.leg.finding("change_step", f"context {flow.context!r} has no step {name!r}"[:200])
        return False
    _enter(session, flow.context, name, trigger)
    return True


def change_context(session: Session, name: str, trigger: str) -> bool:
    """Enter a context at its first step. Return false if there is none."""
    flow = session.flow
    if flow is None or name not in flow.contexts:
        session.leg.finding("change_context", f"there is no context {name!r}"[:200])
        return False
    _fill(session, flow.now.get("exit_fillers") if flow.context else None)
    before, old_prompt = flow.context, session.prompt
    flow.context = name
    session.leg.trace("context", context=name, before=before, trigger=trigger)
    session.note("context_enter", context=name, trigger=trigger)
    _reset(session, flow.now)
    if session.prompt == old_prompt and before:
        session.prompt = None
    if before:
        _fill(session, flow.now.get("enter_fillers"))
    _enter(session, name, flow.initial_step(name), trigger)
    return True


def switch_context(session: Session, value: Any) -> None:
    """Replace the prompt, and summarise or empty the conversation."""
    settings: Mapping[str, Any] = {"system_prompt": value} if isinstance(value, str) else value
    pom = settings.get("system_pom")
    prompt = text_of({"pom": pom}) if isinstance(pom, list) else settings.get("system_prompt")
    if isinstance(prompt, str) and prompt:
        session.prompt = prompt
    consolidate = settings.get("consolidate") is True
    if consolidate or settings.get("full_reset") is True or not settings.get("user_prompt"):
        session.forget(keep="Summary of the conversation so far." if consolidate else "")
    user = settings.get("user_prompt")
    pom = settings.get("user_pom")
    text = text_of({"pom": pom}) if isinstance(pom, list) else user
    if isinstance(text, str) and text:
        session.add(Message("user", expanded(session, text)))


def finish_gathering(session: Session) -> None:
    """Leave the questions, and do what the step says then."""
    gather, session.gather = session.gather, None
    if gather is None:
        return
    session.leg.trace("gather_complete", output_key=gather.info.get("output_key"))
    session.note("gather_complete")
    action = gather.info.get("completion_action")
    if isinstance(action, str) and action:
        change_step(session, "next" if action == "next_step" else action, "gather_complete")


def _enter(session: Session, context: str, step: str, trigger: str) -> None:
    flow, leg = session.flow, session.leg
    if flow is None:
        return
    for _ in range(_MOST_SKIPS):
        if flow.step is not None:
            session.leave_step(flow.step_name)
        flow.enter(context, step)
        if flow.history == "hide":
            session.hidden, session.hides_turn = len(session.messages), True
        leg.trace("step", context=context, step=step, trigger=trigger)
        session.note("step_change", context=context, step=step, trigger=trigger)
        present = flow.step or {}
        if isinstance(present.get("reset"), dict):
            _reset(session, present["reset"])
        session.gather = _gather(present.get("gather_info"))
        if present.get("skip_user_turn") is True:
            session.extra_turns += 1
        following = flow.following()
        if present.get("skip_to_next_step") is not True or following is None:
            return
        step, trigger = following, "auto_advance"


def _gather(info: Any) -> Gather | None:
    if not isinstance(info, dict) or not isinstance(info.get("questions"), list):
        return None
    questions = [question for question in info["questions"] if isinstance(question, dict) and question.get("key")]
    return Gather(info, questions) if questions else None


def _reset(session: Session, settings: Mapping[str, Any]) -> None:
    named = {key: settings[key] for key in ("system_prompt", "user_prompt", "consolidate") if settings.get(key)}
    if settings.get("full_reset") is True or settings.get("isolated") is True or named:
        full = settings.get("full_reset") is True or settings.get("isolated") is True
        switch_context(session, {**named, "full_reset": full})


def _fill(session: Session, fillers: Any) -> None:
    """Say one of the fillers of a language, chosen by the seed."""
    phrases = phrases_of(session, fillers)
    if phrases:
        session.leg.trace("filler", text=session.leg.room.random.choice(phrases))


def phrases_of(session: Session, fillers: Any) -> list[str]:
    """Return the phrases of the first language, ``auto`` or ``default``."""
    if not isinstance(fillers, dict):
        return []
    languages = session.config.get("languages")
    first = languages[0] if isinstance(languages, list) and languages else {}
    code = first.get("code") if isinstance(first, dict) else None
    for language in (code, "auto", "default"):
        phrases = fillers.get(language) if isinstance(language, str) else None
        if isinstance(phrases, list) and phrases:
            return [str(phrase) for phrase in phrases]
    return []
