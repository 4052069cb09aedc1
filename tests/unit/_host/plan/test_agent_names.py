"""Lookup of agents by name."""

from __future__ import annotations

import pytest

from agenthost._host.plan.agent_names import by_name


@pytest.mark.parametrize(
    ("agents", "known"),
    [
        ([], {}),
        ([("sales", "Sales", 1)], {"sales": 1, "Sales": 1}),
        ([("sales", "Sales", 1), ("sales-eu", "Sales", 2)], {"sales": 1, "sales-eu": 2}),
        ([("sales", "support", 1), ("support", "help", 2)], {"sales": 1, "support": 2, "help": 2}),
        ([("a:desk", "desk", 1), ("b:desk", "desk", 2), ("c", "desk", 3)], {"a:desk": 1, "b:desk": 2, "c": 3}),
    ],
    ids=["nobody", "one", "shared", "key-first", "three"],
)
def test_who_is_meant(agents, known):
    """An agent is found by its key or by its name.

    The name must be unique and must not be another agent's key.
    """
    assert known == by_name(agents)
