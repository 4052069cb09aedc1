"""StoreContract: the tests that every store of shared state must pass."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from agenthost.errors import StateRefused
from agenthost.state import Scope, StateOptions, Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agenthost.state import Entries, StateProvider

__all__ = ["StoreContract"]

_MOST = 2**63 - 1


class StoreContract:
    """Tests for a state provider.

    Inherit them in a class called ``Test…`` with the fixtures ``provider`` and ``url``. The store at the URL must be
    empty, and must allow several connections.
    """

    @pytest.fixture
    def provider(self) -> StateProvider:
        """Return the provider."""
        raise NotImplementedError

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of a store for this test alone."""
        raise NotImplementedError

    @pytest.fixture
    def options(self, tmp_path: Any) -> StateOptions:
        """Return patient options, for busy machines."""
        return StateOptions(connect_timeout=10, operation_timeout=10, directory=str(tmp_path))

    @pytest.fixture
    def run(self, provider: StateProvider, url: str, options: StateOptions) -> Callable[..., Any]:
        """Return a function that runs a coroutine function with freshly opened stores."""

        def running(body: Callable[..., Awaitable[Any]], count: int = 1) -> Any:
            async def opened() -> Any:
                entries: list[Entries] = []
                try:
                    entries.extend([await provider.open(url, options) for _ in range(count)])
                    return await body(*(Store(each, Scope("agent", "tested")) for each in entries))
                finally:
                    for each in entries:
                        await each.close()

            return asyncio.run(opened())

        return running

    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            0,
            -7,
            1.5,
            "",
            "žluťoučký 🐎 \0 text",
            [],
            {},
            [1, [2, {"a": None}]],
            {"ä": {"b": [1.0]}},
            "x" * 9999,
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_what_is_read_is_what_was_written(self, run: Callable[..., Any], value: Any) -> None:
        """Values come back as they were, in other stores on the same entries too."""

        async def body(store: Store, other: Store) -> Any:
            await store.set("key", value)
            return await other.get("key", "nothing"), await other.exists("key")

        assert run(body, 2) == (value, True)

    def test_what_is_not_there(self, run: Callable[..., Any]) -> None:
        """A missing key has the default, and cannot be removed."""

        async def body(store: Store) -> None:
            assert await store.get("key") is None
            assert await store.get("key", 5) == 5
            assert not await store.exists("key")
            assert not await store.delete("key")
            found = await store.read("key")
            assert (found.value, found.version) == (None, 0)

        run(body)

    def test_large_values_and_keys(self, run: Callable[..., Any]) -> None:
        """The largest value under the longest key is kept."""

        async def body(store: Store) -> None:
            key, value = "é" * 256, "v" * (256 * 1024 - 2)
            await store.set(key, value)
            assert await store.get(key) == value
            assert [found async for found in store.scan()] == [key]

        run(body)

    def test_a_removed_key_is_gone(self, run: Callable[..., Any]) -> None:
        """A key can be removed once."""

        async def body(store: Store) -> None:
            await store.set("key", 1)
            assert await store.delete("key")
            assert not await store.delete("key")
            assert await store.get("key") is None

        run(body)

    def test_integers_are_added_to(self, run: Callable[..., Any]) -> None:
        """``incr`` starts from nothing or an integer, up to the last bit."""

        async def body(store: Store) -> None:
            assert await store.incr("count") == 1
            assert await store.incr("count", 41) == 42
            assert await store.incr("count", -50) == -8
            assert await store.get("count") == -8
            await store.set("count", _MOST - 1)
            assert await store.incr("count") == _MOST
            with pytest.raises(StateRefused, match="64 bits"):
                await store.incr("count")
            assert await store.get("count") == _MOST
            await store.set("count", -_MOST)
            assert await store.incr("count", -1) == -_MOST - 1

        run(body)

    @pytest.mark.parametrize("value", ["5", 1.5, None, True, [1], {}])
    def test_what_is_no_integer_is_not_added_to(self, run: Callable[..., Any], value: Any) -> None:
        """``incr`` refuses other values and leaves them unchanged."""

        async def body(store: Store) -> None:
            await store.set("key", value)
            with pytest.raises(StateRefused, match="integer"):
                await store.incr("key")
            assert await store.get("key") == value

        run(body)

    def test_versions(self, run: Callable[..., Any]) -> None:
        """Each write changes the version, and no version is reused after a removal."""

        async def body(store: Store) -> None:
            versions = [await store.set("key", 1), await store.set("key", 1)]
            await store.incr("key")
            versions.append((await store.read("key")).version)
            await store.delete("key")
            versions.append(await store.set("key", 1))
            assert len(set(versions)) == 4
            assert min(versions) > 0

        run(body)

    def test_compare_and_set(self, run: Callable[..., Any]) -> None:
        """A write needs the current version. Version 0 means a missing key."""

        async def body(store: Store) -> None:
            assert await store.compare_and_set("key", "a", 7) is None
            first = await store.compare_and_set("key", "a", 0)
            assert first
            assert await store.compare_and_set("key", "b", 0) is None
            second = await store.compare_and_set("key", "b", first)
            assert second
            assert await store.compare_and_set("key", "c", first) is None
            found = await store.read("key")
            assert (found.value, found.version) == ("b", second)

        run(body)

    def test_set_if_absent_has_one_winner(self, run: Callable[..., Any]) -> None:
        """Of 64 attempts on four stores at once, one succeeds."""

        async def body(*stores: Store) -> None:
            won = await asyncio.gather(*(stores[n % 4].set_if_absent("key", n) for n in range(64)))
            assert sum(won) == 1
            assert await stores[0].get("key") == won.index(True)

        run(body, 4)

    def test_nothing_is_lost_when_many_add(self, run: Callable[..., Any]) -> None:
        """``incr`` and ``update`` lose nothing on four stores at once."""

        async def body(*stores: Store) -> None:
            sums = await asyncio.gather(*(stores[n % 4].incr("count") for n in range(100)))
            assert sorted(sums) == list(range(1, 101))
            await asyncio.gather(*(stores[n % 4].update("list", lambda old: [*old, 1], []) for n in range(40)))
            assert len(await stores[0].get("list")) == 40

        run(body, 4)

    def test_update(self, run: Callable[..., Any]) -> None:
        """The function gets the value or the default. If it raises, the value stays."""

        async def body(store: Store) -> None:
            assert await store.update("key", lambda old: [*old, 1], []) == [1]
            assert await store.update("key", lambda old: [*old, 2], []) == [1, 2]
            with pytest.raises(ZeroDivisionError):
                await store.update("key", lambda _: 1 / 0)
            assert await store.get("key") == [1, 2]

        run(body)

    def test_time_to_live(self, run: Callable[..., Any]) -> None:
        """Entries expire for every operation. ``incr`` and ``update`` keep the time to live."""

        async def body(store: Store) -> None:
            brief = 0.5
            for key in ("got", "counted", "updated", "again", "longer"):
                await store.set(key, 1, ttl=brief)
            await store.incr("counted")
            await store.update("updated", lambda old: old + 1)
            await store.incr("longer", ttl=60)
            await store.set("again", 1)
            await store.set("kept", 1, ttl=60)
            await asyncio.sleep(1.2 * brief)
            assert await store.get("got") is None
            assert not await store.delete("got")
            assert await store.set_if_absent("got", 2)
            assert await store.incr("counted") == 1
            assert await store.compare_and_set("updated", 5, 0)
            keys = {key async for key in store.scan()}
            assert keys == {"got", "counted", "updated", "again", "longer", "kept"}
            await asyncio.sleep(1.2 * brief)
            assert await store.get("counted") == 1

        run(body)

    def test_expired_keys_are_not_listed(self, run: Callable[..., Any]) -> None:
        """Expired keys are not listed, and do not exist."""

        async def body(store: Store) -> None:
            await store.set("key", 1, ttl=0.05)
            await asyncio.sleep(0.1)
            assert [key async for key in store.scan()] == []
            assert not await store.exists("key")

        run(body)

    def test_scan(self, run: Callable[..., Any]) -> None:
        """A scan lists all keys with a prefix, over several pages."""

        async def body(store: Store) -> None:
            keys = {f"a/{number}" for number in range(1100)} | {"a*", "a?[b]", "a\\", "ä", "b/1", "\U0010ffff", "\0"}
            await asyncio.gather(*(store.set(key, 1) for key in keys))
            found = [key async for key in store.scan()]
            assert set(found) == keys
            assert len(found) == len(keys)
            assert {key async for key in store.scan("a/1")} == {key for key in keys if key.startswith("a/1")}
            for odd in ("a*", "a?[b]", "a\\", "\0", "\U0010ffff"):
                assert [key async for key in store.scan(odd)] == [odd]

        run(body)

    def test_scopes_do_not_meet(self, run: Callable[..., Any]) -> None:
        """The same key in another scope is a different entry."""

        async def body(store: Store) -> None:
            scopes = [
                Scope("host", "x"),
                Scope("agent", "x"),
                Scope("call", "x"),
                Scope("agent", "x/data"),
                Scope("agent", ""),
            ]
            stores = [Store(store._entries, scope) for scope in scopes]  # noqa: SLF001 - another view of the same
            for number, each in enumerate(stores):
                await each.set("key", number)
            assert [await each.get("key") for each in stores] == [0, 1, 2, 3, 4]
            assert [[key async for key in each.scan()] for each in stores] == [["key"]] * 5

        run(body)

    def test_a_lock_has_one_holder(self, run: Callable[..., Any]) -> None:
        """Holders have growing fences. A value with the lock's name is independent."""

        async def body(*stores: Store) -> None:
            inside: list[int] = []
            fences: list[int] = []

            async def hold(store: Store) -> None:
                async with store.lock("door", wait=30) as held:
                    inside.append(1)
                    assert len(inside) == 1
                    fences.append(held.fence)
                    await store.set("door", "a value")
                    inside.pop()

            await asyncio.gather(*(hold(stores[n % 4]) for n in range(8)))
            assert fences == sorted(set(fences))
            assert [key async for key in stores[0].scan()] == ["door"]

        run(body, 4)

    def test_a_lock_passes_on(self, run: Callable[..., Any]) -> None:
        """A lock passes on when its time is over, and can be waited for."""

        async def body(store: Store, other: Store) -> None:
            async with store.lock("door", ttl=0.1) as slow, other.lock("door", ttl=30) as quick:
                assert quick.fence > slow.fence
                with pytest.raises(TimeoutError):
                    async with store.lock("door", wait=0.2):
                        pass
            async with store.lock("door", wait=5) as free:
                assert free.fence > quick.fence

        run(body, 2)

    def test_watch(self, run: Callable[..., Any]) -> None:
        """``watch`` yields the current value and its changes."""

        async def body(store: Store, other: Store) -> list[Any]:
            seen = []
            values = store.watch("key", every=0.01)
            async for value in values:
                seen.append(value)
                if value is None:
                    await other.set("key", 1)
                elif value == 1:
                    await other.set("key", 2)
                else:
                    break
            await values.aclose()
            return seen

        assert run(body, 2) == [None, 1, 2]

    def test_ping(self, run: Callable[..., Any]) -> None:
        """An open store answers."""
        run(lambda store: store.ping())

    def test_a_cancelled_operation_harms_no_other(self, run: Callable[..., Any]) -> None:
        """A store works after operations were cancelled."""

        async def body(store: Store) -> None:
            for delay in (0, 0, 0.0005, 0.001):
                task = asyncio.create_task(store.incr("given up"))
                await asyncio.sleep(delay)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            assert [await store.incr("count") for _ in range(5)] == [1, 2, 3, 4, 5]
            assert await store.get("given up", 0) <= 4

        run(body)

    def test_the_synchronous_face(self, run: Callable[..., Any]) -> None:
        """The synchronous interface does the same from a thread."""

        async def body(store: Store) -> None:
            loop = asyncio.get_running_loop()
            sync = Store(store._entries, store.scope, None, lambda: loop).sync  # noqa: SLF001 - as above

            def use() -> None:
                assert sync.incr("count") == 1
                version = sync.set("key", [1])
                assert sync.read("key").version == version
                assert sync.compare_and_set("key", [2], version)
                assert sync.update("key", lambda old: [*old, 3]) == [2, 3]
                assert not sync.set_if_absent("key", 0)
                assert sync.get("key") == [2, 3]
                assert sorted(sync.scan()) == ["count", "key"]
                assert next(sync.watch("count")) == 1
                with sync.lock("door") as held:
                    assert held.fence == 1
                assert sync.exists("key")
                assert sync.delete("key")
                sync.ping()

            await asyncio.to_thread(use)
            with pytest.raises(RuntimeError, match="await the store itself"):
                sync.get("key")

        run(body)
