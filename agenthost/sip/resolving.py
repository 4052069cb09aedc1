"""Resolving: the decision which agent answers a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost.sip.aliases import AliasTable
from agenthost.sip.rules import RuleTable
from agenthost.sip.uri import user_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agenthost.sip.call import SipCall

__all__ = ["Decision", "Routing"]

UNMATCHED = "unmatched"
"""Label of a decision without an agent."""


@frozen
class Decision:
    """The agent that answers a call, and the reason.

    Args:
        agent: key of the agent. None if no agent answers.
        label: the deciding part, from a bounded set: ``hook <plugin>``, ``rule <number>``, the sort of an alias,
            ``default`` or ``unmatched``.
        reason: the same for people, with its place.
        missed: a chosen agent that is not served here. The default agent, if any, answers instead.
    """

    agent: str | None
    label: str
    reason: str
    missed: str | None = None


@frozen
class Routing:
    """All parts of a decision, except functions of plugins.

    Args:
        rules: the configured rules.
        aliases: user parts that reach an agent, by key.
        origins: the origin of each alias, such as ``automatic alias``.
        default: key, name or route of the agent that answers if nothing else decides.
        default_place: file and line of the default.
        served: key, name and route of each served agent, to its key, without names that several agents have.
    """

    rules: RuleTable = field(factory=RuleTable)
    aliases: AliasTable = field(factory=AliasTable)
    origins: Mapping[str, str] = field(factory=dict)
    default: str | None = None
    default_place: str = ""
    served: Mapping[str, str] = field(factory=dict)

    def resolve(self, call: SipCall, moment: datetime | None = None) -> Decision:
        """Decide by rules, aliases and the default agent, after the plugins.

        Args:
            call: the call.
            moment: its time, if not the call's own; see ``Hours.holds``.
        """
        decided = self.rules.decide(call, moment or call.time)
        if decided is not None:
            rule, agent = decided
            return self.answered(agent, rule.label, str(rule))
        user = user_of(call.to)
        alias = user.casefold() if user is not None else ""
        if (reached := self.aliases.agents.get(alias)) is not None:
            origin = self.origins.get(alias, "alias")
            return self.answered(reached, origin.partition(" of ")[0], origin)
        return self.otherwise()

    def answered(self, agent: str, label: str, reason: str) -> Decision:
        """Return the decision for an agent.

        If the agent is not served, only the default agent may replace it.
        """
        key = self.served.get(agent)
        return Decision(key, label, reason) if key is not None else self.otherwise(f"{reason} → {agent}", agent)

    def otherwise(self, before: str = "", missed: str | None = None) -> Decision:
        """Return the decision for the default agent.

        Args:
            before: the part that chose an agent that is not served.
            missed: that agent.
        """
        lead = f"{before}, which is not served → " if before else ""
        key = self.served.get(self.default) if self.default is not None else None
        if key is not None:
            return Decision(key, "default", f"{lead}default agent{self._at()}", missed)
        if self.default is not None:
            return Decision(
                None, UNMATCHED, f"{lead}default agent{self._at()} → {self.default}, which is not served", missed
            )
        return Decision(None, UNMATCHED, lead + "no rule, alias or default agent", missed)

    def _at(self) -> str:
        return f", {self.default_place}" if self.default_place else ""
