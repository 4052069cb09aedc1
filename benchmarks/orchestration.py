"""The cost of calling agents through workflows, next to calling them directly.

$ python benchmarks/orchestration.py

All parts are real except the language model, which answers at once, or after 20 ms: the plan, the choke point, the
conversation with its prompt and tools, the classifier with 20 examples for each agent, and the state in SQLite.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from agenthost import AgentBase, Parallel, Router, Turn
from agenthost._host.calls.tool_caller import ToolCaller
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.packages.stages import Built
from agenthost._host.plan.chosen_models import Models
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import HostPlan, make_plan
from agenthost._host.runtime.start import make_runtime, with_secrets
from agenthost._host.text.conversations import Conversations
from agenthost.conversation.models import Completion, ModelRequest, Usage, Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

QUERIES = Path(__file__).parents[1] / "tests" / "data" / "router_queries.jsonl"
TURNS = 300
CONVERSATIONS = 200
MODEL_SECONDS = 0.02
ROUNDS = 5
REPEATS = 7
"""Runs, of which the best counts: other work on the machine makes a run longer, never shorter."""


class Instant:
    """A model that answers after a fixed time."""

    name = "instant"

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    async def answer(self, request: ModelRequest) -> AsyncIterator[Words | Completion]:
        """Answer with a fixed text."""
        if self.seconds:
            await asyncio.sleep(self.seconds)
        yield Words("Certainly.")
        yield Completion("Certainly.", usage=Usage(len(request.messages), 1))


class Hanging(AgentBase):
    """An agent whose model never answers."""


class Desk(AgentBase):
    """One of the agents, with a prompt and a tool."""

    def __init__(self, name: str, examples: list[str]) -> None:
        super().__init__(name, f"/{name}", description=f"{name} matters", examples=examples)
        self.prompt_add_section("Role", f"You handle {name} matters.")
        self.define_tool("look_up", "Look something up", {"what": {"type": "string"}}, lambda _: "found")


class Never:
    """A model that never answers."""

    name = "never"

    async def answer(self, _: ModelRequest) -> AsyncIterator[Words | Completion]:
        """Wait."""
        await asyncio.Event().wait()
        yield Completion("")


def rows(split: str) -> list[dict[str, str]]:
    """Return the queries of a split."""
    found = [json.loads(line) for line in QUERIES.read_text(encoding="utf-8").splitlines()]
    return [row for row in found if row["split"] == split]


class House:
    """A host in this process.

    Args:
        directory: where it keeps its state.
    """

    def __init__(self, directory: str) -> None:
        os.environ["XDG_STATE_HOME"] = directory
        self.config: Config = with_secrets(load_config(None, {"XDG_STATE_HOME": directory}))
        labels = sorted({row["label"] for row in rows("train")})
        agents: list[AgentBase] = [
            Desk(label, [row["query"] for row in rows("train") if row["label"] == label][:20]) for label in labels
        ]
        agents += [
            Hanging("hanging", "/hanging"),
            Router("front", labels, clarify=False),
            Parallel("three", labels[:3], synthesis="rule"),
            Parallel("gap", [*labels[:2], "hanging"], seconds=0.25, synthesis="rule"),
        ]
        built = tuple(
            Built.in_code(agent.name, agent, AgentConfig(model="never" if agent.name == "hanging" else None))
            for agent in agents
        )
        self.plan = make_plan(self.config, load_for_program(self.config, built))
        self.runtime = make_runtime(self.config)
        self.runtime.give_state(self.plan)
        self.conversations = Conversations(self.runtime, ToolCaller(self.runtime.metrics))
        self.teams = self.conversations.teams

    def with_model(self, seconds: float) -> HostPlan:
        """Return the plan with a model that takes this long."""
        models = Models({"offline": Instant(seconds), "never": Never()}, "offline")
        return attrs.evolve(self.plan, models=_all_offline(models))

    async def turn(self, plan: HostPlan, agent: str, text: str, conversation: str) -> float:
        """Return the duration of one turn, in seconds."""
        found = next(each for each in plan.agents if each.key == agent)
        began = time.perf_counter()
        await self.teams.reply(plan, found, Turn(conversation, text), self.teams.budget(60))
        return time.perf_counter() - began


def _all_offline(models: Models) -> Models:
    """Return the same models, which then neither classify nor combine."""
    for model in models.made.values():
        model.offline = True  # type: ignore[attr-defined]
    return models


async def median(run: Callable[[int], Awaitable[float]]) -> float:
    """Return the median of many runs, in milliseconds, after a warm-up."""
    for number in range(20):
        await run(-number - 1)
    return 1000 * statistics.median([await run(number) for number in range(TURNS)])


async def at_once(house: House, plan: HostPlan, conversations: list[tuple[str, str, str]]) -> tuple[float, float]:
    """Measure concurrent conversations of several turns each.

    Returns:
        The duration as a multiple of the model's alone, and the CPU time of a turn, in milliseconds.
    """

    async def talk(agent: str, text: str, conversation: str) -> None:
        for _ in range(ROUNDS):
            await house.turn(plan, agent, text, conversation)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(talk(*each) for each in conversations))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return seconds / (ROUNDS * MODEL_SECONDS), 1000 * cpu / ROUNDS / len(conversations)


async def measure(house: House) -> dict[str, float]:
    """Return all figures."""
    texts = [row["query"] for row in rows("test")]
    plan = house.with_model(0.0)
    agent = "support"
    async with house.runtime.state.opened():
        direct = await median(lambda n: house.turn(plan, agent, texts[n % len(texts)], f"d{n}"))
        routed = await median(lambda n: house.turn(plan, "front", texts[n % len(texts)], f"r{n}"))
        stays = await median(lambda n: house.turn(plan, "front", texts[n % len(texts)], "same"))
        three = await median(lambda n: house.turn(plan, "three", texts[n % len(texts)], f"p{n}"))
        gap = [await house.turn(plan, "gap", texts[0], f"g{n}") for n in range(5)]
        slow = house.with_model(MODEL_SECONDS)
        figures = {
            "direct_ms": direct,
            "router_overhead_ms": routed - direct,
            "router_overhead_known_conversation_ms": stays - direct,
            "parallel_of_three_overhead_ms": three - direct,
            "hanging_branch_late_ms": 1000 * (max(gap) - 0.25),
        }
        for name, said in (("agent", agent), ("router", "front")):
            conversations = [(said, texts[n % len(texts)], f"c{said}{n}") for n in range(CONVERSATIONS)]
            found = [await at_once(house, slow, conversations) for _ in range(REPEATS)]
            figures[f"{CONVERSATIONS}_conversations_{name}_times_ideal"] = min(wall for wall, _ in found)
            figures[f"{CONVERSATIONS}_conversations_{name}_cpu_ms_a_turn"] = min(cpu for _, cpu in found)
    return figures


def main() -> int:
    """Measure and print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(measure(House(directory)))
    sys.stdout.write(json.dumps({name: round(value, 3) for name, value in figures.items()}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
