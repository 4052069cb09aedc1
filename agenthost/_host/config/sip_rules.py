"""``[[sip.rules]]``: read from configuration, each with the line on which it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve, frozen

from agenthost._host.config.key_paths import refuse_unknown
from agenthost._host.config.schema import configured
from agenthost._host.config.value_types import TEXT, TEXTS, Kind, setting, shown
from agenthost.errors import ConfigurationError
from agenthost.sip.hours import Hours, time_zone
from agenthost.sip.rules import Numbers, Rule, Users
from agenthost.sip.uri import user_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.line_numbers import Path
    from agenthost._host.config.load import _File

__all__ = ["RuleConfig", "read_rules"]

T = TypeVar("T")

_USERS = Kind("user part, or list of them", TEXTS.read, '"sales"')
_PATTERNS = Kind("pattern, or list of them", TEXTS.read, '"support-*"')
_NUMBERS = Kind("number, or list of them", TEXTS.read, '"+4930*"')
_HOURS = Kind("hours, or list of them", TEXTS.read, '"Mon-Fri 09:00-17:00"')
_ZONE = Kind("name of a time zone", TEXT.read, '"Europe/Berlin"')
_AGENT = Kind("key, name or route of an agent", TEXT.read, '"sales"')


@frozen(kw_only=True)
class RuleConfig:
    """``[[sip.rules]]``: one rule; where all its conditions hold, it decides."""

    user: tuple[str, ...] | None = setting(None, _USERS, "User parts that are called, without regard to case")
    pattern: tuple[str, ...] | None = setting(
        None, _PATTERNS, "Patterns of user parts that are called: `*` for any text, `?` for one character, `[abc]`"
    )
    called: tuple[str, ...] | None = setting(
        None, _NUMBERS, "Numbers that are called; `+4930*` stands for all that begin so"
    )
    calling: tuple[str, ...] | None = setting(None, _NUMBERS, "Numbers that call, in the same form")
    hours: tuple[str, ...] | None = setting(None, _HOURS, "When `agent` answers; needs `timezone`")
    timezone: str | None = setting(None, _ZONE, "IANA name of the time zone of `hours`")
    agent: str | None = setting(None, _AGENT, "Who answers")
    else_: str | None = setting(
        None, _AGENT, "Who answers outside of `hours`; without one, the rule does not decide then"
    )


def read_rules(opened: _File, tables: object, lines: Mapping[Path, int]) -> tuple[Rule, ...]:
    """Read the rules of a file.

    Args:
        opened: the file.
        tables: what stands at ``sip.rules``.
        lines: see ``toml_lines``.

    Raises:
        ConfigurationError: something in them cannot be used; the text begins with file and line.
    """
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        where = f"{opened.where}:{lines.get(('sip', 'rules'), 1)}"
        raise ConfigurationError(f"{where}: sip.rules: {shown(tables)} is not tables. Write [[sip.rules]] for each.")
    return tuple(_Reader(opened, lines, index).rule(table) for index, table in enumerate(tables))


@frozen(eq=False)
class _Reader:
    """Reads one rule; knows where its keys stand."""

    opened: _File
    lines: Mapping[Path, int]
    index: int

    def place(self, key: str = "") -> str:
        at: Path = ("sip", "rules", self.index)
        return f"{self.opened.where}:{self.lines.get((*at, key), self.lines.get(at, self.lines.get(at[:2], 1)))}"

    def rule(self, table: Mapping[str, object]) -> Rule:
        known = configured(RuleConfig)
        for key in table:
            refuse_unknown([key], known, self.place(key), "sip.rules")
        values = {
            known[key].name: evolve(self.opened, where=self.place(key)).read(known[key], value, "sip.rules")
            for key, value in table.items()
        }
        read = RuleConfig(**values)  # type: ignore[arg-type]  # each was read by its field's kind
        if read.agent is None:
            raise self.refused("", "this rule names no agent", 'agent = "sales"')
        return Rule(
            self.index + 1,
            self.place(),
            read.agent,
            read.else_,
            self.users(read),
            self.made("called", lambda: Numbers.parse(read.called) if read.called else None, _NUMBERS),
            self.made("calling", lambda: Numbers.parse(read.calling) if read.calling else None, _NUMBERS),
            self.hours(read),
        )

    def users(self, read: RuleConfig) -> Users | None:
        if read.user is None and read.pattern is None:
            return None
        exact = set()
        for text in read.user or ():
            user = user_of(text)
            if user is None:
                raise self.refused(
                    "user", f"{shown(text)} is not the user part of an address", f"user = {_USERS.example}"
                )
            exact.add(user.casefold())
        patterns = tuple(pattern.casefold() for pattern in read.pattern or ())
        return self.made("pattern", lambda: Users(frozenset(exact), patterns), _PATTERNS)

    def hours(self, read: RuleConfig) -> Hours | None:
        if read.hours is None:
            for key, value in (("timezone", read.timezone), ("else", read.else_)):
                if value is not None:
                    raise self.refused(key, "it means nothing without hours", f"hours = {_HOURS.example}")
            return None
        zone, hours = read.timezone, read.hours
        if zone is None:
            raise self.refused("hours", "hours without a time zone are ambiguous", f"timezone = {_ZONE.example}")
        self.made("timezone", lambda: time_zone(zone), _ZONE)
        return self.made("hours", lambda: Hours.parse(hours, zone), _HOURS)

    def made(self, key: str, make: Callable[[], T], kind: Kind) -> T:
        try:
            return make()
        except (ValueError, re.error) as error:
            raise self.refused(key, str(error), f"{key} = {kind.example}") from None

    def refused(self, key: str, reason: str, write: str) -> ConfigurationError:
        path = f"sip.rules.{key}" if key else "sip.rules"
        return ConfigurationError(f"{self.place(key)}: {path}: {reason}. Write {write}.")
