"""Stores: what they refuse, and how they are named."""

import asyncio
import math
from datetime import date

import pytest

from agenthost import StateProvider, StateRefused, StateUnavailable
from agenthost.builtin.state_memory import memory_provider
from agenthost.errors import DefinitionError
from agenthost.state import NO_STORES, Scope, StateOptions, Store, Stores


@pytest.fixture
def store():
    entries = asyncio.run(memory_provider().open("memory://", StateOptions()))
    return Store(entries, Scope("agent", "desk"))


LOOP = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param(object(), "dicts, not object", id="object"),
        (date(2026, 1, 1), "dicts, not date"),
        (b"bytes", "dicts, not bytes"),
        ({1}, "dicts, not set"),
        (math.nan, "neither NaN nor infinity"),
        ([math.inf], "neither NaN nor infinity"),
        ({1: "a"}, "names in an object are text, not int"),
        (2**63, "64 bits"),
        ("\ud800", "lone surrogate"),
        (LOOP, "nested too deeply"),
        ("x" * 262144, "262144 bytes of JSON, and this one has 262146"),
    ],
    ids=str,
)
def test_values_that_are_refused(store, value, sentence):
    """They are named by their kind, and what was there stays."""
    asyncio.run(store.set("key", "before"))
    with pytest.raises(StateRefused, match=sentence):
        asyncio.run(store.set("key", value))
    with pytest.raises(StateRefused, match=sentence):
        asyncio.run(store.update("key", lambda _: value))
    assert asyncio.run(store.get("key")) == "before"


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("", "1 to 512 bytes, not 0"),
        ("é" * 257, "not 514"),
        (5, "not int"),
        (b"key", "not bytes"),
        ("\udfff", "surrogate"),
    ],
)
def test_keys_that_are_refused(store, key, sentence):
    with pytest.raises(StateRefused, match=sentence):
        asyncio.run(store.get(key))


@pytest.mark.parametrize("ttl", [0, -1, math.nan, math.inf, "60", True])
def test_times_to_live_that_are_refused(store, ttl):
    with pytest.raises(StateRefused, match="ttl must be a number of seconds above 0"):
        asyncio.run(store.set("key", 1, ttl=ttl))


@pytest.mark.parametrize("by", [1.0, "1", True, 2**64])
def test_what_cannot_be_added(store, by):
    with pytest.raises(StateRefused, match="integer"):
        asyncio.run(store.incr("key", by))


def test_a_store_says_whose_it_is(store):
    assert repr(store) == "Store(agent 'desk')"


@pytest.mark.parametrize("schemes", [(), ("",), ("Redis",), ("redis://",), "redis", [5]])
def test_a_provider_needs_schemes(schemes):
    with pytest.raises(DefinitionError, match="schemes in lower case"):
        StateProvider(schemes, None)


def test_what_is_not_served_has_no_state():
    """Every operation raises the error."""
    store = NO_STORES.agent("desk")

    async def scan():
        return [key async for key in store.scan()]

    for operation in (
        store.get("k"),
        store.set("k", 1),
        store.set_if_absent("k", 1),
        store.incr("k"),
        store.delete("k"),
        store.ping(),
        scan(),
    ):
        with pytest.raises(StateUnavailable, match="no host serves this agent"):
            asyncio.run(operation)
    with pytest.raises(StateUnavailable, match="not serving yet"):
        store.sync.get("k")


def test_a_call_without_an_id_has_no_state(store):
    with pytest.raises(StateUnavailable, match="no call_id"):
        asyncio.run(Stores(store._entries).call("").get("k"))


def test_state_of_calls_is_kept_for_a_day(monkeypatch):
    """After its last write, whichever operation that was."""
    now = [0.0]
    entries = asyncio.run(memory_provider(lambda: now[0]).open("memory://", StateOptions()))

    async def use():
        call = Stores(entries).call("c-1")
        await call.set("written", 1)
        await call.set("again", 1)
        await call.set("briefly", 1, ttl=10)
        now[0] += 86000
        await call.incr("again")
        assert await call.get("written") == 1
        assert await call.get("briefly") is None
        now[0] += 86000
        assert await call.get("written") is None
        assert await call.get("again") == 2

    asyncio.run(use())


def test_the_data_of_the_host_has_no_public_name():
    """No shared name or key of an author reaches it.

    Neither does a kind that a package defines.
    """

    async def tried():
        stores = Stores(await memory_provider().open("memory://", StateOptions()))
        await stores.own("conversation transcripts").set("c-1", "secret")
        shared = stores.shared("conversation transcripts")
        return await shared.get("c-1"), [key async for key in shared.scan()]

    assert asyncio.run(tried()) == (None, [])
    with pytest.raises(ValueError, match="kind"):
        Scope("own", "conversation transcripts").prefix("data")


def test_calls_of_other_credentials_are_apart():
    """The same call id has separate state for agents with other credentials.

    All other state is shared.
    """

    async def tried():
        stores = Stores(await memory_provider().open("memory://", StateOptions()))
        sales, support = stores.within("aa"), stores.within("bb")
        await sales.call("c-1").set("card", "sales")
        await sales.agent("desk").set("visits", 1)
        seen = [await each.call("c-1").get("card") for each in (stores, sales, support)]
        listed = [[key async for key in each.call("c-1").scan()] for each in (stores, sales, support)]
        return seen, listed, await support.agent("desk").get("visits")

    assert asyncio.run(tried()) == ([None, "sales", None], [[], ["card"], []], 1)
