"""The store in a file that another process locks, or that is not a store."""

import asyncio
import ctypes
import sqlite3
from contextlib import closing
from functools import partial

import pytest

from agenthost import ConfigurationError, Scope, StateOptions, Store
from agenthost.builtin import state_sqlite
from agenthost.builtin.state_sqlite import sqlite_provider


def run(tmp_path, body):
    """Run a coroutine function with a store.

    Another connection to its file has begun to write.
    """

    async def opened():
        entries = await sqlite_provider().open("sqlite:///state.db", StateOptions(directory=str(tmp_path)))
        store = Store(entries, Scope("agent", "desk"))
        await store.set("key", "before")
        try:
            with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                return await body(store, other)
        finally:
            await entries.close()

    return asyncio.run(opened())


def test_a_write_waits_for_another_process(tmp_path):
    """While it waits, what is there can be read."""

    async def body(store, other):
        writing = asyncio.create_task(store.incr("count"))
        read = [await store.get("key") for _ in range(20)]
        waited = not writing.done()
        other.execute("COMMIT")
        return read, waited, await writing

    assert run(tmp_path, body) == (["before"] * 20, True, 1)


def test_a_write_does_not_wait_for_ever(tmp_path, monkeypatch):
    """It fails, has written nothing, and the next one works."""
    assert state_sqlite._BUSY == 5
    monkeypatch.setattr(state_sqlite, "_BUSY", 0.05)

    async def body(store, other):
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await store.set("key", "after")
        other.execute("COMMIT")
        return await store.get("key"), await store.incr("count")

    assert run(tmp_path, body) == ("before", 1)


def test_what_is_written_is_on_the_disk(tmp_path):
    """By a log that is flushed with each transaction, which other processes read meanwhile."""

    async def body(store, other):
        other.execute("COMMIT")
        asked = [partial(setting, name) for name in ("journal_mode", "synchronous", "query_only")]
        return [await store._entries._writer.do(each) for each in asked]

    def setting(name, connection):
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert run(tmp_path, body) == ["wal", 2, 0]


def test_a_file_that_is_no_database(tmp_path):
    """It is left as it is."""
    file = tmp_path / "state.db"
    file.write_text("this is a letter, not a database" * 99)
    file.chmod(0o600)

    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        asyncio.run(sqlite_provider().open("sqlite:///state.db", StateOptions(directory=str(tmp_path))))
    assert file.read_text() == "this is a letter, not a database" * 99


def test_a_file_that_others_can_read_is_not_opened(tmp_path):
    """Nor one that leads elsewhere by a symbolic link, wherever that is."""
    kept = tmp_path / "state.db"

    def opened():
        asyncio.run(sqlite_provider().open("sqlite:///state.db", StateOptions(directory=str(tmp_path))))

    kept.touch()
    kept.chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"state\.db: state\.url: .* fix: chmod 600 "):
        opened()
    kept.unlink()
    kept.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="symbolic link"):
        opened()

    assert not (tmp_path / "elsewhere").exists()


class Heap(ctypes.Structure):
    """The figures of ``mallinfo2``."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks"),
            "keepcost",
        )
    )


def used():
    """The memory in use outside of Python's own, in which SQLite keeps pages."""
    try:
        figures = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        pytest.skip("only the GNU C library counts it")
    figures.restype = Heap
    found = figures()
    return found.uordblks + found.hblkhd


def test_a_file_that_grows_takes_no_more_memory(tmp_path):
    """Both connections keep few of its pages."""
    keys, value = [f"key {number}" for number in range(400)], "x" * 16_000

    async def body(store, other):
        other.execute("COMMIT")
        before = used()
        for key in keys:
            await store.set(key, value)
        for key in keys:
            assert await store.get(key) == value
        return used() - before

    assert run(tmp_path, body) < len(keys) * len(value) / 4
