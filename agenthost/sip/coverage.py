"""Coverage: overlaps of rules, and rules that are never reached."""

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
    """Find rules that are never reached, and rules that lose some callers to earlier ones.

    An exact rule before a more general one is the purpose of an order, and not a finding. Patterns are compared as far
    as that is certain: every finding is true, but not every overlap is found.

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
            unreached.append(f"{_place(rule)} is never reached: {_place(whole)} decides for all its callers")
        elif items and len(taken) == len(items):
            by = " and ".join(sorted({_place(earlier) for earlier in taken.values()}))
            unreached.append(f"{_place(rule)} is never reached: {by} decide for all its callers")
        elif taken:
            shadowed += [
                f"{_place(rule)} never decides for {item!r}: {_place(earlier)} comes before it"
                for item, earlier in sorted(taken.items())
            ]
    return unreached, shadowed


def _place(rule: Rule) -> str:
    return f"{rule.place}: {rule.label}"


def _takes_before(earlier: Rule, rule: Rule) -> bool:
    """Return True if the earlier rule always decides before the later one, users aside."""
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
    """Return True if ``users`` include every user part that an item matches."""
    if users is None or item in users.exact or item in users.patterns:
        return True
    if not _WILD.search(item):
        return users.match(item)
    if "[" in item:
        return "*" in users.patterns
    # A pattern of stars alone that fits another pattern's text fits all that the other fits.
    return any(fnmatchcase(item, pattern) for pattern in users.patterns if not re.search(r"[?\[]", pattern))
