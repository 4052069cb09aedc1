"""The survey: asks for opinions, validates the answers, and counts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost_prefabs.prefab import filled
from agenthost_prefabs.questions import Question, QuestionsAgent, QuestionsSettings, different

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SurveyAgent", "SurveySettings", "counted"]

_AVERAGE = "average"
_DEFAULT = (
    Question(key="rating", question="How satisfied are you with us?", kind="rating"),
    Question(key="comment", question="What can we do better?", required=False),
)


@frozen(kw_only=True)
class SurveySettings(QuestionsSettings):
    """Settings of the survey.

    Args:
        subject: Subject of the survey
        questions: Questions, in their order. A rating and a comment by default
    """

    subject: str = field(default="customer satisfaction", validator=filled)
    questions: tuple[Question, ...] = field(default=_DEFAULT, validator=different)


class SurveyAgent(QuestionsAgent):
    """Asks callers for their opinion, validates the answers, and counts them."""

    Settings = SurveySettings

    def __init__(self, settings: SurveySettings) -> None:
        super().__init__(
            name="survey",
            route="/survey",
            sip=("survey",),
            fallback=self.fallback_words(),
            examples=("I want to take part in the survey.", "I would like to give feedback."),
        )
        role = f"You conduct a survey about {settings.subject} for {settings.company}. You stay neutral."
        self.begin(settings, role, {each.key: each.question for each in settings.questions})
        self.ask(settings)

    async def answered(self, question: Question, before: Mapping[str, Any], value: object) -> None:
        """Count an answer.

        Args:
            question: Its question
            before: The call's answers before it
            value: Its value, None if the question is skipped
        """
        await self.state.update("counts", lambda counts: counted(counts, question, before, value), {})


def counted(
    counts: Mapping[str, Mapping[str, float]], question: Question, before: Mapping[str, Any], value: object
) -> dict[str, Mapping[str, float]]:
    """Return the counts of a survey with another answer, which replaces the call's former one.

    Args:
        counts: Counts by question and answer, with the average of ratings
        question: The question that is answered
        before: The call's answers before it
        value: The answer, None if the question is skipped
    """
    rating = question.kind == "rating"
    own = {label: int(n) for label, n in counts.get(question.key, {}).items() if not (rating and label == _AVERAGE)}
    label = _label(question, value)
    own[label] = own.get(label, 0) + 1
    if question.key in before:
        former = _label(question, before[question.key])
        own[former] = own.get(former, 0) - 1
    kept: dict[str, float] = {label: own[label] for label in sorted(own) if own[label] > 0}
    ratings = {int(label): count for label, count in kept.items() if rating and label.isdigit()}
    if ratings:
        total = sum(number * count for number, count in ratings.items())
        kept[_AVERAGE] = round(total / sum(ratings.values()), 2)
    return {**counts, question.key: kept}


def _label(question: Question, value: object) -> str:
    """Return the answer as it is counted. Free text is counted, and not repeated."""
    if value is None:
        return "skipped"
    if question.kind == "text":
        return "answered"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
