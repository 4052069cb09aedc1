"""Resolving: from a call to the agent that answers it, and what decided so."""

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
"""Label of a decision for nobody."""


@frozen
class Decision:
    """Who answers a call, and why.

    Args:
        agent: key of the agent; None where nobody answers.
        label: what decided, from a bounded set: ``hook <plugin>``, ``rule <number>``, the sort of an alias, ``default``
            or ``unmatched``.
        reason: the same for people, with its place.
        missed: an agent that something wanted and that is not served here; the default, if any, answers instead.
    """

    agent: str | None
    label: str
    reason: str
    missed: str | None = None


@frozen
class Routing:
    """Everything that decides about calls, plugins' functions aside.

    Args:
        rules: the configured rules.
        aliases: user parts that reach an agent, by key.
        origins: what each alias comes from, such as ``automatic alias``.
        default: key, name or route of the agent that answers where nothing else decides.
        default_place: file and line of the default.
        served: key, name and route of each agent that is served, to its key; a name that several have is not there.
    """

    rules: RuleTable = field(factory=RuleTable)
    aliases: AliasTable = field(factory=AliasTable)
    origins: Mapping[str, str] = field(factory=dict)
    default: str | None = None
    default_place: str = ""
    served: Mapping[str, str] = field(factory=dict)

    def resolve(self, call: SipCall, moment: datetime | None = None) -> Decision:
        """Decide about a call that no plugin has decided about: rules, aliases, the default agent.

        Args:
            call: the call.
            moment: when it came, where that is not the call's time; see ``Hours.holds``.
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
        """The decision for an agent; where it is not served, for the default agent: never for anybody else."""
        key = self.served.get(agent)
        return Decision(key, label, reason) if key is not None else self.otherwise(f"{reason} → {agent}", agent)

    def otherwise(self, before: str = "", missed: str | None = None) -> Decision:
        """The decision where nothing else has decided.

        Args:
            before: what wanted an agent that is not served.
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
