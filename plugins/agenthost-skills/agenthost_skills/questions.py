"""The skill that asks for the fields of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from agenthost import AgentBase, Call, FunctionResult, Skill

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["InfoGathererSettings", "InfoGathererSkill"]

_NEEDED = ("key_name", "question_text")


def _questions(_settings: object, _field: object, value: object) -> None:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("questions must be a list of objects with key_name and question_text")
    for each in value:
        if not isinstance(each, dict) or not all(isinstance(each.get(name), str) and each[name] for name in _NEEDED):
            raise ValueError(f"questions: {each!r} needs key_name and question_text")
    keys = [each["key_name"] for each in value]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"questions: two of them have the key_name {twice[0]!r}")


@attrs.frozen
class InfoGathererSettings:
    """Settings of ``info_gatherer``.

    Args:
        questions: Objects with ``key_name`` and ``question_text``, and ``confirm`` (the caller confirms the answer) and
            ``prompt_add`` (a note for the model)
        completion_message: Words after the last answer
    """

    questions: Sequence[dict[str, Any]] = attrs.field(validator=_questions)
    completion_message: str = "All questions are answered. Thank the caller."


class InfoGathererSkill(Skill):
    """Asks callers for the fields of a form, one after another.

    The answers are in the global data, as ``skill:info_gatherer``, or ``skill:PREFIX``.
    """

    Settings = InfoGathererSettings

    def prompt_sections(self) -> list[dict[str, Any]]:
        """Return the section that explains the tools."""
        start, submit = self.tool_name("start_questions"), self.tool_name("submit_answer")
        body = (
            f"When the caller is ready, call {start}, and ask the question that it returns. Pass each answer "
            f"to {submit} with the key in brackets, and ask the next question that it returns. "
            "Ask one question at a time."
        )
        return [{"title": f"Questions ({self._place.partition(':')[2]})", "body": body}]

    @AgentBase.tool
    async def start_questions(self, call: Call) -> FunctionResult:
        """Start, and get the first question that is not answered.

        Args:
            call: The call, which the host passes
        """
        return self._next(await call.state.get(self._place, {}))

    @AgentBase.tool
    async def submit_answer(
        self, answer: str, call: Call, key: str = "", *, confirmed_by_user: bool = False
    ) -> FunctionResult:
        """Submit the answer to a question, and get the next question.

        Args:
            answer: The caller's answer
            call: The call, which the host passes
            key: Key of the question, which is in brackets before it
            confirmed_by_user: True only after the caller has confirmed this answer
        """
        answers = await call.state.get(self._place, {})
        asked = self._asked(key, answers)
        if asked is None:
            return self._next(answers)
        if asked.get("confirm") and not confirmed_by_user:
            return FunctionResult(
                f'Read the answer "{answer}" back. Submit it again with confirmed_by_user when the caller confirms it.'
            )
        answers = await call.state.update(self._place, lambda known: {**known, asked["key_name"]: answer}, {})
        kept = [{"key_name": name, "answer": given} for name, given in answers.items()]
        return self._next(answers).update_global_data({self._place: {"answers": kept}})

    @property
    def _place(self) -> str:
        return f"skill:{self.prefix or 'info_gatherer'}"

    def _asked(self, key: str, answers: dict[str, str]) -> dict[str, Any] | None:
        """Return the question with a key, else the first without an answer."""
        asked = self.settings.questions
        named = [each for each in asked if each["key_name"] == key.strip(" []")]
        return next(iter(named or [each for each in asked if each["key_name"] not in answers]), None)

    def _next(self, answers: dict[str, str]) -> FunctionResult:
        for each in self.settings.questions:
            if each["key_name"] not in answers:
                note = f" ({each['prompt_add']})" if each.get("prompt_add") else ""
                return FunctionResult(f"[{each['key_name']}] {each['question_text']}{note}")
        return FunctionResult(self.settings.completion_message)
