"""``[[sip.rules]]``: rules of the configuration, each with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve, field, frozen

from agenthost._host.config.declaration import Table, keys_of, setting
from agenthost._host.config.file import refuse_unknown
from agenthost._host.config.place import Place
from agenthost._host.config.value_types import TEXT, TEXTS, Kind, shown
from agenthost.errors import ConfigurationError
from agenthost.sip.hours import Hours, time_zone
from agenthost.sip.rules import Numbers, Rule, Users
from agenthost.sip.uri import user_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from agenthost._host.config.file import ConfigFile

__all__ = ["RouteConfig", "RuleConfig", "read_routes", "read_rules"]

T = TypeVar("T")

_ROUTE = re.compile(r"(?:/[a-z0-9._-]{1,64}){1,4}")
_USERS = Kind("user part, or list of them", TEXTS.read, '"sales"', other='"support"')
_PATTERNS = Kind("pattern, or list of them", TEXTS.read, '"support-*"', other='"sales-*"')
_NUMBERS = Kind("number, or list of them", TEXTS.read, '"+4930*"', other='"+4940*"')
_HOURS = Kind("hours, or list of them", TEXTS.read, '"Mon-Fri 09:00-17:00"', other='"Sat 10:00-14:00"')
_ZONE = Kind("name of a time zone", TEXT.read, '"Europe/Berlin"', other='"UTC"')
_AGENT = Kind("key, name or route of an agent", TEXT.read, '"sales"', other='"support"')


@frozen(kw_only=True)
class RuleConfig:
    """``[[sip.rules]]``: one rule, which applies if all its conditions match."""

    user: tuple[str, ...] | None = setting(None, _USERS, "Called user parts; case does not matter")
    pattern: tuple[str, ...] | None = setting(
        None, _PATTERNS, "Patterns of called user parts: `*` for any text, `?` for one character, `[abc]`"
    )
    called: tuple[str, ...] | None = setting(
        None, _NUMBERS, "Called numbers; `+4930*` matches all numbers with this prefix"
    )
    calling: tuple[str, ...] | None = setting(None, _NUMBERS, "Calling numbers, in the same form")
    hours: tuple[str, ...] | None = setting(None, _HOURS, "Hours in which `agent` answers; requires `timezone`")
    timezone: str | None = setting(None, _ZONE, "IANA name of the time zone for `hours`")
    agent: str | None = setting(None, _AGENT, "Agent that answers")
    else_: str | None = setting(
        None, _AGENT, "Agent that answers outside of `hours`; without one, the rule does not match then"
    )


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class RouteConfig(Table):
    """``[routes."/<path>"]``: a route whose agent depends on the time."""

    hours: tuple[str, ...] = setting((), _HOURS, "Hours in which `to` answers", required=True)
    timezone: str | None = setting(None, _ZONE, "IANA name of the time zone for `hours`", required=True)
    to: str | None = setting(None, _AGENT, "Agent that answers in these hours", required=True)
    else_: str | None = setting(None, _AGENT, "Agent that answers outside of them", required=True)
    open: Hours | None = field(default=None, eq=False, repr=False)
    """``hours``, as they are applied."""

    def agent_at(self, moment: datetime) -> str:
        """Return the key, name or route of the agent that answers at a moment."""
        return (self.to if self.open is not None and self.open.holds(moment) else self.else_) or ""


def read_routes(opened: ConfigFile, tables: Mapping[str, object]) -> dict[str, RouteConfig]:
    """Return the routes of a file whose agents depend on the time.

    Raises:
        ConfigurationError: something in them cannot be used.
    """
    return {path: _route(opened, path, table) for path, table in tables.items()}


def _route(opened: ConfigFile, path: str, written: object) -> RouteConfig:
    place = opened.place("routes", path)
    if not _ROUTE.fullmatch(path):
        raise ConfigurationError(
            f"{place}: {shown(path)} is not a path of letters, digits and . _ - between slashes. "
            'fix: write [routes."/line"]'
        )
    table = opened.as_table(written, place)
    refuse_unknown(table, keys_of(RouteConfig), place)
    route = opened.fill(RouteConfig, table, place)
    try:
        return evolve(route, open=Hours.parse(route.hours, route.timezone or ""))
    except ValueError as error:
        raise ConfigurationError(f"{place.at('hours')}: {error}. fix: write hours = {_HOURS.example}") from None


def read_rules(opened: ConfigFile, tables: object) -> tuple[tuple[RuleConfig, Rule], ...]:
    """Return the rules of a file, each as written and as it is applied.

    Raises:
        ConfigurationError: something in them cannot be used.
    """
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        place = opened.place("sip", "rules")
        raise ConfigurationError(f"{place}: {shown(tables)} is not a list of tables. fix: write [[sip.rules]] for each")
    return tuple(_rule(opened, index, table) for index, table in enumerate(tables))


def _rule(opened: ConfigFile, index: int, table: Mapping[str, object]) -> tuple[RuleConfig, Rule]:
    place = Place(opened.name, "sip.rules", ("sip", "rules", index), opened.lines)
    refuse_unknown(table, keys_of(RuleConfig), place)
    config = opened.fill(RuleConfig, table, place)
    return config, _Reader(place, index).rule(config)


@frozen(eq=False)
class _Reader:
    """Makes a rule from its table."""

    place: Place
    index: int

    def rule(self, read: RuleConfig) -> Rule:
        if read.agent is None:
            raise self.refused("", "the rule does not name an agent", 'agent = "sales"')
        return Rule(
            self.index + 1,
            self.place.in_file,
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
                    raise self.refused(key, "it has no effect without hours", f"hours = {_HOURS.example}")
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
        place = self.place.at(key) if key else self.place
        return ConfigurationError(f"{place}: {reason}. fix: write {write}")
