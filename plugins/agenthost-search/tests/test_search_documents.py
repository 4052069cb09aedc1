"""Documents are split at headings and paragraphs, and nothing of them is lost."""

from __future__ import annotations

import re

import pytest
from agenthost_search.documents import SUFFIXES, passages_of
from hypothesis import given, strategies as st

MARKDOWN = """\
Welcome.

# Prices

Nine euros.

```sh
# not a heading
```

## Groups
Ten people pay for nine.
Late
----
After midnight: six euros.
# Contact #
Write to us.
"""


def shown(passages):
    return [(each.section, each.first_line, each.last_line, each.content) for each in passages]


def test_markdown_has_a_passage_for_each_section():
    assert shown(passages_of(MARKDOWN, "a.md", 1000)) == [
        ("", 1, 1, "Welcome."),
        ("Prices", 5, 9, "Nine euros.\n\n```sh\n# not a heading\n```"),
        ("Prices > Groups", 12, 15, "Ten people pay for nine.\nLate\n----\nAfter midnight: six euros."),
        ("Contact", 17, 17, "Write to us."),
    ]


def test_underlined_titles_are_headings():
    text = "Prices\n======\n\nNine euros.\n\nGroups\n------\n\nTen pay for nine.\n"

    for suffix in (".md", ".rst"):
        assert [each.section for each in passages_of(text, "a", 1000, suffix)] == ["Prices", "Prices > Groups"]


def test_restructured_text_may_have_a_line_above_a_title():
    text = "======\nPrices\n======\n\nNine euros.\n"

    assert shown(passages_of(text, "a.rst", 1000, ".rst")) == [("Prices", 5, 5, "Nine euros.")]


def test_html_is_read_without_scripts():
    text = "<h1>Prices</h1><script>var x = 1;</script>\n<p>Nine\neuros &amp; more.</p><ul><li>Ten pay for nine</ul>"

    [passage] = passages_of(text, "a.html", 1000, ".html")
    assert (passage.section, passage.content) == ("Prices", "Nine euros & more.\n\nTen pay for nine")


def test_a_long_paragraph_is_split_at_sentences():
    text = "First sentence here. Second sentence here. Third sentence here."

    parts = [each.content for each in passages_of(text, "a.txt", 45, ".txt")]
    assert parts == ["First sentence here. Second sentence here.", "Third sentence here."]


def test_sources_name_document_section_and_lines():
    first, second, *_ = passages_of(MARKDOWN, "a.md", 1000)

    assert first.source == "a.md, line 1"
    assert second.source == "a.md: Prices, lines 5-9"


@pytest.mark.parametrize("suffix", sorted(set(SUFFIXES) - {".html", ".htm"}))
@given(lines=st.lists(st.text("ab #=-`.<é\t", max_size=60), max_size=12), size=st.integers(100, 300))
def test_passages_are_bounded_and_complete(suffix, lines, size):
    """No passage is longer than the size, and no word of the text is lost."""
    text = "\n".join(lines)
    passages = list(passages_of(text, "a", size, suffix))
    kept = " ".join(f"{each.section} {each.content}" for each in passages)

    assert all(0 < len(each.content) <= size for each in passages)
    assert all(1 <= each.first_line <= each.last_line <= len(text.splitlines()) for each in passages)
    assert [each.first_line for each in passages] == sorted(each.first_line for each in passages)
    if not re.search(r"[#=\-`]", text):
        assert kept.split() == text.split()
