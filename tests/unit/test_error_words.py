"""Exceptions in words: whatever a package raises is one clean, short line."""

from __future__ import annotations

import importlib
import unicodedata

import pytest
from hypothesis import given, strategies as st

from agenthost._error_words import MOST, author_traceback, did_you_mean, message_of, near_name, one_line, summary_of


class UnspeakableError(Exception):
    def __str__(self):
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no such day", "no such day"),
        ("two\nlines\r\n  and\tan indent ", "two lines and an indent"),
        ("\x1b[2J\x1b]0;title\x07 gone\x9b1m", r"\u001b[2J\u001b]0;title\u0007 gone\u009b1m"),
        ("user \u202egnp.exe\u202c \u2066here\u2069", r"user \u202egnp.exe\u202c \u2066here\u2069"),
        ("next\u2028line\u2029and\x85more\x00", r"next line and more\u0000"),
        ("half a pair \ud800", r"half a pair \ud800"),
        ("größer, 予約, 👩\u200d🚀", "größer, 予約, 👩\u200d🚀"),
    ],
)
def test_what_moves_a_cursor_or_forges_a_line_is_gone(text, expected):
    assert message_of(ValueError(text)) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no\nday"), "ValueError: no day"),
        (KeyError("day"), "KeyError: 'day'"),
        (ValueError(), "ValueError"),
        (ValueError(" \n"), "ValueError"),
        (UnspeakableError(), "UnspeakableError: (its words cannot be read)"),
        (type("Forged\nError", (Exception,), {})("x"), "Forged Error: x"),
    ],
)
def test_a_summary_begins_with_the_class(error, expected):
    assert summary_of(error) == expected


def test_what_is_cut_off_ends_with_an_ellipsis():
    assert one_line("word " * 10, 12) == "word word w…"
    assert one_line(f"word{' ' * 10_000}word", 12) == "word…"
    assert one_line("x" * 12, 12) == "x" * 12


@given(st.text(), st.integers(1, MOST))
def test_the_line_moves_nothing_and_is_bounded(text, most):
    line = one_line(text, most)

    assert len(line) <= most
    assert not {unicodedata.category(each) for each in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(each) for each in line} & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}


def test_the_length_of_the_text_costs_nothing():
    assert one_line("x" * 10_000_000).endswith("x…")


def test_a_traceback_has_the_frames_of_the_author_alone(tmp_path, monkeypatch):
    """Frames of the standard library, of agenthost and of other packages are left out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.py").write_text("import json\n\n\ndef price(text):\n    return json.loads(text)\n")
    code = compile((tmp_path / "shop.py").read_text(), str(tmp_path / "shop.py"), "exec")
    names: dict = {}
    exec(code, names)  # noqa: S102 - an author's file
    with pytest.raises(ValueError, match="Expecting") as raised:
        names["price"]("{")
    told = author_traceback(raised.value).splitlines()

    assert [line.partition(", ")[0] for line in told if line.startswith("  File")] == [
        f'  File "{__file__}"',
        '  File "shop.py"',
    ]
    assert "    return json.loads(text)" in told
    assert told[-1].startswith("json.decoder.JSONDecodeError: Expecting property name")


def test_a_traceback_of_a_syntax_error_shows_its_line():
    with pytest.raises(SyntaxError) as raised:
        compile("class Shop(:", "shop.py", "exec")
    told = author_traceback(raised.value).splitlines()

    assert told[-4:-1] == ['  File "shop.py", line 1', "    class Shop(:", "               ^"]
    assert told[-1] == "SyntaxError: invalid syntax"


@pytest.mark.parametrize(
    ("name", "question"),
    [("renwe", "Did you mean renew? "), ("Order", "Did you mean order? "), ("xyzzy", ""), ("", "")],
)
def test_the_nearest_name_is_suggested(name, question):
    """A sentence can follow, and nothing is suggested that is far away."""
    assert did_you_mean(name, iter(["order", "renew", "return"])) == question


@pytest.mark.parametrize(("package", "question"), [(False, ""), (True, ". Did you mean florist_of_tests?")])
def test_a_file_is_not_suggested_to_itself(tmp_path, monkeypatch, package, question):
    """A package may import its own parts."""
    file = tmp_path / "florist_of_tests" / "__init__.py" if package else tmp_path / "florist_of_tests.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text("import florst_of_tests\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError) as raised:
        importlib.import_module("florist_of_tests")

    assert near_name(raised.value) == question


class Secretive:
    def __dir__(self):
        raise SystemError("nothing to see")


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("no", name="price", obj=Secretive()),
        TypeError("len() got an unexpected keyword argument 'x'"),
        NameError("no", name="qqqqqq"),
        UnspeakableError(),
    ],
    ids=["__dir__ raises", "no signature", "no frame", "no words"],
)
def test_whatever_an_exception_is_it_is_explained(error):
    """A diagnosis never raises."""
    assert near_name(error) == ""
    assert author_traceback(error)


def test_a_traceback_has_an_end():
    assert len(author_traceback(ValueError("a" * 100_000))) < 10_000
