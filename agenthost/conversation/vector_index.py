"""Vector index: the agent whose texts are closest in meaning, with a calibrated confidence.

The score of an agent is the mean similarity of the three closest texts among its description and examples, on the scale
of the message: by how many standard deviations it exceeds the mean similarity of all texts. So neither the range of a
model's similarities nor the style of a message changes the meaning of a score. Small talk competes with the agents.
"""

from __future__ import annotations

import array
import math
from heapq import nlargest
from operator import mul
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost.conversation.calibration import Calibration, Trial, spread_over, trust
from agenthost.conversation.classifiers import Match
from agenthost.conversation.small_talk import SMALL_TALK
from agenthost.conversation.turns import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agenthost.conversation.classifiers import Choice

__all__ = ["Vector", "VectorIndex", "texts_of", "unit_vector"]

CLOSEST = 3
USUAL_SHARPNESS = 2.5
WEIGHT_OF_SMALL_TALK = 0.3
"""The weight of all small talk, relative to that of all examples."""

if TYPE_CHECKING:
    Vector = array.array[float]  # of length 1
else:
    Vector = "array.array[float]"


@frozen
class _Text:
    agent: int | None
    text: str
    vector: Vector
    is_example: bool = False


@frozen
class _Compared:
    """The scores of a message."""

    scores: list[float]
    nobody: float
    closest: float
    """The greatest similarity to a text of an agent."""


