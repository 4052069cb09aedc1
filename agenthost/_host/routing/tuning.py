"""Tuning: thresholds of a router, by its transcripts or a file of labelled messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.routing.labelled import from_file, from_transcripts, telling
from agenthost._host.routing.routers import closest_texts, router_of
from agenthost._host.routing.thresholds import Judged, effect, proposed, steps
from agenthost.conversation.turns import Turn
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.routing.labelled import Labelled
    from agenthost._host.routing.thresholds import Effect
    from agenthost._host.text.conversations import Conversations

__all__ = ["FEW", "Tuning", "tuned"]

FEW = 30
"""Fewer messages than this say little."""
_SECONDS = 60.0


@frozen
class Tuning:
    """The thresholds of a router, and those that labelled messages propose."""

    router: str
    classifier: str
    messages: Sequence[Labelled]
    now: Effect
    best: Effect | None
    """The effect of the proposed thresholds. None if no thresholds are right often enough."""
    steps: Sequence[Effect]

    def to_json(self) -> dict[str, Any]:
        """Return the figures, for ``--json``."""
        return {
            "router": self.router,
            "classifier": self.classifier,
            "now": self.now.to_json(),
            "proposed": self.best.to_json() if self.best is not None else None,
            "steps": [each.to_json() for each in self.steps],
        }


async def tuned(
    conversations: Conversations,
    plan: HostPlan,
    agent: Mounted,
    principal: str,
    *,
    file: Path | None,
    days: float,
    right: float,
) -> Tuning:
    """Propose thresholds, such that a share of the decisions is right.

    ``file`` has labelled messages. Without it, the transcripts of the latest days are read.

    Raises:
        ConfigurationError: the file cannot be read.
        PlanError: the classifier of the router could not be made.
    """
    router = router_of(agent)
    choices = plan.choices(router.agents)
    agents = [choice.agent for choice in choices]
    classifier = plan.classifier(router.classifier) or plan.classifier()
    if classifier is None:
        msg = f"the classifier of {agent.key} could not be made. fix: agenthost check names the reason."
        raise PlanError(msg)
    if file is not None:
        read = from_file(file, agents)
    else:
        read = await from_transcripts(conversations.transcripts(plan, principal), agent.key, agents, days)
    messages = telling(read, choices)
    judged = []
    if messages:  # so that none of them is judged while the agents are still being compared
        team = conversations.teams.team(plan, agent, Turn("tuning", ""), conversations.teams.budget(_SECONDS))
        await closest_texts(classifier, messages[0].text, choices, team.classifier_tools())
    for each in messages:
        turn = Turn("tuning", each.text)
        team = conversations.teams.team(plan, agent, turn, conversations.teams.budget(_SECONDS))
        judged.append(Judged(each, await classifier.classify(each.text, choices, team.classifier_tools())))
    now = effect(judged, router.threshold, router.margin)
    return Tuning(agent.key, classifier.name, messages, now, proposed(judged, right), steps(judged, router.margin))
