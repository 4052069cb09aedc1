"""The survey: asks for opinions, and validates the answers."""

from __future__ import annotations

from attrs import field, frozen

from agenthost_prefabs.prefab import filled
from agenthost_prefabs.questions import Question, QuestionsAgent, QuestionsSettings, different

__all__ = ["SurveyAgent", "SurveySettings"]

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
    """Asks callers for their opinion, and validates the answers."""

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
