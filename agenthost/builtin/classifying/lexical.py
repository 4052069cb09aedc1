"""``lexical``: the default classifier, without a model, a key or a network.

Words, pairs of words and short pieces of words are weighted by rarity (TF-IDF). A message goes to the agent with the
most similar description and examples (the cosine to their centroid). The index of a set of agents is built once.

Empty words ("please", "I want") count for less, and never decide alone: the confidence is small unless other words
contribute to the similarity. Names of people and denied matters do not count. The confidence is calibrated: each
example is classified by all others, and the sharpness makes these outcomes most likely.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import operator
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from attrs import evolve, field, frozen

from agenthost import Choice, Decision
from agenthost.conversation.calibration import Calibration, Trial, spread_over, trust
from agenthost.conversation.classifiers import Match
from agenthost.conversation.empty_words import EMPTY_WORDS, example_of, plain_words
from agenthost.conversation.matter import matter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agenthost import ClassifierTools

__all__ = ["Lexical", "LexicalIndex", "features"]

_Place: TypeAlias = tuple[int, int]
"""An agent and one of its groups of texts, by number."""
_Shares: TypeAlias = tuple[tuple[int, float], ...]
"""The share of a feature in centroids, by the numbers of their places."""

# WORD, PAIR, PIECE and PIECES: chosen by cross-validation on the train split of tests/data/router_queries.jsonl
# (benchmarks/routing.py --tune), as were NOISE and USUAL_SHARPNESS, by the likelihood. EMPTY, ENOUGH and ALONE: chosen
# so that this accuracy stays, and that few messages of tests/data/says_nothing.jsonl reach the thresholds of a router.
WORD, PAIR, PIECE = 1.0, 0.8, 0.15
PIECES = (3, 4)
EMPTY = 0.8
"""The weight of an empty word, of a pair of them and of their pieces."""
USUAL_SHARPNESS = 7.0
"""The sharpness of the confidence without examples."""
NOISE = 0.05
"""The similarity that says little by itself. Only the relation of greater ones counts."""
ENOUGH = 0.15
"""The share of a similarity that other words must contribute for the full similarity and confidence."""
ALONE = 0.5
"""The part of a similarity that counts if other words contribute nothing."""

_LONGEST_TEXT = 2000
_LONGEST_WORD = 40
_KEPT_INDEXES = 64
_AT_ONCE = 200
"""Texts that are indexed on the event loop, in about 20 ms. More of them are indexed in a thread."""
_SHOWN_WORDS = _SHOWN_TEXTS = 3
_similarity = operator.attrgetter("similarity")
_EMPTY_OR_EDGE = EMPTY_WORDS | {"^", "$"}


class Lexical:
    """A classifier that compares words.

    Args:
        name: the classifier's name in the configuration.
    """

    def __init__(self, name: str = "lexical") -> None:
        self.name = name
        self._indexes: Mapping[tuple[Choice, ...], LexicalIndex] = {}

    async def classify(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:  # noqa: ARG002
        """Choose the closest agent, or none if no word of the message says anything."""
        wanted, text = tuple(choices), matter(text)
        if EMPTY_WORDS.issuperset(words := plain_words(text, _LONGEST_TEXT)):
            return _of_empty_words(words, wanted, self.name)
        index = await self.index(wanted)
        return index.decide(text, self.name)

    async def closest(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> list[Match]:  # noqa: ARG002
        """Return the examples and descriptions that share most with a message."""
        index = await self.index(tuple(choices))
        asked = index.vector(matter(text))
        found = []
        for choice in choices:
            for own in (choice.description, *_all(choice.examples.values())):
                vector = index.vector(own)
                shared = sum(weight * vector[feature] for feature, weight in asked.items() if feature in vector)
                found.append(Match(choice.agent, own, shared))
        return heapq.nlargest(_SHOWN_TEXTS, (match for match in found if match.similarity), key=_similarity)

    async def index(self, wanted: tuple[Choice, ...]) -> LexicalIndex:
        """Return the index of a set of agents, built once.

        Args:
            wanted: the agents.
        """
        index = self._indexes.get(wanted)
        if index is None:
            texts = sum(1 + sum(map(len, choice.examples.values())) for choice in wanted)
            slow = texts > _AT_ONCE  # a few are indexed before another conversation could need the same
            index = await asyncio.to_thread(LexicalIndex.build, wanted) if slow else LexicalIndex.build(wanted)
            latest = list(self._indexes.items())[1 - _KEPT_INDEXES :]
            self._indexes = {**dict(latest), wanted: index}
        return index


@frozen(eq=False)
class LexicalIndex:
    """The index of a set of agents.

    Args:
        agents: the keys of the agents, in order.
        places: the place of each centroid.
        weights: for each known feature, its rarity and its share of each centroid.
        unknown: the rarity of a feature that no agent has.
        calibration: the step from similarities to confidences.
        left_out: the similarities of examples to each agent, of each without itself.
    """

    agents: tuple[str, ...]
    places: tuple[_Place, ...]
    weights: Mapping[str, tuple[float, _Shares]]
    unknown: float
    calibration: Calibration = field(factory=lambda: Calibration(USUAL_SHARPNESS))
    left_out: Mapping[str, Sequence[float]] = field(factory=dict, repr=False)

    @classmethod
    def build(cls, choices: Sequence[Choice]) -> LexicalIndex:
        """Build the index.

        Each language of an agent has a centroid, which includes the agent's description.
        """
        texts = [[choice.description, *_all(choice.examples.values())] for choice in choices]
        counted = [[features(text) for text in own if text.strip()] for own in texts]
        spread: Counter[str] = Counter()
        for own in counted:
            for counts in own:
                spread.update(counts.keys())
        documents = sum(map(len, counted))
        rare = {feature: math.log((1 + documents) / (1 + seen)) + 1 for feature, seen in spread.items()}
        postings: dict[str, list[tuple[int, float]]] = {feature: [] for feature in rare}
        lengths: dict[_Place, float] = {}
        for number, choice in enumerate(choices):
            for group, group_texts in enumerate(_groups(choice)):
                total, place = _sum(group_texts, rare), len(lengths)
                lengths[number, group] = length = _length(total)
                for feature, weight in total.items():
                    postings[feature].append((place, weight / length))
        weights = {feature: (rare[feature], tuple(found)) for feature, found in postings.items()}
        plain = cls(tuple(choice.agent for choice in choices), tuple(lengths), weights, math.log(1 + documents) + 1)
        compared = plain._left_out(choices, lengths)
        trials = [
            Trial(plain._relative(scores), number, weight=trust(sum(map(len, choices[number].examples.values()))))
            for number, _, scores in compared
            if scores
        ]
        left_out = {text: plain._in_order(scores) for _, text, scores in compared}
        return evolve(plain, calibration=Calibration.fit(trials, usual=USUAL_SHARPNESS), left_out=left_out)

    def decide(self, text: str, by: str) -> Decision:
        """Choose an agent.

        Args:
            text: the message.
            by: the name of the classifier.
        """
        scores, words, sure = self._scores(text)
        if not scores:
            return Decision(None, 0.0, by=by, reason="no word of the message is known")
        found, _ = self.calibration.shares(self._relative(scores))
        order = sorted(range(len(found)), key=lambda place: -found[place])  # ties keep the order of the agents
        ranking = tuple((self.agents[place], found[place]) for place in order)
        number, confidence, runner_up = order[0], ranking[0][1], ranking[1][1] if len(ranking) > 1 else 0.0
        shown = ", ".join(self._heaviest(words, number))
        reason = f"words: {shown}" if shown else "pieces of words"
        share, margin = sure[number], max(0.0, confidence - runner_up)
        return Decision(self.agents[number], share * confidence, share * margin, by, reason, ranking)

    def _heaviest(self, words: Mapping[str, tuple[float, _Shares]], number: int) -> list[str]:
        """Return the words that contribute most to an agent, the heaviest first."""
        own = (
            (-weight * shares[-1], word)
            for word, (weight, found) in words.items()
            if (shares := [share for place, share in found if self.places[place][0] == number])
        )
        return [word for _, word in sorted(own)[:_SHOWN_WORDS]]

    def vector(self, text: str) -> dict[str, float]:
        """Return the weighted features of a text, of length 1.

        Args:
            text: the text.
        """
        vector = {feature: self._weight(feature, count) for feature, count in features(text).items()}
        length = _length(vector) or 1.0
        return {feature: weight / length for feature, weight in vector.items()}

    def similarities(self, text: str) -> list[float]:
        """Return the similarity of a message to each agent, 0 to 1.

        Args:
            text: the message.
        """
        return self._in_order(self._scores(text)[0])

    def _in_order(self, scores: Mapping[int, float]) -> list[float]:
        return [scores.get(number, 0.0) for number in range(len(self.agents))]

    def _relative(self, scores: Mapping[int, float]) -> list[float]:
        """Return the scores relative to their length, as long messages resemble every agent less."""
        length = math.sqrt(sum(score * score for score in scores.values()))
        return [score / (length + NOISE) for score in self._in_order(scores)]

    def _left_out(
        self, choices: Sequence[Choice], lengths: Mapping[_Place, float]
    ) -> list[tuple[int, str, dict[int, float]]]:
        """Return the agent, the text and the scores of each example, without the example itself."""
        examples = [
            (number, group, text)
            for number, choice in enumerate(choices)
            for group, texts in _examples(choice)
            for text in texts
            if text.strip()
        ]
        compared = []
        for number, group, text in (examples[place] for place in spread_over(len(examples))):
            products, telling, _, length = self._products(text)
            if not any(products):
                continue
            counts, empty = _counted(text)
            own = {feature: self._weight(feature, count) for feature, count in counts.items()}
            told = sum(weight * weight for feature, weight in own.items() if feature not in empty)
            groups = range(len(_groups(choices[number]))) if group is None else (group,)
            for each in groups:
                whole, place = lengths[number, each], self.places.index((number, each))
                rest = math.sqrt(max(whole * whole - 2 * whole * products[place] / length + 1, 1e-9))
                telling[place] = max(0.0, (telling[place] * whole - told / length) / rest)
                products[place] = max(0.0, (products[place] * whole - length) / rest)
            compared.append((number, text, self._adjusted(products, telling, length)[0]))
        return compared

    def _weight(self, feature: str, count: float) -> float:
        found = self.weights.get(feature)
        return math.log1p(count) * (found[0] if found else self.unknown)

    def _scores(self, text: str) -> tuple[dict[int, float], dict[str, tuple[float, _Shares]], dict[int, float]]:
        """Compare a message with each agent.

        Returns:
            The cosine to each agent, less if it comes from empty words; the known words; and how far other words than
            empty ones contribute, 0 to 1.
        """
        products, telling, words, length = self._products(text)
        scores, sure = self._adjusted(products, telling, length)
        return scores, words, sure

    def _products(self, text: str) -> tuple[list[float], list[float], dict[str, tuple[float, _Shares]], float]:
        """Multiply a message with each centroid.

        Returns:
            The products; the part of each that words with a meaning contribute; the known words, with their weight and
            shares; and the length of the message.
        """
        length = 0.0
        products = [0.0] * len(self.places)
        telling = [*products]
        words: dict[str, tuple[float, _Shares]] = {}
        counts, empty = _counted(text)
        known, unknown, log1p = self.weights.get, self.unknown, math.log1p
        for feature, count in counts.items():
            found = known(feature)
            if found is None:
                weight = log1p(count) * unknown
                length += weight * weight
                continue
            weight = log1p(count) * found[0]
            length += weight * weight
            if feature in empty:
                for place, share in found[1]:
                    products[place] += weight * share
            else:
                for place, share in found[1]:
                    product = weight * share
                    products[place] += product
                    telling[place] += product
            if feature[:2] == "w:":
                words[feature[2:]] = weight, found[1]
        return products, telling, words, math.sqrt(length)

    def _adjusted(
        self, products: Sequence[float], telling: Sequence[float], length: float
    ) -> tuple[dict[int, float], dict[int, float]]:
        """Return the best score of each agent, and how far telling words contribute."""
        scores: dict[int, float] = {}
        sure: dict[int, float] = {}
        for (number, _), product, told in zip(self.places, products, telling, strict=True):
            if product <= 0.0:
                continue
            share = min(1.0, told / product / ENOUGH)
            score = product / length * (ALONE + (1.0 - ALONE) * share)
            if score > scores.get(number, 0.0):
                scores[number], sure[number] = score, share
        return scores, sure


def features(text: str) -> dict[str, float]:
    """Count words, pairs of words, pieces of words and marks that end a sentence.

    Case, accents and apostrophes do not matter. Of a longer text, the first 2000 characters count.
    """
    return _counted(text)[0]


def _counted(text: str) -> tuple[dict[str, float], set[str]]:
    """Return the features of a text, and those that come from empty words or marks."""
    words = [word[:_LONGEST_WORD] for word in plain_words(text, _LONGEST_TEXT)]
    found: dict[str, float] = {}
    empty = {f"e:{mark}" for mark in "!?"}
    before = found.get
    for word in words:  # without a function for each feature, which would cost half of the time
        is_empty = word in EMPTY_WORDS
        edged = f"<{word}>"
        pieces = [f"c:{edged[at : at + size]}" for size in PIECES for at in range(len(edged) - size + 1)]
        whole, weight = f"w:{word}", EMPTY * PIECE if is_empty else PIECE
        found[whole] = before(whole, 0.0) + (EMPTY * WORD if is_empty else WORD)
        for piece in pieces:
            found[piece] = before(piece, 0.0) + weight
        if is_empty:
            empty.add(whole)
            empty.update(pieces)
    for first, second in zip(["^", *words], [*words, "$"], strict=True) if words else ():
        pair, both = f"p:{first} {second}", first in _EMPTY_OR_EDGE and second in _EMPTY_OR_EDGE
        found[pair] = before(pair, 0.0) + (EMPTY * PAIR if both else PAIR)
        if both:
            empty.add(pair)
    if words:
        plain = unicodedata.normalize("NFKD", text[:_LONGEST_TEXT])
        found |= {f"e:{mark}": WORD for mark in "!?" if mark in plain}
    return found, empty


def _of_empty_words(words: list[str], choices: Sequence[Choice], by: str) -> Decision:
    """Return the decision about a message of empty words."""
    agent = example_of(words, choices)
    if agent is None:
        return Decision(None, 0.0, by=by, reason="no word of the message says what it is about")
    return Decision(agent, 1.0, 1.0, by, "one of its examples", ((agent, 1.0),))


def _all(groups: Iterable[Iterable[str]]) -> Iterable[str]:
    return (text for group in groups for text in group)


def _groups(choice: Choice) -> list[list[str]]:
    """Return the texts of each language, including description and texts without a language."""
    everywhere = [choice.description, *choice.examples.get("", ())]
    languages = [texts for language, texts in choice.examples.items() if language]
    return [[*everywhere, *texts] for texts in languages] or [everywhere]


def _examples(choice: Choice) -> list[tuple[int | None, Sequence[str]]]:
    """Return the examples of an agent by group, with None for those in all groups."""
    languages = [texts for language, texts in choice.examples.items() if language]
    return [(None, choice.examples.get("", ())), *enumerate(languages)]


def _sum(texts: Sequence[str], rare: Mapping[str, float]) -> dict[str, float]:
    """Return the sum of the vectors of texts, each of length 1."""
    total: dict[str, float] = {}
    for text in texts:
        vector = {feature: math.log1p(count) * rare[feature] for feature, count in features(text).items()}
        length = _length(vector)
        for feature, weight in vector.items():
            total[feature] = total.get(feature, 0.0) + weight / length
    return total


def _length(vector: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in vector.values()))
