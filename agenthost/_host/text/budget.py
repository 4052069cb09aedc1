"""Budget: what one turn may take, shared by every agent that has a part in it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from agenthost.errors import BudgetSpent
from agenthost.workflows.team import Remaining

if TYPE_CHECKING:
    from agenthost._host.config.schema import TurnsConfig
    from agenthost.conversation.models import Usage

__all__ = ["Budget", "Meter"]


class Meter(Protocol):
    """Who counts what language models are asked, and may say that it is enough."""

    def begin(self) -> None:
        """Called before each request; what it raises ends the turn."""

    def spent(self, usage: Usage) -> None:
        """Called after each; what it raises ends the turn."""


class Budget:
    """What is left of one turn; made on the event loop when the turn begins, and never used for another.

    Args:
        limits: what a turn may take.
        seconds: how long it may take.
    """

    __slots__ = ("_calls", "_limits", "_loop", "_tokens", "_visits", "deadline")

    def __init__(self, limits: TurnsConfig, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = limits
        self._calls = 0
        self._tokens = 0
        self._visits: Counter[str] = Counter()
        self.deadline = self._loop.time() + seconds

    def seconds(self, deadline: float | None = None) -> float:
        """Seconds until the turn's deadline, or until ``deadline``, a time of the event loop; never below 0."""
        return max(0.0, (self.deadline if deadline is None else deadline) - self._loop.time())

    def remaining(self, deadline: float | None = None) -> Remaining:
        """What is left; see ``seconds``."""
        calls, tokens = self._limits.calls - self._calls, self._limits.tokens - self._tokens
        return Remaining(self.seconds(deadline), max(0, calls), max(0, tokens))

    def visit(self, agent: str, hops: int) -> str | None:
        """Begin a call of an agent.

        Args:
            agent: its key.
            hops: how many agents stand above it.

        Returns:
            Why it may not be called, in words; None when it may, and is counted.
        """
        limits = self._limits
        if hops >= limits.hops:
            return f"agents call each other more than {limits.hops} deep"
        if self._visits[agent] >= limits.visits:
            return f"it has been called {limits.visits} times in this turn already"
        if self._calls >= limits.calls:
            return f"the turn's budget of {limits.calls} calls is spent"
        if self._tokens >= limits.tokens:
            return f"the turn's budget of {limits.tokens} tokens is spent"
        self._calls += 1
        self._visits[agent] += 1
        return None

    def begin(self) -> None:
        """Called before each request to a language model.

        Raises:
            BudgetSpent: the turn may take no more.
        """
        if self._tokens >= self._limits.tokens:
            raise BudgetSpent(f"the turn's budget of {self._limits.tokens} tokens is spent.")
        if self._loop.time() >= self.deadline:
            raise BudgetSpent("the turn's time is up.")

    def spent(self, usage: Usage) -> None:
        """Count what a request cost; the one that goes beyond the budget is the last."""
        self._tokens += usage.tokens
