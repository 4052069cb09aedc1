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

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*|[0-9]+")
"""A user part that is compared as it is, whether it is a number or not."""


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
        return _compared(self.user)


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
        squashed_ones = [[(squashed(alias.user), alias.agent) for alias in tier] for tier in listed]
        short = _claims_of(pair for tier in squashed_ones for pair in tier)
        claims |= {user: agents for user, agents in short.items() if user not in claims and len(agents) == 1}
        for number, words in enumerate(squashed_ones):
            for user, _ in words:
                origin.setdefault(user, number)
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


def _compared(user: str) -> str:
    meant = user if _WORD.fullmatch(user) else number_of(user) or user  # a host compares thousands of words
    folded = meant.casefold()
    return user if folded == user else folded


def _claims(aliases: Iterable[SipAlias]) -> dict[str, set[str]]:
    return _claims_of((alias.user, alias.agent) for alias in aliases)


def _claims_of(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    claims: dict[str, set[str]] = {}
    for user, agent in pairs:
        if user:
            claims.setdefault(_compared(user), set()).add(agent)
    return claims
