"""Calibration: confidences that are probabilities, fitted to the examples of the agents at hand.

Each example is compared with all others, as if it were a message ("leave one out"). The sharpness of the confidence is
the one that makes these outcomes most likely, so it fits the agents, their examples and the model that compares them.
Few examples say little: a prior keeps the sharpness near a usual value until there are enough of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Calibration", "Trial", "spread_over", "trust"]

_SPREAD = 0.6
"""The standard deviation of the prior, of the logarithm of the sharpness."""
_SPREAD_OF_OFFSET = 3.0
_FEWEST = 4
_MOST_TRIALS = 200
_PRECISION = 0.01


@frozen
class Trial:
    """The similarities of a text whose agent is known.

    Args:
        scores: the similarity to each agent, without the text itself.
        agent: the number of its agent. None if it belongs to none.
        nobody: the similarity to texts that belong to no agent.
        weight: how much the trial counts.
    """

    scores: Sequence[float]
    agent: int | None
    nobody: float = 0.0
    weight: float = 1.0


@frozen
class Calibration:
    """The step from similarities to probabilities.

    Args:
        sharpness: the growth of the odds with the distance between two similarities.
        offset: the advantage of belonging to no agent. None leaves that possibility out.
    """

    sharpness: float
    offset: float | None = None

    @classmethod
    def fit(cls, trials: Sequence[Trial], *, usual: float, with_nobody: bool = False) -> Calibration:
        """Return the calibration under which the trials are most likely.

        Args:
            trials: texts with known agents, each compared without itself.
            usual: the sharpness without any trial.
            with_nobody: whether a text may belong to no agent.
        """

        def cost(logarithm: float, offset: float) -> float:
            made = cls(math.exp(logarithm), offset if with_nobody else None)
            surprise = sum(trial.weight * made._surprise(trial) for trial in trials)
            prior = ((logarithm - math.log(usual)) / _SPREAD) ** 2 + (offset / _SPREAD_OF_OFFSET) ** 2
            return surprise + prior / 2

        logarithm, offset = _lowest(cost, math.log(usual), with_second=with_nobody)
        return cls(math.exp(logarithm), offset if with_nobody else None)

    def shares(self, scores: Sequence[float], nobody: float = 0.0) -> tuple[list[float], float]:
        """Return the share of each agent, and the probability that it is one of them.

        Args:
            scores: the similarity to each agent.
            nobody: the similarity to texts that belong to no agent.
        """
        most = max(scores)
        odds = [math.exp(self.sharpness * (score - most)) for score in scores]
        total = sum(odds)
        if self.offset is None:
            return [each / total for each in odds], 1.0
        against = self.sharpness * (nobody - most) + self.offset - math.log(total)
        return [each / total for each in odds], 1.0 / (1.0 + math.exp(min(against, 700.0)))

    def _surprise(self, trial: Trial) -> float:
        shares, somebody = self.shares(trial.scores, trial.nobody)
        likely = 1.0 - somebody if trial.agent is None else shares[trial.agent] * somebody
        return -math.log(max(likely, 1e-9))


def trust(examples: int) -> float:
    """Return how much the trials of an agent count, by the number of its examples.

    Of three examples, leaving one out takes away a third of what is known, so that such trials say little.
    """
    return max(0.0, 1.0 - _FEWEST / examples) if examples else 0.0


def spread_over(number: int) -> list[int]:
    """Return the places of at most 200 trials, spread evenly over a number of examples."""
    if number <= _MOST_TRIALS:
        return list(range(number))
    return [place * number // _MOST_TRIALS for place in range(_MOST_TRIALS)]


def _lowest(cost: Callable[[float, float], float], first: float, *, with_second: bool) -> tuple[float, float]:
    """Return the arguments of the lowest cost, by a search that halves its step."""
    place, step = (first, 0.0), 0.5
    least = cost(*place)
    directions = [(1.0, 0.0), (-1.0, 0.0), *([(0.0, 1.0), (0.0, -1.0)] if with_second else [])]
    while step > _PRECISION:
        near = [(place[0] + step * x, place[1] + step * y) for x, y in directions]
        found, best = min((cost(*each), each) for each in near)
        if found < least:
            least, place = found, best
        else:
            step /= 2
    return place
