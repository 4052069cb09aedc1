"""The hours of rules as a picture: a week for each rule."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from agenthost._web.console.texts import gettext, later
from agenthost.sip.hours import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenthost.sip.hours import Hours
    from agenthost.sip.rules import Rule

__all__ = ["hours_picture"]

_DAY = 24 * 60
_SCALE = 10
"""Minutes of a pixel."""
_TOP, _ROW, _BAR = 22, 44, 16
_SHORT = {
    "Mon": later("Mon"),
    "Tue": later("Tue"),
    "Wed": later("Wed"),
    "Thu": later("Thu"),
    "Fri": later("Fri"),
    "Sat": later("Sat"),
    "Sun": later("Sun"),
}


def hours_picture(rules: Iterable[Rule]) -> dict[str, Any]:
    """Return the days, and a row for each rule that has hours, in pixels."""
    known = [(rule, rule.hours) for rule in rules if rule.hours is not None]
    rows = [_row(rule, hours, _TOP + number * _ROW) for number, (rule, hours) in enumerate(known)]
    day = _DAY // _SCALE
    return {
        "rows": rows,
        "days": [{"x": number * day, "name": gettext(_SHORT[name])} for number, name in enumerate(DAYS)],
        "width": 7 * day,
        "height": _TOP + len(rows) * _ROW,
        "bar": _BAR,
    }


def _row(rule: Rule, hours: Hours, y: int) -> dict[str, Any]:
    words = gettext("{rule}: {agent} at {hours}").format(rule=rule.label, agent=rule.agent, hours=hours)
    if rule.otherwise is not None:
        words += gettext(", else {agent}").format(agent=rule.otherwise)
    return {"words": words, "y": y, "bars": list(_bars(hours))}


def _bars(hours: Hours) -> Iterator[dict[str, float]]:
    """Yield the runs of minutes within the hours."""
    place = 0
    for within, run in groupby(bool(hours.minutes >> minute & 1) for minute in range(7 * _DAY)):
        length = sum(1 for _ in run)
        if within:
            yield {"x": place / _SCALE, "width": length / _SCALE}
        place += length
