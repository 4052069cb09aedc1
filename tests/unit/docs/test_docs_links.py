"""Links between pages lead somewhere."""

from __future__ import annotations

import re

import pytest
from pages import DOCS, PAGES, ROOT, blocks, prose, title

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page):
    """The anchors that a page's headings get: lower case, no punctuation, spaces as hyphens."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_relative_links_lead_to_a_file_and_a_heading(page):
    dead = []
    for link in _LINK.findall(prose(page)):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(link)

    assert dead == []


@pytest.mark.parametrize("part", ["how-to", "reference", "explanation"])
def test_each_index_leads_to_every_page_beside_it(part):
    index = DOCS / part / "index.md"
    linked = set(_LINK.findall(prose(index)))

    assert {page.name for page in index.parent.glob("*.md")} - {"index.md"} <= linked


def test_no_page_is_about_one_machine():
    """Neither paths of whoever wrote a page, nor secrets that look real."""
    private = re.compile(r"/(?:tmp|work|root|home)/|[0-9a-zA-Z]{32}")
    found = {title(page): private.findall(page.read_text(encoding="utf-8")) for page in PAGES}

    assert {page: hits for page, hits in found.items() if hits} == {}


def test_words_that_the_glossary_replaces():
    """One word for one thing."""
    others = re.compile(r"\b(?:addons?|extensions?|bots?|heartbeats?)\b", re.IGNORECASE)
    found = {title(page): others.findall(prose(page)) for page in PAGES}

    assert {page: words for page, words in found.items() if words} == {}


def test_the_glossary_is_sorted():
    words = re.findall(r"^\*\*([^*]+)\*\*", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert words == sorted(words, key=str.casefold)


def test_the_readme_is_read_in_two_minutes():
    """It has an agent in 15 lines, and two commands."""
    readme = ROOT / "README.md"
    [agent] = blocks(readme, "python")

    assert len(prose(readme).split()) <= 480
    assert len([line for line in agent.text.splitlines() if line.strip()]) <= 17
    assert sum(block.text.count("$ ") for block in blocks(readme, "console")) == 2
