"""Which rules take callers from later ones: overlaps, and rules that are never reached."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.sip.rules import Numbers, Rule, Users

__all__ = ["overlaps"]

_WILD = re.compile(r"[*?\[]")


def overlaps(rules: Sequence[Rule]) -> tuple[list[str], list[str]]:
    """Sentences on rules that are never reached, and on those that lose some of their callers to earlier ones.

    That an exact rule stands before a more general one is what an order is for, and no finding. Patterns are compared
    as far as that is certain: what is reported is so, and not everything that is so is reported.

    Args:
        rules: in order.
    """
    unreached, shadowed = [], []
    for index, rule in enumerate(rules):
        takers = [earlier for earlier in rules[:index] if _takes_before(earlier, rule)]
        whole = next((earlier for earlier in takers if _covers_users(earlier.users, rule.users)), None)
        items = _items(rule.users)
        taken = {item: earlier for earlier in reversed(takers) for item in items if _covers_item(earlier.users, item)}
        if whole is not None:
            unreached.append(f"{_place(rule)} is never reached: {_place(whole)} decides about all its callers")
        elif items and len(taken) == len(items):
            by = " and ".join(sorted({_place(earlier) for earlier in taken.values()}))
            unreached.append(f"{_place(rule)} is never reached: {by} decide about all its callers")
        elif taken:
            shadowed += [
                f"{_place(rule)} does not decide about {item!r}: {_place(earlier)} does so before"
                for item, earlier in sorted(taken.items())
            ]
    return unreached, shadowed


def _place(rule: Rule) -> str:
    return f"{rule.place}: {rule.label}"


def _takes_before(earlier: Rule, rule: Rule) -> bool:
    """Whether the earlier rule decides whenever the later one would, as far as users are not looked at."""
    return (
        _covers_numbers(earlier.called, rule.called)
        and _covers_numbers(earlier.calling, rule.calling)
        and _covers_hours(earlier, rule)
    )


def _covers_hours(earlier: Rule, rule: Rule) -> bool:
    if earlier.hours is None or earlier.otherwise is not None:
        return True
    if rule.hours is None or rule.otherwise is not None or earlier.hours.zone != rule.hours.zone:
        return False
    return rule.hours.minutes & ~earlier.hours.minutes == 0


def _covers_numbers(earlier: Numbers | None, later: Numbers | None) -> bool:
    if earlier is None or later is None:
        return earlier is None
    return all(earlier.match(number) for number in (*later.whole, *later.beginnings)) and all(
        beginning.startswith(earlier.beginnings) for beginning in later.beginnings
    )


def _items(users: Users | None) -> tuple[str, ...]:
    return () if users is None else (*sorted(users.exact), *users.patterns)


def _covers_users(earlier: Users | None, later: Users | None) -> bool:
    if earlier is None or later is None:
        return earlier is None
    return all(_covers_item(earlier, item) for item in _items(later))


def _covers_item(users: Users | None, item: str) -> bool:
    """Whether every user part that an exact one or a pattern means is among ``users``."""
    if users is None or item in users.exact or item in users.patterns:
        return True
    if not _WILD.search(item):
        return users.match(item)
    if "[" in item:
        return "*" in users.patterns
    # A pattern of stars alone that fits another pattern's text fits all that the other fits.
    return any(fnmatchcase(item, pattern) for pattern in users.patterns if not re.search(r"[?\[]", pattern))
