"""Many simulated calls at once, for ``agenthost simulate --calls``."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from agenthost._cli.trials.timed_client import TimedClient, percentile_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.conversation.models import ChatModel
    from agenthost.testing.platform import Client
    from agenthost.testing.scenarios import Scenario

__all__ = ["Load", "load"]


@frozen
class Load:
    """The outcome of many calls.

    Args:
        calls: seconds of each call.
        requests: seconds of each request.
        failed: the number of calls with problems.
        problems: the problems, each once.
    """

    calls: tuple[float, ...]
    requests: tuple[float, ...]
    failed: int
    problems: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the lines to print."""
        return [
            f"{len(self.calls)} calls at once, {self.failed} with problems",
            _line("requests", self.requests),
            _line("calls", self.calls),
        ]

    def to_dict(self) -> dict[str, object]:
        """Return the figures as JSON values, in milliseconds."""
        return {
            "calls": len(self.calls),
            "failed": self.failed,
            "requests": len(self.requests),
            "request_ms": {"p50": percentile_ms(self.requests, 50), "p95": percentile_ms(self.requests, 95)},
            "call_ms": {"p50": percentile_ms(self.calls, 50), "p95": percentile_ms(self.calls, 95)},
            "problems": list(self.problems),
        }


async def load(client: Client, scenario: Scenario, calls: int, model: ChatModel | None = None) -> Load:
    """Play a scenario in many calls at once, each with a seed of its own."""
    from agenthost.testing.platform import Platform
    from agenthost.testing.scenarios import play

    timed = TimedClient(client)

    async def one(number: int) -> tuple[float, tuple[str, ...]]:
        began = time.perf_counter()
        options = evolve(scenario.options, seed=scenario.options.seed + number, real_pauses=True)
        problems, _ = await play(evolve(scenario, options=options), Platform(timed, options, model=model))
        return time.perf_counter() - began, tuple(f"{problem.kind}: {problem.message}" for problem in problems)

    outcomes = await asyncio.gather(*(one(number) for number in range(calls)))
    found = [problems for _, problems in outcomes if problems]
    told = tuple(dict.fromkeys(problem for problems in found for problem in problems))
    return Load(tuple(seconds for seconds, _ in outcomes), timed.seconds, len(found), told)


def _line(what: str, seconds: Sequence[float]) -> str:
    return f"{len(seconds)} {what}: p50 {percentile_ms(seconds, 50):.1f} ms, p95 {percentile_ms(seconds, 95):.1f} ms"
