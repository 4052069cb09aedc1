"""Each claim is on one page, and others link to it."""

from __future__ import annotations

import re
from collections import defaultdict

from pages import DOCS, prose, title

_FEWEST_WORDS = 9
_GENERATED = re.compile(r"docs/(how-to/connect-|reference/names/)")
"""Pages that are written from programs and docstrings."""


def sentences(page):
    """Yield the longer sentences of a page, without tables and lists of links."""
    for paragraph in re.split(r"\n\s*\n", prose(page)):
        text = " ".join(paragraph.split())
        if text.startswith("|"):
            continue
        for sentence in re.split(r"(?<=[.:])\s+(?=[A-Z`\[])", re.sub(r"^(?:[-*]|\d+\.) ", "", text)):
            without_links = re.sub(r"\[[^\]]*\]\([^)]*\)", "", sentence)
            if len(without_links.split()) >= _FEWEST_WORDS:
                yield sentence


def test_no_sentence_is_on_two_pages():
    found = defaultdict(set)
    for page in DOCS.rglob("*.md"):
        if not _GENERATED.match(title(page)):
            for sentence in sentences(page):
                found[sentence].add(title(page))

    assert len(found) > 1500
    assert {sentence: sorted(pages) for sentence, pages in found.items() if len(pages) > 1} == {}
