"""Sections: other prompts below them, one section, and YAML."""

from __future__ import annotations

import sys

import pytest

from agenthost.errors import DefinitionError
from agenthost.prompt import PromptSections


def test_a_prompt_below_a_section_of_another():
    other = PromptSections()
    other.add_section("Hours", "9 to 5")
    sections = PromptSections()
    sections.add_section("Shop", "Flowers", numberedBullets=True)
    sections.add_pom_as_subsection("Shop", other)

    assert sections.to_dict()[0]["subsections"] == [{"title": "Hours", "body": "9 to 5"}]
    with pytest.raises(DefinitionError, match="the prompt has no section 'Nowhere'"):
        sections.add_pom_as_subsection("Nowhere", other)


def test_one_section_is_read_as_a_list_of_one():
    assert PromptSections.from_json({"title": "A", "body": "b"}).to_dict() == [{"title": "A", "body": "b"}]


def test_yaml_needs_pyyaml(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)

    with pytest.raises(DefinitionError, match="fix: pip install pyyaml"):
        PromptSections.from_yaml("- title: A")


def test_text_among_subsections_is_a_bullet(caplog):
    """SignalWire's SDK loses it."""
    sections = PromptSections()
    sections.add_section("Tools", subsections=["search", {"title": "More", "body": "x"}])

    assert sections.to_dict()[0]["bullets"] == ["search"]
    assert "fix: pass it in bullets" in caplog.text
