"""The skill answers callers, with sources, on a host and from a package."""

from __future__ import annotations

import pytest
from agenthost_search.skill import SearchSkill

from agenthost import AgentBase, DefinitionError
from agenthost.testing import SkillContract


class TestSearch(SkillContract):
    @pytest.fixture
    def skill(self):
        return SearchSkill

    @pytest.fixture
    def params(self, file):
        return {"index": str(file), "tags": ("cinema",)}


@pytest.fixture
def agent():
    made = AgentBase("desk", "/desk")
    made.prompt_add_section("Role", "You answer for a cinema.")
    return made


def test_a_caller_gets_passages_with_their_sources(agent, file, agenthost_host):
    agent.add_skill("search", {"index": str(file), "tool_name": "ask_cinema", "count": 1})
    call = agenthost_host.add(agent).call("/desk")

    assert "Use ask_cinema before you state a fact" in call.prompt
    answer = call.tool("ask_cinema", query="How do I get a refund?").response
    assert answer == (
        "[1] tickets.md: Tickets > Refunds, line 7:\nA ticket is refunded until one hour before the film."
    )
    assert "has nothing about this" in call.tool("ask_cinema", query="Do you sell cars?").response
    assert call.tool("ask_cinema", query='"" AND (NEAR *').response
    call.expect.no_findings()


def test_an_agent_may_have_two_knowledge_bases(agent, file):
    agent.add_skill("search", {"index": str(file)})
    agent.add_skill("search", {"index": str(file), "prefix": "staff"})

    names = [each["function"] for each in agent.define_tools()]
    assert names == ["search_knowledge", "staff_search_knowledge"]


def test_an_index_that_is_missing_stops_the_agent(agent, tmp_path):
    with pytest.raises(DefinitionError, match=r"x\.sqlite: there is no such index\. fix: agenthost index FOLDER"):
        agent.add_skill("search", {"index": str(tmp_path / "x.sqlite")})


@pytest.mark.parametrize("params", [{}, {"index": ""}, {"index": "x", "count": 0}, {"index": "x", "timeout": 0}])
def test_settings_that_cannot_work_are_rejected(agent, params):
    with pytest.raises(DefinitionError, match="agenthost-search"):
        agent.add_skill("search", params)
