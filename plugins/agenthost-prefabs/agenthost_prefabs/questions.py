"""Questions, the answers that fit them, and the agents that ask them one after another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from agenthost import AgentBase, Call, FunctionResult
from agenthost_prefabs.prefab import Prefab, PrefabSettings, filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import attrs

__all__ = ["Question", "QuestionsAgent", "QuestionsSettings", "different"]

_KEY = re.compile(r"[a-z][a-z0-9_]{0,40}")
_NUMBER = re.compile(r"-?\d+")
_YES = frozenset(("yes", "y", "yeah", "yep", "sure", "true", "of course", "correct"))
_NO = frozenset(("no", "n", "nope", "false", "not really", "never"))
_LONGEST = 500
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _key(_question: object, _attribute: attrs.Attribute[str], value: str) -> None:
    if not _KEY.fullmatch(value):
        raise ValueError(f"a question's key has lower case letters, digits and _, such as email, not {value!r}")


@frozen(kw_only=True)
class Question:
    """A question, and the answers that fit it.

    Args:
        key: Name of the answer
        question: Words of the question
        kind: ``text``, ``yes_no``, ``choice`` (of ``options``) or ``rating`` (1 to ``scale``)
        options: Answers of a choice
        scale: Highest rating
        required: Whether callers cannot skip it
        confirm: Whether the agent repeats the answer, and waits for a yes
    """

    key: str = field(validator=_key)
    question: str = field(validator=filled)
    kind: Literal["text", "yes_no", "choice", "rating"] = "text"
    options: tuple[str, ...] = ()
    scale: int = 5
    required: bool = True
    confirm: bool = False

    def __attrs_post_init__(self) -> None:
        if (self.kind == "choice") != (len(self.options) > 1):
            raise ValueError(f"question {self.key!r}: a choice has two options or more, and other kinds have none")
        if self.kind == "rating" and not 1 < self.scale <= 10:  # noqa: PLR2004 - people cannot weigh more
            raise ValueError(f"question {self.key!r}: the scale of a rating is between 2 and 10")

    def read(self, answer: str) -> str | int | bool | None:
        """Return the value of an answer, or None if it does not fit.

        Args:
            answer: Words of the caller
        """
        said = " ".join(answer.casefold().strip(" .!").split())
        if self.kind == "yes_no":
            return True if said in _YES else False if said in _NO else None
        if self.kind == "rating":
            return self._rating(said)
        if self.kind == "choice":
            fitting = [option for option in self.options if option.casefold() == said]
            fitting = fitting or [option for option in self.options if said and option.casefold() in said]
            return fitting[0] if len(fitting) == 1 else None
        return answer.strip()[:_LONGEST] or None

    def _rating(self, said: str) -> int | None:
        numbers = {int(number) for number in _NUMBER.findall(said)[:3]}
        numbers |= {_WORDS.index(word) for word in said.split() if word in _WORDS}
        return next(iter(numbers)) if len(numbers) == 1 and 1 <= min(numbers) <= self.scale else None

    @property
    def hint(self) -> str:
        """Return the answers that fit."""
        if self.kind == "choice":
            return f" ({', '.join(self.options)})"
        return {"yes_no": " (yes or no)", "rating": f" (1 to {self.scale})"}.get(self.kind, "")


def different(_settings: object, _attribute: object, value: tuple[Question, ...]) -> None:
    """Reject an empty list of questions, and two with one key."""
    keys = [each.key for each in value]
    if not keys:
        raise ValueError("questions must have one question or more")
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"two questions have the key {twice[0]!r}")


@frozen(kw_only=True)
class QuestionsSettings(PrefabSettings):
    """Settings of an agent that asks questions.

    Args:
        questions: Questions, in their order
        closing: Words after the last answer
        then: Key, name or route of the agent that gets the call after the last answer
    """

    questions: tuple[Question, ...] = field(validator=different)
    closing: str = field(default="Thank you, that is all.", validator=filled)
    then: str = ""


class QuestionsAgent(Prefab):
    """An agent that asks questions one after another."""

    def ask(self, settings: QuestionsSettings) -> None:
        """Add the questions.

        Args:
            settings: Its settings
        """
        self._settings = settings
        self._finish = _finishing(settings)
        self.prompt_add_section(
            "Questions",
            "Call start_questions, and ask the question that it returns, in its words. After each answer, call "
            "submit_answer with the question's key and the caller's answer. Ask one question at a time, and no others.",
        )
        if any(not each.required for each in settings.questions):
            self.prompt_add_section("Skipping", "Pass an empty answer if the caller does not want to answer.")

    @AgentBase.tool
    async def start_questions(self, call: Call) -> FunctionResult:
        """Start, and get the first question that is not answered.

        Args:
            call: The call, which the host passes
        """
        return self._next(await self._answers(call))

    @AgentBase.tool
    async def submit_answer(self, answer: str, call: Call, field: str = "") -> FunctionResult:
        """Submit the answer to a question, and get the next question.

        Args:
            answer: The caller's answer, in the caller's words
            call: The call, which the host passes
            field: Key of the question, which is in brackets before it
        """
        answers = await self._answers(call)
        asked = self._asked(field, answers)
        if asked is None:
            return self._next(answers)
        value = asked.read(answer)
        if value is None and (answer.strip() or asked.required):
            return FunctionResult(f"This answer does not fit. Ask again: [{asked.key}] {asked.question}{asked.hint}")
        before: dict[str, Any] = {}

        def with_answer(known: dict[str, Any]) -> dict[str, Any]:
            nonlocal before
            before = known
            return {**known, asked.key: value}

        answers = await call.state.update("answers", with_answer, {})
        await self.state.set(f"answers:{call.id}"[:200], answers)
        await self.answered(asked, before, value)
        return self._next(answers).update_global_data({"answers": answers})

    async def answered(self, question: Question, before: Mapping[str, Any], value: object) -> None:
        """Take note of an answer.

        Args:
            question: Its question
            before: The call's answers before it
            value: Its value, None if the question is skipped
        """

    async def _answers(self, call: Call) -> dict[str, Any]:
        found: dict[str, Any] = await call.state.get("answers", {})
        return found

    def _asked(self, key: str, answers: dict[str, Any]) -> Question | None:
        """Return the question with a key, else the first without an answer."""
        asked = self._settings.questions
        named = [each for each in asked if each.key == key.strip(" []")]
        return next(iter(named or [each for each in asked if each.key not in answers]), None)

    def _next(self, answers: dict[str, Any]) -> FunctionResult:
        for each in self._settings.questions:
            if each.key not in answers:
                confirm = " Repeat the answer, and submit it after a yes." if each.confirm else ""
                return FunctionResult(f"[{each.key}] {each.question}{each.hint}{confirm}")
        return self._finish()


def _finishing(settings: QuestionsSettings) -> Callable[[], FunctionResult]:
    """Return a function for the end, in which the host finds the agent's name."""
    then, words = settings.then, settings.closing
    if not then:
        return lambda: FunctionResult(words)
    return lambda: FunctionResult(words).hand_over(then)
