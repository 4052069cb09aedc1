"""Expressions of documents."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from agenthost.testing.platform.swml.expressions import expand, resolve_in
from agenthost.testing.platform.swml.javascript import ScriptError, as_text, evaluate, truthy

SCOPE = {"x": 3, "name": "Ann", "list": [1, 2], "call": {"from": "+1", "to": None}, "yes": True}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("x > 2 && name == 'Ann'", True),
        ("x === '3'", False),
        ("x == '3'", True),
        ("!call.to ? 'none' : call.to", "none"),
        ("call.from + '!'", "+1!"),
        ("list[1]", 2),
        ("list.length", 2),
        ("name.toLowerCase().includes('nn')", True),
        ("call.to ?? 'x'", "x"),
        ("missing || 0", 0),
        ("-x % 2", -1),
        ("'a' < 'b'", True),
        ("parseInt('4') + 1", 5),
        ("name.slice(1)", "nn"),
    ],
)
def test_operators_members_and_methods(source, value):
    assert evaluate(source, SCOPE.get) == value


@pytest.mark.parametrize(
    "source",
    ["1 +", "(", "a b", "function() {}", "x => x", "name.repeat(9)", "'open", "x.", "[1", "((" * 50, "1" * 5000],
)
def test_everything_else_is_refused(source):
    with pytest.raises(ScriptError):
        evaluate(source, SCOPE.get)


def test_division_by_zero_is_not_a_number():
    assert math.isnan(evaluate("1 / 0", SCOPE.get))


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (True, "true"), (None, ""), ([1, "a"], "1,a"), ({}, "[object Object]")]
)
def test_values_are_printed_as_in_javascript(value, text):
    assert as_text(value) == text


def test_empty_lists_are_true():
    assert truthy([])
    assert not truthy("")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${x}", 3),
        ("%{x}", 3),
        ("x is ${x}, %{call.from}", "x is 3, +1"),
        ("${list}", [1, 2]),
        ("list ${list}", "list [1, 2]"),
        ("${x > 2 ? 'big' : 'small'}", "big"),
        ("${missing.at[3]}", ""),
        ("${list[-1]}", 2),
        ("$x {x} ${open", "$x {x} ${open"),
    ],
)
def test_variables_in_texts(text, value):
    assert expand(text, resolve_in(SCOPE.get)) == value


@given(st.text(alphabet="x1+-*/()[].?:'\"<>=!&| ${}name", max_size=40))
def test_a_text_is_expanded_or_refused(text):
    with suppress(ScriptError):
        expand(text, resolve_in(SCOPE.get))
