"""The skill ``datetime``: the current time and date."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING, Any

import attrs

from agenthost import AgentBase, FunctionResult, Skill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DateTimeSkill"]

_ZONE = {
    "timezone": {
        "type": "string",
        "description": "IANA name of a time zone, such as Europe/Berlin. Leave it out unless another place is meant.",
    }
}


def _known_zone(_settings: object, _field: object, name: str) -> None:
    _zone(name)


def _zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone of a name.

    Raises:
        ValueError: there is no such time zone.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        msg = f"there is no time zone {name!r}. Use an IANA name such as Europe/Berlin"
        raise ValueError(msg) from None


@attrs.frozen
class DateTimeSettings:
    """The settings of the skill.

    Args:
        timezone: IANA name of the default time zone.
    """

    timezone: str = attrs.field(default="UTC", validator=_known_zone)


class DateTimeSkill(Skill):
    """Tells the time and the date, in any time zone."""

    Settings = DateTimeSettings

    def prompt_sections(self) -> Sequence[Mapping[str, Any]]:
        """Tell the model how to get time and date."""
        time, date = self.tool_name("get_current_time"), self.tool_name("get_current_date")
        return [
            {
                "title": "Time and date",
                "body": "You do not know the time or the date by yourself: ask for them.",
                "bullets": [f"{time} tells the time of day.", f"{date} tells the day."],
            }
        ]

    @AgentBase.tool(description="Tell the time of day, here or in another time zone.", parameters=_ZONE)
    def get_current_time(self, args: dict[str, Any]) -> FunctionResult:
        """Return the time of day."""
        return self._now(args, "It is {now:%I:%M:%S %p} ({zone}).")

    @AgentBase.tool(description="Tell today's date, here or in another time zone.", parameters=_ZONE)
    def get_current_date(self, args: dict[str, Any]) -> FunctionResult:
        """Return the date."""
        return self._now(args, "Today is {now:%A, %B} {now.day}, {now.year} ({zone}).")

    def _now(self, args: dict[str, Any], sentence: str) -> FunctionResult:
        zone = args.get("timezone") or self.settings.timezone
        try:
            now = dt.datetime.now(_zone(zone))
        except ValueError as error:
            return FunctionResult(f"{error}.")
        return FunctionResult(sentence.format(now=now, zone=zone))
