"""The cost of a turn in text, in conversations of different ages."""

from __future__ import annotations

import asyncio
import os
import time
from statistics import median
from typing import TYPE_CHECKING

import attrs
from report import Figure

from agenthost import AgentBase
from agenthost._host.calls.tool_caller import ToolCaller
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import AgentConfig
from agenthost._host.identity.asking import Asking
from agenthost._host.identity.turn_identity import Identity
from agenthost._host.identity.turns import Turns
from agenthost._host.packages.stages import Built
from agenthost._host.plan.chosen_models import Models
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.start import make_runtime, with_secrets
from agenthost._host.text.conversations import Conversations
from agenthost.conversation.models import Completion, ToolUse, Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from agenthost.conversation.models import ModelRequest
    from agenthost.conversation.turns import Event

__all__ = ["measure_turns"]

OLD, YOUNG = 1000, 10
"""Turns of an old and of a young conversation."""
HISTORY = 16
"""Messages that the model receives, fewer than a young conversation has."""
ROUNDS = 60


class Instant:
    """A model that calls a tool, and then answers."""

    name = "instant"

    async def answer(self, request: ModelRequest) -> AsyncIterator[Words | Completion]:
        """Call the tool, or answer after its result."""
        if request.messages[-1].role != "tool":
            yield Completion("", (ToolUse("call_1", "get_balance", '{"account": "1"}'),))
            return
        yield Words("It is 12 dollars.")
        yield Completion("It is 12 dollars.")


class Bank(AgentBase):
    """An agent with a tool."""

    @AgentBase.tool
    async def get_balance(self, account: str) -> str:
        """Get the balance of an account.

        Args:
            account: The account
        """
        return f"12 dollars on {account}"


class Host:
    """A host in this process, with its state in SQLite.

    Args:
        directory: where it keeps its state.
    """

    def __init__(self, directory: Path) -> None:
        os.environ["XDG_STATE_HOME"] = str(directory)
        config = with_secrets(load_config(None, {"XDG_STATE_HOME": str(directory)}))
        config = attrs.evolve(config, conversation=attrs.evolve(config.conversation, history=HISTORY))
        built = (Built.in_code("bank", Bank("bank", "/bank"), AgentConfig()),)
        plan = make_plan(config, load_for_program(config, built))
        self.plan = attrs.evolve(plan, models=Models({"offline": Instant()}, "offline"))
        self.runtime = make_runtime(config)
        self.runtime.give_state(self.plan)
        self.turns = Turns(self.runtime, Conversations(self.runtime, ToolCaller(self.runtime.metrics)))
        self.number = 0

    async def turn(self, conversation: str) -> float:
        """Return the CPU time of one turn, in seconds."""
        self.number += 1
        asking = Asking(agent="bank", conversation=conversation, text=f"What is the balance? {self.number}")
        began = time.process_time()
        turn = await self.turns.take(self.plan, asking, Identity(f"print {self.number}"))
        await turn.reply(_ignored)
        return time.process_time() - began

    async def stored(self) -> int:
        """Return the size of all entries of the store, in bytes."""
        entries = self.runtime.state
        cursor, size = b"", 0
        while True:
            keys, cursor = await entries.page(b"", cursor, 500)
            for key in keys:
                entry = await entries.read(key)
                size += len(key) + (len(entry.value) if entry is not None else 0)
            if not cursor:
                return size


def measure_turns(directory: Path) -> Iterable[Figure]:
    """Measure turns, which take turns with each other.

    Args:
        directory: an empty one to work in.
    """
    return asyncio.run(_measured(Host(directory)))


async def _measured(host: Host) -> list[Figure]:
    async with host.runtime.state.opened():
        sizes = []
        for _ in range(2):
            for _ in range(OLD // 2):
                await host.turn("old")
            sizes.append(await host.stored())
        young = [f"young {number}".replace(" ", "-") for number in range(ROUNDS)]
        for conversation in young:
            for _ in range(YOUNG):
                await host.turn(conversation)
        taken = [(await host.turn("old"), await host.turn(conversation)) for conversation in young]
    old, new = (1e3 * median(each) for each in zip(*taken, strict=True))
    ratio = median(mine / theirs for mine, theirs in taken)
    first, second = sizes[0], sizes[1] - sizes[0]
    return [
        Figure(
            f"turn with a tool, in a conversation of {OLD} turns",
            f"{old:.2f} ms",
            f"of {YOUNG} turns: {new:.2f} ms",
            ratio,
            most=1.5,
        ),
        Figure(
            f"state that a turn adds, second {OLD // 2} turns of a conversation",
            f"{second / (OLD // 2):.0f} bytes",
            f"first {OLD // 2}: {first / (OLD // 2):.0f} bytes",
            second / first,
            most=1.2,
        ),
    ]


def _ignored(_: Event) -> None:
    """Ignore an event."""
