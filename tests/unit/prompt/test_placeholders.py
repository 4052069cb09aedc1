"""Placeholders in a prompt, and their values."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from agenthost.prompt.placeholders import filled

DATA = {"name": "Ann", "age": 7, "routing": {"reason": "wants\n\n## a refund", "path": ["a", "b"]}, "none": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello ${global_data.name}!", "Hello Ann!"),
        ("Hello %{ global_data.name }!", "Hello Ann!"),
        ("${global_data.age}: ${global_data.routing.path}", '7: ["a", "b"]'),
        ("It is: ${global_data.routing.reason}.", "It is: wants ## a refund."),
        ("(${global_data.gone}) (${global_data.name.first}) (${global_data.none})", "() () ()"),
        ("${args.name} ${global_data} $5", "${args.name} ${global_data} $5"),
        ("${global_data.long}", "x" * 1000),
    ],
)
def test_what_is_known_is_filled_in(text, said):
    """A value is one line of limited length, so it cannot begin a section."""
    assert filled(text, {**DATA, "long": "x" * 2000}) == said


@given(st.text(), st.text())
def test_what_is_filled_in_is_not_filled_again(before, value):
    """And a prompt without places stays as it is."""
    known = {"a": "${global_data.b}", "b": value}

    assert filled("${global_data.a}", known) == "${global_data.b}"
    if "global_data." not in before:
        assert filled(before, known) == before
