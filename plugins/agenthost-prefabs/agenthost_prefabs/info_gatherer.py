"""The info gatherer: asks for the fields of a form."""

from __future__ import annotations

from attrs import field, frozen

from agenthost_prefabs.questions import Question, QuestionsAgent, QuestionsSettings, different

__all__ = ["InfoGathererAgent", "InfoGathererSettings"]

_DEFAULT = (
    Question(key="name", question="What is your name?"),
    Question(key="reason", question="What is the reason of your call?"),
)


@frozen(kw_only=True)
class InfoGathererSettings(QuestionsSettings):
    """Settings of the info gatherer.

    Args:
        questions: Questions, in their order. Name and reason by default
    """

    questions: tuple[Question, ...] = field(default=_DEFAULT, validator=different)


class InfoGathererAgent(QuestionsAgent):
    """Asks callers for the fields of a form, one after another."""

    Settings = InfoGathererSettings

    def __init__(self, settings: InfoGathererSettings) -> None:
        super().__init__(
            name="info-gatherer",
            route="/info-gatherer",
            sip=("info-gatherer",),
            fallback=self.fallback_words(),
            examples=("I want to fill in the form.", "I would like to register."),
        )
        role = f"You take down information for {settings.company}, in a friendly conversation."
        self.begin(settings, role, {each.key: each.question for each in settings.questions})
        self.ask(settings)
