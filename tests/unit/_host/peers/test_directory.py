"""The directory of hosts: signed entries, each with a lease."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, strategies as st
from polling import poll_in_loop

from agenthost import StateOptions
from agenthost._host.config.schema import Config, HostConfig, KeyConfig
from agenthost._host.peers.directory import Announcement, announcing, directory_of, entries_of
from agenthost.builtin.state_sqlite import sqlite_provider
from agenthost.secret import HashedSecret
from agenthost.state import Stores

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def host(lease=15.0, **keys):
    """Return the configuration of a host with keys, each with one or more secrets."""
    made = {
        name: KeyConfig(secret=tuple(map(HashedSecret.of, secrets)), agents=("*",), scopes=("text",))
        for name, secrets in keys.items()
    }
    own = HostConfig(announce="east", announce_url="https://east.example.com", announce_lease=lease)
    return Config(host=own, keys=made)


def digest(secret):
    return HashedSecret.of(secret).digest


@given(WORDS, WORDS, st.lists(WORDS, max_size=4), WORDS, st.lists(SECRETS, min_size=2, max_size=3, unique=True))
def test_an_entry_is_read_by_those_whose_key_signed_it(name, url, agents, user, secrets):
    """Another host, URL, list, user or secret is another entry."""
    known, unknown = secrets[:-1], secrets[-1]
    told = Announcement(name, url, f"{url}/calls", tuple(agents))
    entry = told.signed(host(**{user: known}))

    assert [Announcement.read(name, entry, user, digest(secret)) for secret in known] == [told] * len(known)
    for changed in (
        Announcement.read(name, entry, user, digest(unknown)),
        Announcement.read(f"{name}.", entry, user, digest(known[0])),
        Announcement.read(name, entry, f"{user}.", digest(known[0])),
        Announcement.read(name, {**entry, "url": f"{url}."}, user, digest(known[0])),
        Announcement.read(name, {**entry, "calls": url}, user, digest(known[0])),
        Announcement.read(name, {**entry, "agents": [*agents, "sales"]}, user, digest(known[0])),
    ):
        assert changed is None


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"url": 1},
        {"url": "u", "calls": "u", "agents": [1], "signed": {}},
        {"url": "u", "calls": "u", "agents": [], "signed": {"west": 1}},
    ],
)
def test_an_entry_of_another_form_is_none(entry):
    assert Announcement.read("east", entry, "west", digest("key")) is None


async def entries(directory):
    return await sqlite_provider().open(f"sqlite:///{directory}/shared.db", StateOptions(30, 30, str(directory)))


async def holds(function, expected):
    return await function() == expected


def test_an_entry_lives_while_its_host_serves(tmp_path):
    """It is renewed, follows the served agents, and is removed when the host stops."""
    config, served = host(lease=0.4, west=["key"]), ["billing"]

    async def serve():
        opened = await entries(tmp_path)
        stores = Stores(opened)
        store = directory_of(stores)

        async def told():
            found = await entries_of(store, "east")
            return [Announcement.read("east", entry, "west", digest("key")).agents for entry in found]

        async def versions():
            return [(key, (await store.read(key)).version) async for key in store.scan()]

        async with announcing(lambda: config, stores, lambda: (*served,)):
            await poll_in_loop(told)
            [(key, version)] = await versions()
            await poll_in_loop(lambda: renewed(versions, key, version))
            served.append("returns")
            await poll_in_loop(lambda: holds(told, [("billing", "returns")]))
            served.clear()
            await poll_in_loop(lambda: holds(told, []))
            served.append("billing")
            await poll_in_loop(told)
        left = await told()
        await opened.close()
        return left

    assert asyncio.run(serve()) == []


async def renewed(versions, key, version):
    [(same, now)] = await versions()
    return same == key and now > version


def test_an_entry_of_a_killed_host_is_gone_after_its_lease(tmp_path):
    async def wait():
        opened = await entries(tmp_path)
        store = directory_of(Stores(opened))
        await store.set("east/1", Announcement("east", "u", "u", ("billing",)).signed(host(west=["key"])), ttl=0.3)
        before = await entries_of(store, "east")
        await poll_in_loop(lambda: holds(lambda: entries_of(store, "east"), []))
        await opened.close()
        return before

    assert len(asyncio.run(wait())) == 1
