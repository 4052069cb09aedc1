"""Texts of data maps."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from agenthost.testing.platform.datamap.templates import expand_in

ROOT = {
    "args": {"City": "Köln am Rhein", "n": 2.5, "phone": "5551234567"},
    "array": [{"x": 1}, {"x": [True, None]}],
    "input": {"args": {"city": "Bonn"}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${args.city}", "Köln am Rhein"),
        ("${lc:args.city}", "köln am rhein"),
        ("${enc:args.city}", "K%C3%B6ln%20am%20Rhein"),
        ("${lc:enc:args.city}", "k%C3%B6ln%20am%20rhein"),
        ("${array[0].x} ${input.args.city}", "1 Bonn"),
        ("${array[-1].x}", "[true, null]"),
        ("${array[7].x}${nope}${args.city.deeper}", ""),
        ("${args.n}", "2.500000"),
        ("@{fmt_ph ${args.phone}}", "(555) 123-4567"),
        ("@{separate abc}", "a b c"),
        ("@{expr 2 * 21}", "42"),
        ("@{expr 1 / 0}", ""),
        ("@{echo @{expr 1 + 1}}", "2"),
        ("@{strftime_tz UTC %Y}", "2026"),
        ("@{unknown x}", ""),
    ],
)
def test_names_prefixes_and_helpers(text, value):
    assert expand_in(text, ROOT) == value


@given(st.text(alphabet="${}@[]:.args0-enc ", max_size=40))
def test_any_text_is_expanded(text):
    assert isinstance(expand_in(text, ROOT), str)
