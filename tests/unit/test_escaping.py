"""Escaping: text that people read cannot move a cursor or imitate other lines."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given, strategies as st

from agenthost._escaping import escaped

# What scripts need inside words, or show: joiners, and signs that stand before numbers.
VISIBLE = {"\u200c", "\u200d", "\u06dd", "\u070f", "\u08e2", "\u0890", "\u0891"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[2J", "\\u001b[2J"),
        ("\x1b]0;title\x07", "\\u001b]0;title\\u0007"),
        ("\x9b2J", "\\u009b2J"),
        ("one\ntwo\r\nthree\tfour", "one\\ntwo\\r\\nthree\\tfour"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("line\u2028separator", "line\\u2028separator"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("\udc80", "\\udc80"),
        ("ah\u200d\U0001f469 \u00a0\u202f fine", "ah\u200d\U0001f469 \u00a0\u202f fine"),
        ("C:\\new", "C:\\new"),
    ],
)
def test_shows_what_cannot_be_shown(text, shown):
    assert escaped(text) == shown


def test_keeps_what_it_is_told_to():
    assert escaped("one\n\ttwo\x1b", keep="\n\t") == "one\n\ttwo\\u001b"


def test_leaves_nothing_that_a_terminal_acts_on():
    """All controls, line ends and format characters of Unicode are escaped.

    Characters that scripts need are not.
    """
    unsafe = {
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    left = {each for each in unsafe if escaped(each) == each} - VISIBLE

    assert all(unicodedata.name(each).startswith(WITH_SIGNS) for each in left)


WITH_SIGNS = ("ARABIC ", "KAITHI NUMBER", "SHORTHAND FORMAT", "EGYPTIAN HIEROGLYPH")


@given(st.text())
def test_twice_is_once(text):
    assert escaped(escaped(text)) == escaped(text)


@given(st.dictionaries(st.text(), st.text()))
def test_json_stays_what_it_says(value):
    written = json.dumps(value, ensure_ascii=False)

    assert json.loads(escaped(written)) == json.loads(written)
