"""The contract of skills: tests that every skill passes, as a class to inherit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from agenthost.agent.base import AgentBase
from agenthost.agent.skills import give_skill
from agenthost.testing.contracts.trying import document, functions, stable_document, try_tools
from agenthost.testing.hosts.host import HermeticHost

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from agenthost.agent.skills import Skill

__all__ = ["SkillContract"]

_ROUTE = "/holder"


class SkillContract:
    """Tests for a skill.

    Inherit them in a class called ``Test…`` with the fixture ``skill``. They need Hypothesis.
    """

    untried: ClassVar[Collection[str]] = ()
    """Names of tools that tests must not call."""

    @pytest.fixture
    def skill(self) -> type[Skill]:
        """Return the class of the skill."""
        raise NotImplementedError

    @pytest.fixture
    def params(self) -> Mapping[str, Any]:
        """Return its settings by name."""
        return {}

    @pytest.fixture
    def make_skill(self, skill: type[Skill], params: Mapping[str, Any]) -> Callable[[str], Skill]:
        """Return a function that makes the skill with a prefix."""

        def made(prefix: str) -> Skill:
            settings = skill.Settings(**params) if skill.Settings is not None else None
            found = skill(settings, prefix=prefix)
            found.setup()
            return found

        return made

    @pytest.fixture
    def host(self, make_skill: Callable[[str], Skill]) -> Iterator[HermeticHost]:
        """Return a host with an agent that has the skill twice, once with a prefix."""
        agent = AgentBase("holder", _ROUTE)
        agent.prompt_add_section("Role", "You hold skills.")
        for prefix in ("", "second"):
            give_skill(agent, f"skill_{prefix}", make_skill(prefix), skip_prompt=bool(prefix))
        with HermeticHost() as host:
            yield host.add(agent)

    def test_an_agent_may_have_it_twice(self, make_skill: Callable[[str], Skill], host: HermeticHost) -> None:
        """Every tool has the prefix, and the document describes both."""
        plain, prefixed = ([*_given(make_skill(prefix))] for prefix in ("", "second"))
        assert not set(plain) & set(prefixed), "a tool has the same name with and without the prefix"

        described = [verb["ai"].get("SWAIG", {}) for verb in document(host, _ROUTE)["sections"]["main"] if "ai" in verb]
        served = [function["function"] for swaig in described for function in swaig.get("functions", ())]
        assert sorted(served) == sorted([*plain, *prefixed])

    def test_tools_are_described(self, host: HermeticHost) -> None:
        """The model can read the purpose of every tool."""
        for function in functions(document(host, _ROUTE)):
            name, description = function["function"], function.get("description", "")
            assert description not in ("", f"Execute {name}"), f"{name} has no description. fix: write a docstring"

    def test_it_adds_something(self, make_skill: Callable[[str], Skill]) -> None:
        """It has tools, sections, hints or data, of the right types."""
        found = make_skill("")
        hints, sections, data = list(found.hints()), list(found.prompt_sections()), dict(found.global_data())

        assert _given(found) or hints or sections or data
        assert all(isinstance(hint, str) and hint.strip() for hint in hints)
        assert all(section.get("title") or section.get("body") for section in sections)

    def test_it_can_be_removed(self, make_skill: Callable[[str], Skill]) -> None:
        """Nothing of it stays in the document."""
        agent = AgentBase("holder", _ROUTE)
        agent.prompt_add_section("Role", "You hold skills.")
        before = agent.get_document()
        give_skill(agent, "skill", make_skill(""))
        agent.remove_skill("skill")

        assert agent.get_document() == before

    def test_its_resources_open_and_close(self, make_skill: Callable[[str], Skill]) -> None:
        """The lifespan can be entered again after it has ended, as after a reload."""

        async def twice() -> None:
            found = make_skill("")
            for _ in range(2):
                async with found.lifespan():
                    pass

        asyncio.run(twice())

    def test_a_call_leaves_nothing_behind(self, host: HermeticHost) -> None:
        """The document of a call is the same after tools were called in another."""
        before = stable_document(host, _ROUTE, "call-2")
        try_tools(host, _ROUTE, self._untried_of(host), fitting=True)

        assert stable_document(host, _ROUTE, "call-2") == before

    def test_arguments_that_do_not_fit_are_answered(self, host: HermeticHost) -> None:
        """No tool fails for arguments of a careless model."""
        try_tools(host, _ROUTE, self._untried_of(host), fitting=False)

    def _untried_of(self, host: HermeticHost) -> set[str]:
        names = {function["function"] for function in functions(document(host, _ROUTE))}
        return {name for name in names if name.removeprefix("second_") in self.untried}


def _given(skill: Skill) -> list[str]:
    """Return the names of the tools that a skill gives to an agent."""
    agent = AgentBase("holder", _ROUTE)
    give_skill(agent, "skill", skill)
    return [tool["function"] for tool in agent.define_tools()]
