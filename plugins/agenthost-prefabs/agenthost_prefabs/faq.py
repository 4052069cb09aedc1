"""The FAQ: answers questions from a list, and from an index of agenthost-search."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost import FunctionResult
from agenthost_prefabs.prefab import Prefab, PrefabSettings, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Faq", "FaqAgent", "FaqSettings", "closest"]

_WORD = re.compile(r"\w+")
_LONGEST_ENDING = 3
_TOPICS = 40
"""Questions that describe the tool, so that models choose it."""
_BEST = 0.25
"""Share of a question's words, by their rarity, that an answer must have."""


@frozen(kw_only=True)
class Faq:
    """A question and its answer.

    Args:
        question: Question, in the words of callers
        answer: Answer
        words: Further words for the same
    """

    question: str = field(validator=filled)
    answer: str = field(validator=filled)
    words: tuple[str, ...] = ()


@frozen(kw_only=True)
class FaqSettings(PrefabSettings):
    """Settings of the FAQ.

    Args:
        questions: Questions and their answers
        index: Index of agenthost-search that is searched as well
        unknown: Answer where nothing fits
        then: Key, name or route of an agent for everything else
    """

    questions: tuple[Faq, ...] = ()
    index: str = ""
    unknown: str = field(default="I do not know the answer to that.", validator=filled)
    then: str = ""


class FaqAgent(Prefab):
    """Answers frequent questions of callers."""

    Settings = FaqSettings

    def __init__(self, settings: FaqSettings) -> None:
        super().__init__(
            name="faq",
            route="/faq",
            sip=("faq",),
            fallback=self.fallback_words(),
            examples=("I have a question.", "Can you tell me something?"),
        )
        self._settings = settings
        self.begin(
            settings,
            f"You answer questions about {settings.company}, from what your tools return and nothing else.",
            {"question": "what the caller asked", "answered": "true or false"},
        )
        if settings.questions:
            self.prompt_add_section("Topics", bullets=[each.question for each in settings.questions])
        topics = " ".join(" ".join((each.question, *each.words)) for each in settings.questions[:_TOPICS])
        self.define_tool(
            name="find_answer",
            description=f"Find the answer to a question of the caller, such as: {topics or 'any'}",
            parameters={"question": {"type": "string", "description": "The question, in the caller's words"}},
            required=["question"],
            handler=self._find_answer,
        )
        if settings.index:
            self.add_skill("search", {"index": settings.index})
        if settings.then:
            self._offer(settings.then)

    def _offer(self, agent: str) -> None:
        """Add the tool for everything else."""

        def connect(_args: dict[str, str]) -> FunctionResult:
            return FunctionResult("I connect you with somebody who can help.").hand_over(agent)

        self.define_tool(
            name="connect_somebody",
            description="Connect the caller with somebody who can help where no answer is known",
            parameters={},
            handler=connect,
        )

    def _find_answer(self, args: dict[str, str]) -> FunctionResult:
        found = closest(args["question"], self._settings.questions)
        return FunctionResult(found.answer if found is not None else self._settings.unknown)


def closest(question: str, known: Sequence[Faq]) -> Faq | None:
    """Return the question that shares the rarest words with another one, or None.

    Args:
        question: Words of a caller
        known: Questions with answers
    """
    texts = [_stems(" ".join((each.question, *each.words))) for each in known]
    asked = _stems(question)
    weights = {stem: math.log(1 + len(known) / (1 + sum(stem in text for text in texts))) for stem in asked}
    total = sum(weights.values())
    scores = [sum(weights[stem] for stem in asked & text) for text in texts]
    best = max(scores, default=0.0)
    return known[scores.index(best)] if total and best / total >= _BEST else None


def _stems(text: str) -> frozenset[str]:
    """Return the beginnings of the words of a text, so that ``opening`` fits ``open``."""
    words = _WORD.findall(text.casefold())
    return frozenset(word[: max(4, len(word) - _LONGEST_ENDING)] for word in words if len(word) > 2)  # noqa: PLR2004
