"""Calls to a measured host: each scenario alone, then many at once for a time."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from itertools import count, cycle
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from agenthost._cli.trials.timed_client import TimedClient, percentile_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agenthost._cli.trials.measured_host import MeasuredHost
    from agenthost.conversation.models import ChatModel
    from agenthost.testing.scenarios import Scenario

__all__ = ["Measured", "measure", "plain_calls"]

_TOOLS = "/swaig"
_ALONE = 3
"""Times that each scenario is played alone; the quickest counts, as other programs delay the rest."""
_PAUSE = 0.5
"""Seconds between two looks at the memory."""


@frozen
class Measured:
    """The outcome of a measurement.

    Args:
        seconds: its duration.
        at_once: calls at once.
        calls: completed calls.
        requests: seconds of each request.
        tool_seconds: by path of an agent's tools, seconds of its tools in one call that is alone.
        cpu: CPU seconds of the host.
        rest: bytes of the worker's memory before.
        peak: the most bytes of the worker's memory.
        whole: the most bytes of all processes.
        failed: those of the completed calls with problems.
        problems: the problems, each once, also of calls that were alone.
    """

    seconds: float
    at_once: int
    calls: int
    requests: tuple[float, ...] = field(repr=False)
    tool_seconds: dict[str, float]
    cpu: float
    rest: int
    peak: int
    whole: int
    failed: int
    problems: tuple[str, ...]

    def request_ms(self, percent: int) -> float:
        """Return a percentile of the durations of requests, in milliseconds."""
        return percentile_ms(self.requests, percent)


def plain_calls(routes: Sequence[str]) -> list[Scenario]:
    """Return a scenario for each route: a caller who hangs up after the greeting."""
    from pathlib import Path

    from agenthost.testing.platform import Caller, PlatformOptions
    from agenthost.testing.scenarios.scenario import Expectation, HostSpec, ModelSpec, Scenario, Veto

    return [
        Scenario(
            file=Path(),
            title=route,
            agent=route,
            host=HostSpec(),
            caller=Caller(),
            model=ModelSpec(),
            turns=(),
            persona=None,
            summary=None,
            expect=Expectation(),
            veto=Veto(),
            options=PlatformOptions(),
        )
        for route in routes
    ]


async def measure(
    host: MeasuredHost, scenarios: Sequence[Scenario], seconds: float, at_once: int, show: Callable[[str, str], None]
) -> Measured:
    """Play each scenario alone, then all in turn for a number of seconds."""
    from agenthost.testing.platform import HttpClient

    async with HttpClient(host.url) as client:
        callers = _Callers(TimedClient(client), scenarios)
        show("each call alone", "")
        tool_seconds = await callers.alone()
        stage = f"{at_once} calls at once for {seconds:g} s"
        show(stage, "")
        rest, cpu, began = host.worker_memory(), host.cpu_seconds(), time.monotonic()
        peak, whole = rest, host.memory()
        calling = [asyncio.create_task(callers.call_until(began + seconds)) for _ in range(at_once)]
        while any(not each.done() for each in calling):
            await asyncio.wait(calling, timeout=_PAUSE)
            peak, whole = max(peak, host.worker_memory()), max(whole, host.memory())
            passed = time.monotonic() - began
            show(stage, f": {passed:.0f} s, {callers.done} calls, {callers.failed} with problems")
        await asyncio.gather(*calling)
        return Measured(
            seconds=time.monotonic() - began,
            at_once=at_once,
            calls=callers.done,
            requests=callers.client.seconds,
            tool_seconds=tool_seconds,
            cpu=host.cpu_seconds() - cpu,
            rest=rest,
            peak=peak,
            whole=whole,
            failed=callers.failed,
            problems=tuple(callers.problems),
        )


@define
class _Callers:
    """The callers of a measurement.

    Args:
        client: the way to the host.
        scenarios: the scenarios that they play.
        done: calls that have ended, without those that were alone.
        failed: those of them with problems.
        problems: the problems, each once, also of calls that were alone.
    """

    client: TimedClient
    scenarios: Sequence[Scenario]
    done: int = 0
    failed: int = 0
    problems: dict[str, None] = field(factory=dict)
    _numbers: Iterator[int] = field(factory=count)
    _turns: Iterator[Scenario] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._turns = cycle(self.scenarios)

    async def alone(self) -> dict[str, float]:
        """Play each scenario alone, and return the mean seconds of a call's tools by path."""
        waits: dict[str, float] = defaultdict(float)
        for scenario in self.scenarios:
            tries = [await self._tool_seconds(scenario) for _ in range(_ALONE)]
            for path in tries[0]:
                waits[path] += min(each.get(path, 0.0) for each in tries) / len(self.scenarios)
        return dict(waits)

    async def call_until(self, end: float) -> None:
        """Play the scenarios in turn until a time, together with other callers."""
        while time.monotonic() < end:
            failed = await self._play(next(self._turns))
            self.failed += failed
            self.done += 1

    async def _tool_seconds(self, scenario: Scenario) -> dict[str, float]:
        self.client.seen = []
        await self._play(scenario)
        sums: dict[str, float] = defaultdict(float)
        for path, took in self.client.seen:
            if path.endswith(_TOOLS):
                sums[path] += took
        self.client.seen = []
        return sums

    async def _play(self, scenario: Scenario) -> bool:
        """Play a scenario with a seed of its own, and return whether it failed."""
        from agenthost.testing.platform import Platform
        from agenthost.testing.scenarios import play

        options = evolve(scenario.options, seed=scenario.options.seed + next(self._numbers))
        platform = Platform(self.client, options, model=_model(scenario))
        problems, _ = await play(evolve(scenario, options=options), platform)
        self.problems |= dict.fromkeys(f"{scenario.title}: {problem.message}" for problem in problems)
        return bool(problems)


def _model(scenario: Scenario) -> ChatModel | None:
    if scenario.model.kind == "script":
        return None
    from agenthost.builtin.offline.model import OfflineModel

    return OfflineModel()