@frozen(eq=False)
class VectorIndex:
    """The index of a set of agents.

    Args:
        agents: the keys of the agents that have a description or examples.
        texts: their texts, and small talk.
        calibration: the step from scores to confidences.
        more: a further score of each agent for a message, on the same scale. None adds none.
    """

    agents: tuple[str, ...]
    texts: tuple[_Text, ...]
    calibration: Calibration
    more: Callable[[str], Sequence[float]] | None = None

    @classmethod
    def build(
        cls,
        choices: Sequence[Choice],
        vectors: Mapping[str, Vector],
        *,
        sharpness: float | None = None,
        more: tuple[Callable[[str], Sequence[float]], Mapping[str, Sequence[float]]] | None = None,
    ) -> VectorIndex | None:
        """Build the index, or return None if no agent has a description or examples.

        Args:
            choices: the agents.
            vectors: the vector of each text that ``texts_of`` returns, of length 1.
            sharpness: a fixed sharpness. None calibrates it.
            more: a further score for each agent of ``choices``, and the same scores of each example without itself.
        """
        named = [choice for choice in choices if _own(choice)]
        if not named:
            return None
        own = [
            _Text(number, text, vectors[text], is_example)
            for number, choice in enumerate(named)
            for text, is_example in _own(choice).items()
        ]
        texts = (*own, *(_Text(None, text, vectors[text]) for text in SMALL_TALK if text in vectors))
        places = [choices.index(choice) for choice in named]
        added = (lambda text: [more[0](text)[place] for place in places]) if more is not None else None
        left_out = {text: [scores[place] for place in places] for text, scores in more[1].items()} if more else {}
        plain = cls(tuple(choice.agent for choice in named), texts, Calibration(sharpness or USUAL_SHARPNESS), added)
        trials = plain._trials(left_out)
        fitted = Calibration.fit(trials, usual=sharpness or USUAL_SHARPNESS, with_nobody=len(texts) > len(own))
        return cls(plain.agents, texts, Calibration(sharpness or fitted.sharpness, fitted.offset), added)

    def decide(self, text: str, vector: Vector, by: str) -> Decision:
        """Choose the agent that is closest to a message.

        Args:
            text: the message.
            vector: its vector.
            by: the name of the classifier.

        Raises:
            ValueError: the vector has another length than those of the texts.
        """
        found = self._compared(self._similarities(vector), self.more(text) if self.more is not None else None)
        shares, somebody = self.calibration.shares(found.scores, found.nobody)
        ranking = tuple(sorted(zip(self.agents, shares, strict=True), key=lambda item: -item[1]))
        (agent, best), second = ranking[0], ranking[1][1] if len(ranking) > 1 else 0.0
        reason = f"similarity {found.closest:.2f}"
        return Decision(agent, somebody * best, somebody * (best - second), by, reason, ranking)

    def closest(self, vector: Vector, most: int = 3) -> list[Match]:
        """Return the closest texts to a message.

        Args:
            vector: the vector of the message.
            most: the number of texts.
        """
        pairs = nlargest(most, zip(self._similarities(vector), range(len(self.texts)), strict=True))
        found = [(self.texts[place], similarity) for similarity, place in pairs]
        return [
            Match(None if text.agent is None else self.agents[text.agent], text.text, score) for text, score in found
        ]

    def _similarities(self, vector: Vector) -> list[float]:
        if any(len(text.vector) != len(vector) for text in self.texts):
            msg = "the vectors have different lengths"
            raise ValueError(msg)
        return [sum(map(mul, vector, text.vector)) for text in self.texts]

    def _compared(
        self, similarities: Sequence[float], more: Sequence[float] | None = None, without: int | None = None
    ) -> _Compared:
        """Return the scores of a message, or of the text at a place without itself."""
        groups: dict[int | None, list[float]] = {}
        for place, (text, similarity) in enumerate(zip(self.texts, similarities, strict=True)):
            if place != without:
                groups.setdefault(text.agent, []).append(similarity)
        every = [similarity for group in groups.values() for similarity in group]
        middle = sum(every) / len(every)
        spread = math.sqrt(sum((each - middle) ** 2 for each in every) / len(every)) or 1.0

        def score(number: int | None) -> float:
            near = nlargest(CLOSEST, groups.get(number, ()))
            return (sum(near) / len(near) - middle) / spread if near else 0.0

        scores = [score(number) for number in range(len(self.agents))]
        if more is not None:
            mean = sum(more) / len(more)
            scores = [each + extra - mean for each, extra in zip(scores, more, strict=True)]
        closest = max((each for number, group in groups.items() if number is not None for each in group), default=0.0)
        return _Compared(scores, score(None), closest)

    def _trials(self, more: Mapping[str, Sequence[float]]) -> list[Trial]:
        """Compare each example, and each small talk, with all other texts."""
        examples = [place for place, text in enumerate(self.texts) if text.is_example]
        talk = [place for place, text in enumerate(self.texts) if text.agent is None]
        counts = [
            sum(text.is_example and text.agent == number for text in self.texts) for number in range(len(self.agents))
        ]
        trials = []
        for place in (examples[each] for each in spread_over(len(examples))):
            text = self.texts[place]
            found = self._compared(self._similarities(text.vector), more.get(text.text), place)
            trials.append(Trial(found.scores, text.agent, found.nobody, trust(counts[text.agent or 0])))
        weight = max(1.0, sum(trial.weight for trial in trials)) * WEIGHT_OF_SMALL_TALK / max(1, len(talk))
        for place in talk:
            text = self.texts[place]
            extra = self.more(text.text) if self.more is not None else None
            found = self._compared(self._similarities(text.vector), extra, place)
            if found.nobody >= max(found.scores):  # else, an agent may be there for it
                trials.append(Trial(found.scores, None, found.nobody, weight))
        return trials


def texts_of(choices: Sequence[Choice]) -> list[str]:
    """Return the texts whose vectors an index needs: descriptions, examples and small talk.

    Args:
        choices: the agents.
    """
    return list(dict.fromkeys([*(text for choice in choices for text in _own(choice)), *SMALL_TALK]))


def _own(choice: Choice) -> dict[str, bool]:
    """Return the texts of an agent, each with whether it is an example."""
    texts = {choice.description: False} | {text: True for texts in choice.examples.values() for text in texts}
    return {text: is_example for text, is_example in texts.items() if text.strip()}


def unit_vector(numbers: Sequence[float]) -> Vector:
    """Return a vector in the same direction, of length 1.

    Raises:
        ValueError: it has no direction.
    """
    vector = array.array("f", numbers)
    length = math.sqrt(sum(number * number for number in vector))
    if not math.isfinite(length) or not length:
        msg = "the model returned a vector without a direction"
        raise ValueError(msg)
    return array.array("f", (number / length for number in vector))
