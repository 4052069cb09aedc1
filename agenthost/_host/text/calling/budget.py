"""Budget: the limits of one turn, shared by all its agents."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from agenthost.errors import BudgetSpent
from agenthost.workflows.team import Remaining

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import TurnsConfig
    from agenthost._host.text.calling.tool_runs import DoneBefore
    from agenthost.conversation.models import Usage

__all__ = ["Budget", "Meter"]


class Meter(Protocol):
    """Counts requests to language models, and can stop them.

    It has the tool calls of earlier attempts at the turn, too.
    """

    done_before: DoneBefore

    def begin(self) -> None:
        """Start a request. An exception ends the turn."""

    def spent(self, usage: Usage) -> None:
        """Count the usage of a request. An exception ends the turn."""

    async def store(self) -> None:
        """Store the tool calls of the turn so far."""

    def had_effects(self, effects: Mapping[str, str]) -> None:
        """Add the effects of the tool that has just ended."""

    def store_soon(self) -> None:
        """Store them in a moment, unless the turn ends first, which stores them too."""


class Budget:
    """The remaining budget of one turn, made when the turn begins."""

    __slots__ = ("_calls", "_limits", "_loop", "_tokens", "_visits", "deadline")

    def __init__(self, limits: TurnsConfig, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = limits
        self._calls = 0
        self._tokens = 0
        self._visits: Counter[str] = Counter()
        self.deadline = self._loop.time() + seconds

    def seconds(self, deadline: float | None = None) -> float:
        """Return the seconds until a deadline, by default the turn's, at least 0."""
        return max(0.0, (self.deadline if deadline is None else deadline) - self._loop.time())

    def remaining(self, deadline: float | None = None, depth: int = 0) -> Remaining:
        """Return the remaining budget of a call at some depth, see ``seconds``."""
        calls, tokens = self._limits.calls - self._calls, self._limits.tokens - self._tokens
        return Remaining(self.seconds(deadline), max(0, calls), max(0, tokens), max(0, self._limits.hops - depth))

    def visit(self, agent: str, hops: int) -> str | None:
        """Count a call of an agent, if the budget allows it.

        Returns:
            The reason that it must not be called, or None.
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
        """Check the budget before a request to a language model.

        Raises:
            BudgetSpent: the turn may take no more.
        """
        if self._tokens >= self._limits.tokens:
            raise BudgetSpent(f"the turn's budget of {self._limits.tokens} tokens is spent.")
        if self._loop.time() >= self.deadline:
            raise BudgetSpent("the turn's time is up.")

    def spent(self, usage: Usage) -> None:
        """Count the usage of a request, which may exceed the budget once."""
        self._tokens += usage.tokens

    def called(self, calls: int) -> None:
        """Count calls of agents on another host."""
        self._calls += calls
