"""Rules: which agent a configuration wants for which callers, in order."""

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
    """User parts, each exact, or as a pattern of the shell's kind (``fnmatch``): ``*``, ``?`` and ``[abc]``.

    A pattern takes time in proportion to its length times that of the user part, whatever either holds: between two
    stars nothing is tried twice.

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
        """Whether a case-folded user part is among them."""
        return user in self.exact or any(pattern.match(user) for pattern in self._compiled)


@frozen
class Numbers:
    """Telephone numbers, each whole, or as its beginning.

    Args:
        whole: numbers without separators, such as ``+4930123``.
        beginnings: what numbers begin with.
    """

    whole: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Numbers:
        """Read numbers: ``+49 30 123``, or ``+4930*`` for all that begin so.

        Raises:
            ValueError: one is none.
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
        """Whether a number is among them."""
        return number is not None and (number in self.whole or number.startswith(self.beginnings))

    def __str__(self) -> str:
        """As they are written in configuration."""
        return " ".join((*sorted(self.whole), *(f"{beginning}*" for beginning in self.beginnings)))


@frozen
class Rule:
    """One rule: where all its conditions hold, it decides.

    Args:
        number: its place among the rules, from 1 on.
        place: file and line, for people.
        agent: key, name or route of the agent that answers.
        otherwise: the same for outside of its hours; None where the rule does not decide then.
        users: whom it is for; None for everybody.
        called: the numbers that were called.
        calling: the numbers that call.
        hours: when its agent answers; None for always.
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
        """By which lists and figures name it."""
        return f"rule {self.number}"

    @property
    def agents(self) -> tuple[tuple[str, str], ...]:
        """The agents that it names, each with the key that does so."""
        return (("agent", self.agent), *((("else", self.otherwise),) if self.otherwise is not None else ()))

    @property
    def callers(self) -> str:
        """Whom it is for, in words."""
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
        """The agent that it wants for a call; None where it does not decide.

        Args:
            user: the user part that was called, case-folded.
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
        """The rule as it is shown to people."""
        detail = ""
        if self.hours is not None:
            detail = f" (hours {self.hours}" + (f", else {self.otherwise})" if self.otherwise is not None else ")")
        return f"{self.label}, {self.place}{detail}"


@frozen
class RuleTable:
    """Rules, found by the user part or number that they name, so that many rules cost no more than those that may fit.

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
        """The first rule that decides, and the agent that it wants."""
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
