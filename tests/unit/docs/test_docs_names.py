"""Every public name has an entry with signature, meaning and an example."""

from __future__ import annotations

import re

import pytest
import site_names
from pages import DOCS

import agenthost
from agenthost import testing

PAGES = {name: (site_names.FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in site_names.PAGES}
NAMES = [(page, name) for page, (_, names) in site_names.PAGES.items() for name in names.split()]


def sections(page):
    """Yield the second-level sections of a page, by name."""
    _, *parts = re.split(r"^## (\w+)$", PAGES[page], flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_public_name_is_on_one_page():
    assert sorted(name for _, name in NAMES) == sorted([*agenthost.__all__, *testing.__all__])
    assert {path.stem for path in site_names.FOLDER.glob("*.md")} - {"index"} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_code_says(page):
    """``python website/site_names.py`` writes the pages."""
    text = PAGES[page]

    assert site_names.render(*site_names.PAGES[page], site_names.examples(text)) == text


@pytest.mark.parametrize(("page", "name"), NAMES, ids=[name for _, name in NAMES])
def test_an_example_uses_the_name_and_each_of_its_members(page, name):
    """An example beside the class counts for its members."""
    section = sections(page)[name]
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))
    members = re.findall(rf"^### {name}\.(\w+)$", section, re.MULTILINE)

    assert re.search(rf"\b{name}\b", code)
    assert [member for member in members if not re.search(rf"\b{member}\b", code)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_entry_has_a_meaning(page):
    """Something other than a signature or an example follows each heading."""
    _, *parts = re.split(r"^##+ ([\w.]+)$", PAGES[page], flags=re.MULTILINE)
    entries = dict(zip(parts[::2], parts[1::2], strict=True))

    assert [name for name, text in entries.items() if not re.search(r"^```$\n\n[A-Z`]", text, re.MULTILINE)] == []


def test_the_index_lists_the_pages():
    index = (site_names.FOLDER / "index.md").read_text(encoding="utf-8")

    assert {f"({name}.md)" for name in PAGES} <= set(re.findall(r"\([\w-]+\.md\)", index))
    assert "(names/index.md)" in (DOCS / "reference" / "index.md").read_text(encoding="utf-8")
