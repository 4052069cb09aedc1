"""Aliases: user parts that reach an agent, and their conflicts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import instance_of

from agenthost.sip.uri import number_of, user_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["AliasTable", "SipAlias", "squashed"]

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""A user part that is not a number, whatever follows."""


@frozen
class SipAlias:
    """A user part that reaches an agent.

    Args:
        user: the user part, compared case-insensitively.
        agent: the agent's key, name or route.
        automatic: whether it gives way to every other alias. It is ignored if ``sip.automatic`` is false, or its agent
            is not served.
    """

    user: str = field(validator=instance_of(str))
    agent: str = field(validator=instance_of(str))
    automatic: bool = False

    @property
    def compared(self) -> str:
        """The form for comparison: case-folded, a number without its separators."""
        if _WORD.fullmatch(self.user):  # which almost every alias is, and a host compares thousands
            return self.user.casefold()
        return (number_of(self.user) or self.user).casefold()


@frozen
class AliasTable:
    """The agent of each alias.

    Args:
        agents: alias, case-folded, to the key of its agent.
        conflicts: aliases that several agents claim, to the keys of all of them. Such an alias is unroutable.
        tiers: alias, case-folded, to the number of its tier.
    """

    agents: Mapping[str, str] = field(factory=dict)
    conflicts: Mapping[str, tuple[str, ...]] = field(factory=dict)
    tiers: Mapping[str, int] = field(factory=dict)

    @classmethod
    def of(cls, *tiers: Iterable[SipAlias]) -> AliasTable:
        """Decide every alias.

        Args:
            tiers: aliases, the tier with the highest precedence first. Within a tier, order decides nothing. Every
                alias also counts in its squashed form (``sales-agent`` as ``salesagent``) if that form is free.
        """
        claims: dict[str, set[str]] = {}
        listed = [list(tier) for tier in tiers]
        origin: dict[str, int] = {}
        for number, tier in enumerate(listed):
            for user, agents in _claims(tier).items():
                claims.setdefault(user, agents)
                origin.setdefault(user, number)
        short = _claims(SipAlias(squashed(alias.user), alias.agent) for tier in listed for alias in tier)
        claims |= {user: agents for user, agents in short.items() if user not in claims and len(agents) == 1}
        for number, tier in enumerate(listed):
            for alias in tier:
                origin.setdefault(squashed(alias.user), number)
        return cls(
            {user: next(iter(agents)) for user, agents in claims.items() if len(agents) == 1},
            {user: tuple(sorted(agents)) for user, agents in claims.items() if len(agents) > 1},
            {user: origin[user] for user in claims},
        )

    def find(self, address: str) -> str | None:
        """Return the key of the agent that ``address`` reaches, or None."""
        user = user_of(address)
        return None if user is None else self.agents.get(user.casefold())


def squashed(user: str) -> str:
    """Return a user part in the form of SignalWire's SDK: lower-case letters, digits, ``_``."""
    return re.sub(r"[^a-z0-9_]", "", user.casefold())


def _claims(aliases: Iterable[SipAlias]) -> dict[str, set[str]]:
    claims: dict[str, set[str]] = {}
    for alias in aliases:
        if alias.user:
            claims.setdefault(alias.compared, set()).add(alias.agent)
    return claims
