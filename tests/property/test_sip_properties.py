"""SIP addresses and aliases, whatever arrives and in whatever order."""

from __future__ import annotations

from hypothesis import given, strategies as st

from agenthost.sip import AliasTable, SipAlias, SipUri, squashed, user_of

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)
HOSTS = st.one_of(
    st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9-]{1,8}){0,2}", fullmatch=True), st.sampled_from(["[::1]", "10.0.0.7"])
)
PORTS = st.one_of(st.none(), st.integers(0, 65535))
PARAMETERS = st.lists(st.tuples(WORDS, st.one_of(st.none(), TEXT)), max_size=2).map(tuple)
HEADERS = st.lists(st.tuples(WORDS, TEXT), max_size=2).map(tuple)
NUMBERS = st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True)

SIP = st.builds(
    SipUri,
    scheme=st.sampled_from(["sip", "sips"]),
    user=TEXT,
    host=HOSTS,
    port=PORTS,
    parameters=PARAMETERS,
    headers=HEADERS,
    display=TEXT.map(str.strip),
)
TEL = st.builds(SipUri, scheme=st.just("tel"), user=NUMBERS, parameters=PARAMETERS, display=TEXT.map(str.strip))
PIECES = st.one_of(
    st.sampled_from(["sip:", "SIPS:", "tel:", "a", "+1 (555) 01", "@", "host", "[::1]", ":5060", ":99999", ",,,"]),
    st.sampled_from(["<", ">", '"', "\\", ";", "?", "&", "=", "%", "%41", "%ff", "%00", " ", "\t", "é", "\ud800"]),
)
ARRIVING = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=12).map("".join))
ALIASES = st.lists(
    st.builds(
        SipAlias, st.sampled_from(["sales", "Sales", "sales-team", "SALESTEAM", "s", ""]), st.sampled_from("abc")
    ),
    max_size=6,
)


@given(st.one_of(SIP, TEL))
def test_an_address_reads_back_as_it_was_written(uri):
    assert uri == SipUri.parse(str(uri))


@given(ARRIVING)
def test_whatever_arrives_is_an_address_or_none(text):
    """Nothing raises, and what was read can be written and read again."""
    uri = SipUri.parse(text)

    assert uri is None or SipUri.parse(str(uri)) == uri
    assert user_of(text) is None or user_of(text) != ""


@given(ARRIVING, ALIASES)
def test_a_table_answers_whatever_arrives(text, aliases):
    table = AliasTable.of(aliases)

    assert table.find(text) in (None, *table.agents.values())


@given(SIP.filter(lambda uri: uri.user.strip()))
def test_neither_case_nor_escapes_nor_surroundings_matter(uri):
    """An alias is reached by its address, however it is spelled."""
    table = AliasTable.of([SipAlias(user_of(str(uri)), "agent")])
    escaped = "".join(f"%{byte:02X}" for byte in uri.user.encode())

    for text in (str(uri), f"{uri.scheme.upper()}:{escaped}@elsewhere.example:5080;x=y"):
        assert table.find(text) == "agent"


@given(st.data(), st.lists(ALIASES, max_size=3))
def test_nobody_wins_by_order(data, tiers):
    """Within a tier, the order in which aliases are named decides nothing."""
    shuffled = [data.draw(st.permutations(tier)) for tier in tiers]

    assert AliasTable.of(*tiers) == AliasTable.of(*shuffled)


@given(st.lists(ALIASES, max_size=3))
def test_every_alias_reaches_one_agent_or_is_a_conflict(tiers):
    table = AliasTable.of(*tiers)
    asked = {alias.user.casefold() for tier in tiers for alias in tier if alias.user}

    assert asked <= set(table.agents) | set(table.conflicts)
    assert not set(table.agents) & set(table.conflicts)
    assert set(table.agents) | set(table.conflicts) <= asked | {squashed(user) for user in asked}


@given(ALIASES, ALIASES)
def test_an_earlier_tier_is_not_disturbed_by_a_later_one(first, second):
    alone, both = AliasTable.of(first), AliasTable.of(first, second)
    asked = {alias.user.casefold() for alias in first if alias.user}

    assert {user: alone.agents.get(user) for user in asked} == {user: both.agents.get(user) for user in asked}
