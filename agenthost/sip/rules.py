"""Rules: the agents that the configuration assigns to callers, in order."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost.sip.uri import user_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from agenthost.sip.call import SipCall
    from agenthost.sip.hours import Hours

__all__ = ["Numbers", "Rule", "RuleTable", "Users"]

_NUMBER = re.compile(r"\+?[0-9]+\*?")
_SEPARATORS = re.compile(r"[().\s-]")


@frozen
class Users:
    """User parts: exact ones, and shell patterns (``fnmatch``) with ``*``, ``?`` and ``[abc]``.

    A match takes time in proportion to the length of the pattern times that of the user part, whatever their content,
    as there is no backtracking across stars.

    Args:
        exact: user parts, case-folded.
        patterns: patterns, case-folded.
    """

    exact: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    _compiled: tuple[re.Pattern[str], ...] = field(init=False, repr=False, eq=False)

    @_compiled.default
    def _compile(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(translate(pattern)) for pattern in self.patterns)

    def match(self, user: str) -> bool:
        """Return True if a case-folded user part is among them."""
        return user in self.exact or any(pattern.match(user) for pattern in self._compiled)


@frozen
class Numbers:
    """Telephone numbers: whole ones, and beginnings.

    Args:
        whole: numbers without separators, such as ``+4930123``.
        beginnings: the beginnings of numbers.
    """

    whole: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Numbers:
        """Read numbers such as ``+49 30 123``, or ``+4930*`` for a beginning.

        Raises:
            ValueError: a text is not a number.
        """
        plain = [_SEPARATORS.sub("", text) for text in texts]
        for number in plain:
            if not _NUMBER.fullmatch(number):
                raise ValueError(f"{number!r} is not a telephone number such as '+4930123' or '+4930*'")
        return cls(
            frozenset(number for number in plain if not number.endswith("*")),
            tuple(number[:-1] for number in plain if number.endswith("*")),
        )

    def match(self, number: str | None) -> bool:
        """Return True if a number is among them."""
        return number is not None and (number in self.whole or number.startswith(self.beginnings))

    def __str__(self) -> str:
        """Return the numbers in the form of the configuration."""
        return " ".join((*sorted(self.whole), *(f"{beginning}*" for beginning in self.beginnings)))


@frozen
class Rule:
    """A rule, which decides if all its conditions hold.

    Args:
        number: its place among the rules, from 1 on.
        place: file and line, for people.
        agent: key, name or route of the agent that answers.
        otherwise: the same outside its hours. None if the rule does not decide then.
        users: the called users. None for all.
        called: the called numbers.
        calling: the calling numbers.
        hours: the hours of its agent. None for always.
    """

    number: int
    place: str
    agent: str
    otherwise: str | None = None
    users: Users | None = None
    called: Numbers | None = None
    calling: Numbers | None = None
    hours: Hours | None = None

    @property
    def label(self) -> str:
        """The rule's name in lists and figures."""
        return f"rule {self.number}"

    @property
    def agents(self) -> tuple[tuple[str, str], ...]:
        """The agents that it names, each with its configuration key."""
        return (("agent", self.agent), *((("else", self.otherwise),) if self.otherwise is not None else ()))

    @property
    def callers(self) -> str:
        """The conditions of the rule, for people."""
        said = []
        if self.users is not None:
            said.append(" ".join((*sorted(self.users.exact), *self.users.patterns)))
        if self.called is not None:
            said.append(f"called {self.called}")
        if self.calling is not None:
            said.append(f"calling {self.calling}")
        if self.hours is not None:
            said.append(str(self.hours))
        return ", ".join(said) or "everybody"

    def decide(self, user: str, call: SipCall, moment: datetime) -> str | None:
        """Return the agent for a call, or None if the rule does not decide.

        Args:
            user: the called user part, case-folded.
            call: the call.
            moment: see ``Hours.holds``.
        """
        if self.users is not None and not self.users.match(user):
            return None
        if self.called is not None and not self.called.match(call.called):
            return None
        if self.calling is not None and not self.calling.match(call.calling):
            return None
        return self.agent if self.hours is None or self.hours.holds(moment) else self.otherwise

    def __str__(self) -> str:
        """Return the rule for people."""
        detail = ""
        if self.hours is not None:
            detail = f" (hours {self.hours}" + (f", else {self.otherwise})" if self.otherwise is not None else ")")
        return f"{self.label}, {self.place}{detail}"


@frozen
class RuleTable:
    """Rules, indexed by exact user part or number.

    The cost of a decision depends on the rules that may fit, not on all rules.

    Args:
        rules: in order.
    """

    rules: tuple[Rule, ...] = ()
    _named: Mapping[str, tuple[Rule, ...]] = field(init=False, repr=False, eq=False)
    _others: tuple[Rule, ...] = field(init=False, repr=False, eq=False)

    @_named.default
    def _index(self) -> Mapping[str, tuple[Rule, ...]]:
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for user in sorted(rule.users.exact) if rule.users is not None and _is_exact(rule) else ():
                found.setdefault(user, []).append(rule)
        return {user: tuple(rules) for user, rules in found.items()}

    @_others.default
    def _rest(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if not _is_exact(rule))

    def decide(self, call: SipCall, moment: datetime) -> tuple[Rule, str] | None:
        """Return the first rule that decides, and its agent."""
        user = user_of(call.to)
        if user is None or not self.rules:
            return None
        user = user.casefold()
        named = self._named.get(user, ())
        fitting = sorted((*named, *self._others), key=_number) if named and self._others else named or self._others
        for rule in fitting:
            if (agent := rule.decide(user, call, moment)) is not None:
                return rule, agent
        return None


def _is_exact(rule: Rule) -> bool:
    return rule.users is not None and not rule.users.patterns


def _number(rule: Rule) -> int:
    return rule.number
