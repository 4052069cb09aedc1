"""Tokens: what opens what."""

from __future__ import annotations

import pytest
from clock import Clock
from hypothesis import assume, given, strategies as st

from agenthost._host.access.tokens import LEEWAY, LIFETIME, Tokens, edition_of, generation_of

NOW = 1_800_000_000.0
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TOOLS = TEXT.filter(lambda name: not name.startswith("/"))
PLACES = st.tuples(TEXT, TOOLS, TEXT)
"""Agent, tool, call."""
KEYS = st.binary(min_size=1, max_size=40)


CLOCK = Clock()


def signing(*given, **more):
    """Tokens that expire by a clock which only the test sets."""
    CLOCK.now = NOW
    return Tokens(*given, **more, clock=CLOCK)


def minted(signer, agent, tool, call):
    return signer.minter(agent, call)(tool).decode()


def minted_at(signer, agent, tool, call):
    """A token that was minted at the beginning."""
    now, CLOCK.now = CLOCK.now, NOW
    token = minted(signer, agent, tool, call)
    CLOCK.now = now
    return token


@given(KEYS, PLACES, PLACES)
def test_a_token_opens_its_own_tool_and_call_alone(key, place, other):
    """A token is for one agent, tool and call, however the parts are cut."""
    assume(place != other)
    signer = signing([key])
    token = minted(signer, *place)

    assert signer.verify(token, *place)
    assert not signer.verify(token, *other)


@given(KEYS, st.lists(TEXT, min_size=3, max_size=3), st.integers(1, 3))
def test_moving_a_letter_from_one_part_to_the_next_makes_another_token(key, parts, cut):
    """The parts stay distinct, whatever they contain."""
    agent, tool, call = parts
    assume(len(tool) >= cut)
    signer = signing([key])

    assert not signer.verify(minted(signer, agent, tool, call), agent + tool[:cut], tool[cut:], call)


@given(TEXT, TEXT, st.integers(1, 9), st.integers(10, 19), st.integers(0, 29))
def test_what_lasts_as_long_as_the_call_does_not_expire_with_its_tools(agent, call, lifetime, longest, later):
    """The summary's token and the credentials for a call outlive the tokens of tools."""
    signer = signing([b"key"], lifetime, longest)
    for what in ("/post_prompt", "/reach"):
        token = minted_at(signer, agent, what, call)
        CLOCK.now = NOW + LEEWAY + later
        assert (later <= longest) is signer.verify(token, agent, what, call)
        assert (later <= lifetime) is signer.verify(minted_at(signer, agent, "book", call), agent, "book", call)


@given(PLACES, TEXT)
def test_a_token_opens_requests_that_name_its_call_in_either_place(place, other):
    """Its id may be that of the call or of the conversation.

    Any other id opens nothing.
    """
    agent, tool, call = place
    assume(other != call)
    signer = signing([b"key"])
    token = minted(signer, *place)

    assert signer.verify(token, agent, tool, other, call)
    assert signer.verify(token, agent, tool, call, None)
    assert not signer.verify(token, agent, tool, other, None)
    assert not signer.verify(token, agent, tool, None)
    assert not signer.verify(token, agent, tool)


@given(PLACES, st.integers(1, 10 * LIFETIME), st.integers(-LIFETIME, 20 * LIFETIME))
def test_a_token_expires(place, lifetime, later):
    """It is accepted until its lifetime and the leeway have passed, and no longer."""
    signer = signing([b"key"], lifetime)
    token = minted(signer, *place)

    CLOCK.now = NOW + later
    assert (later <= lifetime + LEEWAY) is signer.verify(token, *place)


@given(PLACES, st.lists(KEYS, min_size=2, max_size=4, unique=True), st.data())
def test_keys_can_be_replaced(place, keys, data):
    """The first key signs, and any of the keys verifies.

    A removed key opens nothing.
    """
    old, new = signing(keys[:1]), signing(keys[1:] + keys[:1])
    gone = signing(keys[1:])
    token = minted(old, *place)

    assert new.verify(token, *place)
    assert not gone.verify(token, *place)
    assert signing([keys[1]]).verify(minted(new, *place), *place)


