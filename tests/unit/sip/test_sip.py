"""SIP addresses, aliases, and who is reached (wire.md, section 4)."""

from __future__ import annotations

import pytest

from agenthost.sip import AliasTable, SipAlias, SipUri, squashed, user_of


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:sales@acme.example", SipUri("sip", "sales", "acme.example")),
        ("SIPS:Sales@ACME.example:5061", SipUri("sips", "Sales", "acme.example", 5061)),
        ("sip:sales:secret@acme.example", SipUri("sip", "sales", "acme.example")),
        ("sip:acme.example", SipUri("sip", "", "acme.example")),
        ("sip:a%20b@[::1]:5060", SipUri("sip", "a b", "[::1]", 5060)),
        (
            "sip:x@h;transport=tls;lr?subject=hello%20you&to=z",
            SipUri(
                "sip", "x", "h", None, (("transport", "tls"), ("lr", None)), (("subject", "hello you"), ("to", "z"))
            ),
        ),
        ('"Help \\"me\\"" <sip:help@x>;tag=1', SipUri("sip", "help", "x", display='Help "me"')),
        ("Help me <sip:help@x>", SipUri("sip", "help", "x", display="Help me")),
        ("<sip:help@x>", SipUri("sip", "help", "x")),
        ("tel:+1-555-(010) 9;ext=3", SipUri("tel", "+15550109", parameters=(("ext", "3"),))),
        (" sip:help@x ", SipUri("sip", "help", "x")),
    ],
)
def test_addresses(text, uri):
    assert uri == SipUri.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "sales", "sales@acme.example", "http://acme.example", "mailto:a@b", "sip:", "sip:@host", "sip:a@"),
        *("sip:a@h:65536", "sip:a@h:x", "sip:a@ho st", "sip:a%ff@h", "sip:a%00@h", "sip:a@h\n", "tel:", "tel:abc"),
        "sip:" + "a" * 1024 + "@h",
    ],
)
def test_what_is_no_address(text):
    assert SipUri.parse(text) is None


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("sip:sales@acme.example", "sales"),
        ("sales@acme.example", "sales"),
        ("sales", "sales"),
        ("sip:+1-555-0100@acme.example;user=phone", "+15550100"),
        ("sip:+15550100;ext=7@acme.example", "+15550100"),
        ("+1 (555) 0100", "+15550100"),
        ("tel:+1-555-0100", "+15550100"),
        ("sip:acme.example", None),
        ("", None),
    ],
)
def test_user_parts(text, user):
    """Of anything that a platform may name as the target of a call."""
    assert user == user_of(text)


@pytest.mark.parametrize(
    ("user", "short"), [("sales-agent", "salesagent"), ("Sales Team", "salesteam"), ("a_b.c", "a_bc"), ("é", "")]
)
def test_squashed(user, short):
    assert short == squashed(user)


class TestTable:
    def test_case_does_not_matter(self):
        table = AliasTable.of([SipAlias("Straße", "one")])

        assert [table.find(f"sip:{user}@x") for user in ("stra%C3%9Fe", "STRASSE", "strasse2")] == ["one", "one", None]

    def test_aliases_are_exact_and_squashed(self):
        table = AliasTable.of([SipAlias("sales-agent", "sales")])

        assert table.agents == {"sales-agent": "sales", "salesagent": "sales"}

    def test_a_squashed_form_never_takes_an_alias_from_anybody(self):
        table = AliasTable.of([], [SipAlias("salesagent", "other")], [SipAlias("sales-agent", "sales")])

        assert table.agents == {"salesagent": "other", "sales-agent": "sales"}

    def test_two_squashed_forms_reach_nobody_and_are_no_conflict(self):
        table = AliasTable.of([SipAlias("a-b", "one"), SipAlias("a.b", "two")])

        assert (table.agents, table.conflicts) == ({"a-b": "one", "a.b": "two"}, {})

    def test_a_conflict_reaches_nobody(self):
        table = AliasTable.of([SipAlias("sales", "one"), SipAlias("SALES", "two"), SipAlias("help", "two")])

        assert table.conflicts == {"sales": ("one", "two")}
        assert [table.find("sales"), table.find("help")] == [None, "two"]

    def test_an_earlier_tier_wins(self):
        table = AliasTable.of([SipAlias("sales", "set")], [SipAlias("sales", "asked"), SipAlias("sales", "too")])

        assert (table.find("sales"), table.conflicts) == ("set", {})

    @pytest.mark.parametrize("address", ["", "sip:", "mailto:sales@x", "sip:@x", "\x00", "sip:sales@x" + "y" * 2000])
    def test_nobody(self, address):
        """An unknown address reaches no agent."""
        assert AliasTable.of([SipAlias("sales", "one")]).find(address) is None
