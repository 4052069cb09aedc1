"""Lookup of a router, and the explanation of its choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._host.runtime.find_agent import find_agent
from agenthost._host.runtime.start import installed_plan
from agenthost.conversation.turns import Turn
from agenthost.errors import PlanError
from agenthost.workflows.router import Router

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.text.calling.agent_calls import AgentCalls
    from agenthost.conversation.classifiers import Choice, Classifier, ClassifierTools, Match
    from agenthost.workflows.explanation import Explanation

__all__ = ["Explained", "closest_texts", "explained", "find_router", "router_of"]

_SECONDS = 60.0


@frozen
class Explained:
    """A router's choice, with the texts that are closest to the message."""

    router: str
    explanation: Explanation
    closest: Sequence[Match]


def find_router(config: Config, name: str) -> tuple[HostPlan, Mounted]:
    """Return a router and the plan that serves it.

    An empty name finds the only one.

    Raises:
        PlanError: there is no such router, or there are several.
    """
    if name:
        plan, found = find_agent(config, name)
        router_of(found)
        return plan, found
    plan = installed_plan(config)
    routers = [agent for agent in plan.agents if isinstance(agent.agent, Router)]
    if len(routers) != 1:
        known = ", ".join(agent.key for agent in routers)
        raise PlanError(
            f"there are several routers. fix: add --router with one of {known}."
            if routers
            else "no router is installed. fix: declare one in agenthost.toml, [workflows.<name>] with kind = 'router', "
            "or add --router path/to/file.py."
        )
    return plan, routers[0]


def router_of(agent: Mounted) -> Router:
    """Return the router that an agent is.

    Raises:
        PlanError: it is another agent.
    """
    if not isinstance(agent.agent, Router):
        msg = f"{agent.key} is not a router. fix: name a router, as agenthost agents --load lists them."
        raise PlanError(msg)
    return agent.agent


async def explained(teams: AgentCalls, plan: HostPlan, agent: Mounted, conversation: str, text: str) -> Explained:
    """Explain where a router sends a message.

    Raises:
        Unanswered: none of its agents is served.
    """
    router, turn = router_of(agent), Turn(conversation, text)
    team = teams.team(plan, agent, turn, teams.budget(_SECONDS))
    classifier = team.classifier(router.classifier) or team.classifier()
    choices = team.choices(router.agents)
    matches = await closest_texts(classifier, text, choices, team.classifier_tools())
    return Explained(agent.key, await router.explain(turn, team), matches)


async def closest_texts(
    classifier: Classifier | None, text: str, choices: Sequence[Choice], tools: ClassifierTools
) -> Sequence[Match]:
    """Return the closest texts to a message, if the classifier compares texts.

    A classifier has prepared its comparison of the agents then, however long that takes.
    """
    closest = getattr(classifier, "closest", None)
    return await closest(text, choices, tools) if closest is not None and choices else ()
