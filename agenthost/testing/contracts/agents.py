"""The contract of agents: tests that every agent passes, as a class to inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from agenthost.testing.contracts.trying import document, functions, stable_document, try_tools
from agenthost.testing.hosts.host import HermeticHost

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from agenthost.agent.base import AgentBase

__all__ = ["AgentContract"]

_CALLER = {"caller_id_num": "+15550123", "caller_id_name": "Ann", "global_data": {"customer": "Ann"}}


class AgentContract:
    """Tests for an agent.

    Inherit them in a class called ``Test…`` with the fixture ``make_agent``. They need Hypothesis.
    """

    untried: ClassVar[Collection[str]] = ()
    """Names of tools that tests must not call."""

    @pytest.fixture
    def make_agent(self) -> Callable[[], AgentBase]:
        """Return a function that makes the agent."""
        raise NotImplementedError

    @pytest.fixture
    def others(self) -> Collection[AgentBase]:
        """Return agents to serve beside it, such as those that it hands calls over to."""
        return ()

    @pytest.fixture
    def toml(self) -> str:
        """Return the configuration of the host."""
        return ""

    @pytest.fixture
    def open_host(self, others: Collection[AgentBase], toml: str) -> Callable[[AgentBase], HermeticHost]:
        """Return a function that makes a host of an agent."""

        def opened(agent: AgentBase) -> HermeticHost:
            host = HermeticHost().config(toml)
            for each in (agent, *others):
                host.add(each)
            return host

        return opened

    @pytest.fixture
    def host(
        self, make_agent: Callable[[], AgentBase], open_host: Callable[[AgentBase], HermeticHost]
    ) -> Iterator[HermeticHost]:
        """Return a host that serves the agent."""
        with open_host(make_agent()) as host:
            yield host

    @pytest.fixture
    def route(self, host: HermeticHost) -> str:
        """Return the route of the agent."""
        return next(iter(host.routes.values()))

    def test_a_call_gets_a_prompt(self, host: HermeticHost, route: str) -> None:
        """The document has a prompt with words."""
        [ai] = [verb["ai"] for verb in document(host, route)["sections"]["main"] if "ai" in verb]

        assert any(ai["prompt"].get(part) for part in ("text", "pom", "contexts"))

    def test_tools_are_described(self, host: HermeticHost, route: str) -> None:
        """The model can read the purpose of every tool."""
        for function in functions(document(host, route)):
            name, description = function["function"], function.get("description", "")
            assert description.strip(), f"{name} has no description"
            assert description != f"Execute {name}", f"{name} has no description. fix: write a docstring"

    def test_a_call_leaves_nothing_behind(self, host: HermeticHost, route: str) -> None:
        """The document of a call is the same after another call."""
        before = stable_document(host, route, "call-1")
        document(host, route, "call-2", **_CALLER)

        assert stable_document(host, route, "call-1") == before

    def test_two_of_a_kind_are_alike(
        self, make_agent: Callable[[], AgentBase], open_host: Callable[[AgentBase], HermeticHost]
    ) -> None:
        """Every worker builds its own agent, and all of them have the same document."""
        documents: list[Any] = []
        for agent in (make_agent(), make_agent()):
            with open_host(agent) as host:
                documents.append(stable_document(host, next(iter(host.routes.values()))))

        assert documents[0] == documents[1]

    def test_it_can_be_served_again(
        self, make_agent: Callable[[], AgentBase], open_host: Callable[[AgentBase], HermeticHost]
    ) -> None:
        """The lifespan ends so that another can begin."""
        agent = make_agent()
        for _ in range(2):
            with open_host(agent) as host:
                host.start()

    def test_arguments_that_fit_are_answered(self, host: HermeticHost, route: str) -> None:
        """No tool fails for arguments that its schema allows."""
        try_tools(host, route, self.untried, fitting=True)

    def test_arguments_that_do_not_fit_are_answered(self, host: HermeticHost, route: str) -> None:
        """No tool fails for arguments of a careless model."""
        try_tools(host, route, self.untried, fitting=False)
