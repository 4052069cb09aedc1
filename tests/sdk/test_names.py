"""Every public name of the SDK has a state, and the page lists them all."""

from __future__ import annotations

import names
import pytest

from agenthost import DefinitionError, PromptObjectModel


def test_every_name_has_a_state():
    """A name is here, or has a replacement."""
    assert [(each.owner, each.name) for each in names.names() if not each.state] == []


def test_no_replacement_is_for_a_name_that_is_here():
    tables = {"AgentBase": names.OF_AGENTS, "AgentServer": names.OF_SERVERS, "": names.OF_THE_PACKAGE}
    here = {(each.owner, each.name) for each in names.names() if each.state == names.HERE}
    here |= {("", name.rpartition(".")[2]) for owner, name in here if owner == "names"}

    assert [(owner, name) for owner, table in tables.items() for name in table if (owner, name) in here] == []


def test_the_page_is_up_to_date():
    """``python tests/sdk/names.py`` writes it."""
    assert names.PAGE.read_text(encoding="utf-8") == names.page()


def test_prompts_in_yaml():
    """PyYAML comes with the SDK."""
    sections = PromptObjectModel()
    sections.add_section("Rôle", "You sell.", bullets=["flowers"])

    assert PromptObjectModel.from_yaml(sections.to_yaml()).to_dict() == sections.to_dict()
    with pytest.raises(DefinitionError, match="are not YAML"):
        PromptObjectModel.from_yaml("- [")
