"""Agents whose code uses shared state, found without running it."""

import json
from functools import partial

import pytest
from hypothesis import given, strategies as st

from agenthost import AgentBase, Call
from agenthost.agent.state_use import may_use_state


class Plain(AgentBase):
    """Uses none."""

    @AgentBase.tool
    def hours(self, day: str) -> str:
        """Say the hours."""
        return json.dumps({"statement": day})


class Counting(Plain):
    """Uses its own state."""

    @AgentBase.tool
    async def count(self) -> int:
        """Count."""
        return await self.state.incr("calls")


class Inheriting(Counting):
    """Uses that of its parent."""


class Indirect(Plain):
    """Uses state in a function of the module."""

    @AgentBase.tool
    async def count(self, call: Call) -> int:
        """Count."""
        return await step_one(call)


class Nested(Plain):
    """Uses state in a function inside a method."""

    @AgentBase.tool
    async def keep(self, call: Call) -> str:
        """Keep."""

        async def inner():
            return await call.state.get("x")

        return await inner()


class Lasting(Plain):
    """Uses state in a property."""

    @property
    def known(self):
        return self.state


async def step_one(call):
    return await step_two(call)


async def step_two(call):
    return await call.state.incr("turns")


class Book:
    """Keeps something for an agent."""

    def __init__(self, agent):
        self.agent = agent

    async def handle(self, args):
        return await self.agent.state.get("page")


def with_tool(handler):
    agent = Plain("desk", "/desk")
    agent.define_tool("more", "More", {}, handler)
    return agent


def per_call():
    agent = Plain("desk", "/desk")
    agent.add_per_call_config(lambda query, body, headers, made: made.state)
    return agent


def recursive(args):
    return recursive(args) or mutual(args)


def mutual(args):
    return recursive(args)


@pytest.mark.parametrize(
    ("agent", "uses"),
    [
        (Plain("desk", "/desk"), False),
        (AgentBase("desk", "/desk"), False),
        (with_tool(recursive), False),
        (with_tool(lambda args: args), False),
        (Counting("desk", "/desk"), True),
        (Inheriting("desk", "/desk"), True),
        (Indirect("desk", "/desk"), True),
        (Nested("desk", "/desk"), True),
        (Lasting("desk", "/desk"), True),
        (AgentBase("desk", "/desk", shared_state=("customers",)), True),
        (with_tool(Book(Plain("other", "/other")).handle), True),
        (with_tool(partial(step_one, None)), True),
        (per_call(), True),
    ],
)
def test_what_reaches_a_store(agent, uses):
    assert may_use_state(agent) is uses


@given(st.integers(0, 40), st.booleans())
def test_a_chain_of_functions_is_followed(length, uses):
    names = [f"f{number}" for number in range(length)]
    body = "call.state" if uses else "call.id"
    links = zip(names, [*names[1:], "last"], strict=False)
    source = "".join(f"def {name}(call):\n    return {following}(call)\n" for name, following in links)
    made = {"__name__": "acme"}
    exec(f"{source}def last(call):\n    return {body}\n", made)  # noqa: S102 - written above

    assert may_use_state(with_tool(made[names[0] if names else "last"])) is uses