@given(PLACES, st.data())
def test_any_change_is_refused(place, data):
    """A token that was cut, lengthened or altered anywhere is none."""
    signer = signing([b"key"])
    token = minted(signer, *place)
    index = data.draw(st.integers(0, len(token)))
    removed = data.draw(st.integers(0, 3))
    inserted = data.draw(st.text(max_size=3) | st.text("0123456789.-_=+ \n", max_size=3))
    changed = token[:index] + inserted + token[index + removed :]
    assume(changed != token)

    assert not signer.verify(changed, *place)


@given(
    st.text() | st.from_regex(r"\d{1,130}\.[A-Za-z0-9_-]{0,40}") | st.text("0123456789.eE+-_ ٣²", max_size=150), PLACES
)
def test_arbitrary_text_is_refused_without_an_exception(text, place):
    """A client may send any text as a token."""
    assert signing([b"key"]).verify(text, *place) is False


def test_a_token_stands_in_a_url_and_in_json_as_it_is():
    """Nothing in it needs escaping, and it is short."""
    token = minted(signing([b"key"], edition="Ab-_"), "/sales", "book", "call-1")

    assert token.partition(".")[0] == str(int(NOW) + LIFETIME)
    assert len(token) <= 64
    assert not set(token) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@pytest.mark.parametrize("change", ["0{}", "00{}", "+{}", " {}", "{}=", "{}\n", "{}."])
def test_another_spelling_is_another_token(change):
    """A token has one spelling, so a list of refused tokens is complete."""
    signer = signing([b"key"])

    assert not signer.verify(change.format(minted(signer, "/sales", "book", "call-1")), "/sales", "book", "call-1")


@given(PLACES, st.text("abcXYZ019-_", max_size=4), st.text("abcXYZ019-_", max_size=4))
def test_an_edition_is_told_and_cannot_be_exchanged(place, edition, other):
    """A token is accepted whatever edition is served now."""
    token = minted(signing([b"key"], edition=edition), *place)

    assert edition_of(token) == edition
    assert signing([b"key"], edition=other).verify(token, *place)
    moved = token.replace(f".{edition}.", f".{other}.")
    assert signing([b"key"]).verify(moved, *place) is (edition == other)


@given(st.text(max_size=200))
def test_anything_names_an_edition_or_none(text):
    """A client may send any text as a token."""
    assert isinstance(edition_of(text), str)
    assert isinstance(generation_of(text), str)


@given(PLACES, st.text("abcXYZ019-_", min_size=4, max_size=4), st.text("abcXYZ019-_", max_size=12))
def test_a_token_names_the_generation_that_minted_it(place, edition, generation):
    """Every other generation accepts it, and so does a host that has no generations."""
    token = minted(signing([b"key"], edition=edition, generation=generation), *place)

    assert (edition_of(token), generation_of(token)) == (edition, generation)
    assert signing([b"key"], edition=edition, generation="other").verify(token, *place)
    assert signing([b"key"]).verify(token, *place)


def test_a_token_without_a_generation_names_none():
    """Earlier releases minted it, or a host whose only process has reloaded in place."""
    token = minted(signing([b"key"], edition="Ab-_"), "/sales", "book", "call-1")

    assert generation_of(token) == ""
    assert signing([b"key"], edition="Ab-_", generation="G-1_xy").verify(token, "/sales", "book", "call-1")


def test_a_thing_has_one_name_for_those_with_the_same_key():
    """It gives nothing away of what it names."""
    assert signing([b"a", b"b"]).name(b"x") == signing([b"a"]).name(b"x") != signing([b"b"]).name(b"x")


def test_keys_are_not_printed():
    assert "hidden" not in repr(signing([b"hidden"]))


def test_a_token_that_was_right_expires_and_opens_nothing_else():
    """The latest right tokens are remembered, in bounded memory."""
    signer = signing([b"key"])
    for number in range(600):
        assert signer.verify(minted(signer, "sales", "book", f"call-{number}"), "sales", "book", f"call-{number}")
    token = minted(signer, "sales", "book", "call")
    for _ in range(2):
        assert signer.verify(token, "sales", "book", "call")
        assert not signer.verify(token, "sales", "book", "call-1")
        assert not signer.verify(token, "sales", "cancel", "call")

    CLOCK.now += LIFETIME + LEEWAY + 1

    assert not signer.verify(token, "sales", "book", "call")
    assert len(signer._right) <= 256
