"""SIP rules and hours: the agent that a call reaches, and no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from agenthost.sip import AliasTable, SipAlias, SipCall
from agenthost.sip.coverage import overlaps
from agenthost.sip.hours import DAYS, Hours
from agenthost.sip.resolving import Routing
from agenthost.sip.rules import Numbers, Rule, RuleTable, Users

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu")
ARRIVING = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(["sip:", "tel:", "<", ">", "@", "a", "+49", "%", "\x00", "\ud800", "é"]), max_size=9).map(
        "".join
    ),
)
USERS = st.sampled_from(["sales", "support", "support-vip", "s", "+4930555"])
RULES = st.lists(
    st.tuples(
        st.one_of(
            st.none(),
            st.builds(
                Users,
                st.frozensets(USERS, max_size=2),
                st.lists(st.sampled_from(["s*", "sup?ort", "[st]*", "*"]), max_size=2).map(tuple),
            ),
        ),
        st.one_of(st.none(), st.just(Numbers.parse(["+4930*"])), st.just(Numbers.parse(["+4930555"]))),
        st.one_of(st.none(), st.just(Hours.parse(["Mon-Fri 09:00-17:00"], "UTC"))),
        st.one_of(st.none(), st.just("other")),
    ),
    max_size=6,
).map(
    lambda rows: tuple(
        Rule(i + 1, f"f:{i}", f"a{i}", other if hours else None, users, called, None, hours)
        for i, (users, called, hours, other) in enumerate(rows)
    )
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MONDAY = datetime(2026, 11, 16, 10, 0, tzinfo=UTC)


def user_rule(number, *users, pattern=(), **more):
    return Rule(number, f"agenthost.toml:{number}", f"a{number}", users=Users(frozenset(users), tuple(pattern)), **more)


@given(
    st.sampled_from(ZONES),
    MOMENTS,
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
def test_hours_are_what_clocks_show(zone, moment, days, start, length):
    """The result matches a simple model.

    It goes back over the clock's face to the day on which the hours began.
    """
    end = (start + length) % 1440
    text = f"{','.join(DAYS[day] for day in sorted(days))} {start // 60:02}:{start % 60:02}-"
    text += "24:00" if end == 0 else f"{end // 60:02}:{end % 60:02}"
    if length == 1440 and start:
        return  # 09:00-09:00 is refused
    hours = Hours.parse([text], zone)
    local = moment.astimezone(__import__("zoneinfo").ZoneInfo(zone))
    shown = local.hour * 60 + local.minute
    today, yesterday = local.weekday() in days, (local.weekday() - 1) % 7 in days

    expected = (today and start <= shown < start + length) or (yesterday and shown + 1440 < start + length)
    assert hours.holds(moment) == expected
    assert hours.holds(local.replace(tzinfo=None)) == expected


def test_hours_on_the_nights_on_which_clocks_are_changed():
    """Berlin, 29 March and 25 October 2026: minute for minute, both 02:30 of October count."""
    hours = Hours.parse(["Sun 02:00-03:00"], "Europe/Berlin")

    def minutes(day):
        start = day.replace(tzinfo=UTC) - timedelta(hours=3)
        return sum(hours.holds(start + timedelta(minutes=minute)) for minute in range(9 * 60))

    assert minutes(datetime(2026, 3, 29)) == 0  # noqa: DTZ001
    assert minutes(datetime(2026, 10, 25)) == 120  # noqa: DTZ001
    assert minutes(datetime(2026, 10, 18)) == 60  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Mon-Fry 09:00-17:00", "'Mon-Fry' is not a day"),
        ("09:00", "'09:00' is not a time from-to"),
        ("Mon 9-17", "'9-17' is not a time"),
        ("Mon 09:00-09:00", "is empty"),
        ("Mon 24:00-09:00", "is empty"),
        ("Mon 09:60-10:00", "9:60 is not a time of day"),
        ("Mon 09:00-24:01", "24:01 is not a time of day"),
        ("whenever", "is not hours such as"),
        ("", "is not hours such as"),
    ],
)
def test_hours_that_are_none(text, told):
    with pytest.raises(ValueError, match=told):
        Hours.parse([text], "UTC")


@pytest.mark.parametrize("zone", ["Europe/Bärlin", "Europe", "../etc/passwd", "/etc/passwd", "", "x" * 5000, "\x00"])
def test_time_zones_that_are_none(zone):
    with pytest.raises(ValueError, match="is not a time zone of the IANA database"):
        Hours.parse(["09:00-17:00"], zone)


@given(RULES, st.one_of(USERS, ARRIVING), MOMENTS)
def test_the_first_rule_that_fits_decides(rules, to, moment):
    """The index finds what asking one after another finds."""
    call = SipCall.of({"to": to}, moment)
    decided = RuleTable(rules).decide(call, moment)
    from agenthost.sip import user_of  # noqa: PLC0415 - only here

    user = user_of(to)
    asked = ((rule, rule.decide(user.casefold(), call, moment)) for rule in rules) if user is not None else ()
    assert decided == next(((rule, agent) for rule, agent in asked if agent is not None), None)


@given(RULES, ARRIVING, st.dictionaries(st.text(max_size=3), st.one_of(st.text(), st.integers(), st.none())))
def test_whatever_arrives_is_decided(rules, to, more):
    """Nothing raises, and who answers is served."""
    routing = Routing(RuleTable(rules), AliasTable.of([SipAlias("s", "a0")]), served={"a0": "a0", "other": "other"})

    for call in ({"to": to, "headers": more}, {**more, "to": to, "from": to, "headers": [more, to]}):
        assert routing.resolve(SipCall.of(call)).agent in {"a0", "other", None}


@given(RULES, USERS, MOMENTS)
def test_a_rule_that_is_never_reached_never_decides(rules, to, moment):
    """The report of unreachable rules is correct."""
    unreached, _ = overlaps(rules)
    decided = RuleTable(rules).decide(SipCall.of({"to": to}, moment), moment)

    assert decided is None or not any(sentence.startswith(f"{decided[0].place}: ") for sentence in unreached)


@pytest.mark.parametrize(
    ("rules", "unreached", "shadowed"),
    [
        ([user_rule(1, "a"), user_rule(2, "a")], ["rule 2 is never reached: agenthost.toml:1: rule 1"], []),
        ([user_rule(1, "a"), user_rule(2, "a", "b")], [], ["rule 2 never decides for 'a': agenthost.toml:1"]),
        ([user_rule(1, "a"), user_rule(2, pattern=["*"])], [], []),
        ([user_rule(1, pattern=["s*"]), user_rule(2, pattern=["sales-*"])], ["rule 2 is never reached"], []),
        ([user_rule(1, pattern=["s?"]), user_rule(2, pattern=["s*"])], [], []),
        ([user_rule(1, "a", called=Numbers.parse(["+49*"])), user_rule(2, "a")], [], []),
        (
            [
                Rule(1, "agenthost.toml:1", "x", called=Numbers.parse(["+49*"])),
                Rule(2, "agenthost.toml:2", "y", called=Numbers.parse(["+4930*"])),
            ],
            ["rule 2 is never reached"],
            [],
        ),
        ([user_rule(1, "a", hours=Hours.parse(["Mon 09:00-10:00"], "UTC")), user_rule(2, "a")], [], []),
        (
            [user_rule(1, "a", hours=Hours.parse(["Mon 09:00-10:00"], "UTC"), otherwise="x"), user_rule(2, "a")],
            ["rule 2 is never reached"],
            [],
        ),
    ],
)
def test_overlaps(rules, unreached, shadowed):
    for told, expected in zip(overlaps(rules), (unreached, shadowed), strict=True):
        assert len(told) == len(expected)
        assert all(part in sentence for part, sentence in zip(expected, told, strict=True))


@pytest.mark.parametrize(
    ("routing", "to", "agent", "label", "missed"),
    [
        ({"rules": RuleTable((user_rule(1, "s"), user_rule(2, "s")))}, "s", None, "unmatched", "a1"),
        ({"rules": RuleTable((user_rule(1, "s"),)), "default": "main"}, "s", "main", "default", "a1"),
        ({"aliases": AliasTable.of([SipAlias("s", "gone")])}, "s", None, "unmatched", "gone"),
        ({"aliases": AliasTable.of([SipAlias("S", "a2")])}, "sip:S@x", "a2", "alias", None),
        ({"aliases": AliasTable.of([SipAlias("+49 30-1", "a2")])}, "tel:+49-301", "a2", "alias", None),
        ({"rules": RuleTable((user_rule(2, "s"),))}, "sip:%73@x", "a2", "rule 2", None),
        ({"default": "gone"}, "s", None, "unmatched", None),
        ({"default": "main"}, ":::", "main", "default", None),
    ],
)
def test_never_silently_somebody_else(routing, to, agent, label, missed):
    """A rule whose agent is not served leaves the call to the default agent."""
    served = {"a2": "a2", "main": "main"}
    decision = Routing(**routing, served=served).resolve(SipCall.of({"to": to}, MONDAY))

    assert (decision.agent, decision.label, decision.missed) == (agent, label, missed)


def test_a_pattern_takes_no_time_for_what_nearly_fits():
    """Patterns with many stars are tried once, not in all ways."""
    users = Users(frozenset(), ("*a" * 200 + "b",))

    assert not users.match("a" * 1024)


def test_a_call_is_read_as_the_platform_sends_it():
    headers = [{"name": "X-Tier", "value": "gold"}, {"name": 5}, "nonsense"]
    call = SipCall.of({"to": "sip:desk@x", "to_number": "+49 30 1", "from": "sip:+1-555@x", "headers": headers}, MONDAY)

    assert (call.called, call.calling, call.header("x-tier"), call.header("y")) == ("+49301", "+1555", "gold", None)
