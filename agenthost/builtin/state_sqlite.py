"""``sqlite:///file``: state in a file that all processes of a machine share, the default.

A relative path is below the state directory. An acknowledged write is on the disk (write-ahead log, ``synchronous =
FULL``). One thread writes, with one transaction for all that waits; another thread reads.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import unquote

from agenthost import ConfigurationError, Entry, StateOptions, StateProvider, StateRefused, hookimpl

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

__all__ = ["SqliteEntries", "file_of", "sqlite_provider", "state_providers"]

T = TypeVar("T")
_Job: TypeAlias = "tuple[asyncio.Future[Any], Callable[[sqlite3.Connection], Any]]"
_Ended: TypeAlias = "tuple[asyncio.Future[Any], Any, BaseException | None]"

_BUSY = 5.0
"""Seconds that a write waits for other processes (``busy_timeout``)."""
_MOST = 2**63
_MOST_AT_ONCE = 256
_CACHE = 512
"""KiB of the file that each connection keeps in memory. The system keeps it, too, so more gains nothing."""
_SWEEP = 60.0
"""Seconds between two sweeps of expired entries."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key BLOB PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires REAL
);
CREATE INDEX IF NOT EXISTS entries_that_expire ON entries (expires) WHERE expires IS NOT NULL;
"""
_READ = "SELECT value, version, expires FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)"
_WRITE = """
INSERT INTO entries (key, value, version, expires) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1, expires = excluded.expires
RETURNING version
"""
_ADD = """
INSERT INTO entries (key, value, version, expires) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1, expires = excluded.expires
WHERE entries.expires <= ?
RETURNING version
"""
_CHANGE = """
UPDATE entries SET value = ?, version = version + 1, expires = coalesce(?, expires)
WHERE key = ? AND version = ? AND (expires IS NULL OR expires > ?)
RETURNING version
"""
_PAGE = """
SELECT key FROM entries WHERE key > ? AND key >= ? AND key < ? AND (expires IS NULL OR expires > ?)
ORDER BY key LIMIT ?
"""


@hookimpl
def state_providers() -> list[StateProvider]:
    """Offer the state provider ``sqlite:///file``."""
    return [sqlite_provider()]


def sqlite_provider(clock: Callable[[], float] = time.time) -> StateProvider:
    """Make the provider.

    Args:
        clock: returns the time in seconds, the same in all processes.
    """

    async def open_sqlite(url: str, options: StateOptions) -> SqliteEntries:
        path = file_of(url, options.directory)
        options.check_file(str(path))
        entries = SqliteEntries(path, clock)
        try:
            await entries.ping()
        except BaseException:
            await entries.close()
            raise
        return entries

    return StateProvider(("sqlite",), open_sqlite, network=False)


def file_of(url: str, directory: str) -> Path:
    """Return the file of a URL.

    Raises:
        ConfigurationError: the URL does not name a file.
    """
    _, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if host or not slash or not path or "?" in path or "#" in path:
        raise ConfigurationError(
            "state.url: the URL does not name a file. fix: write sqlite:///name.db, or sqlite:////path/to/name.db."
        )
    return Path(directory, unquote(path))


class SqliteEntries:
    """Entries in a SQLite file.

    Args:
        path: the file. It is created with mode 0600, and its directory with mode 0700.
        clock: see ``sqlite_provider``.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._swept = clock()
        self._writer = _Worker(path, writes=True)
        self._reader = _Worker(path, writes=False)

    async def read(self, key: bytes) -> Entry | None:
        """Return the entry under ``key``."""
        row = await self._reader.do(lambda connection: self._row(connection, key))
        return None if row is None else Entry(row[0], row[1])

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        """Write an entry unconditionally."""
        return await self._writer.do(lambda connection: self._write(connection, key, value, self._until(ttl)))

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        """Write an entry if it still has ``version``."""

        def write(connection: sqlite3.Connection) -> int | None:
            now, expires = self._swept_at(connection), self._until(ttl)
            if version:
                changed = connection.execute(_CHANGE, (value, expires, key, version, now))
            else:
                changed = connection.execute(_ADD, (key, value, secrets.randbits(48) + 1, expires, now))
            rows = changed.fetchall()
            return rows[0][0] if rows else None

        return await self._writer.do(write)

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        """Add to an integer."""

        def write(connection: sqlite3.Connection) -> int:
            row = self._row(connection, key)
            total = (_integer(row[0]) if row else 0) + by
            if not -_MOST <= total < _MOST:
                raise StateRefused("the sum has more than 64 bits.")
            expires = self._until(ttl) if ttl is not None else row and row[2]
            self._write(connection, key, b"%d" % total, expires)
            return total

        return await self._writer.do(write)

    async def remove(self, key: bytes, version: int | None) -> bool:
        """Remove the entry."""

        def write(connection: sqlite3.Connection) -> bool:
            row = self._row(connection, key)
            if row is None or version not in (None, row[1]):
                return False
            connection.execute("DELETE FROM entries WHERE key = ?", (key,))
            return True

        return await self._writer.do(write)

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        """List some of the keys that begin with ``prefix``, in order."""
        wanted = (cursor, prefix, prefix + b"\xff", self._clock(), most)
        rows = await self._reader.do(lambda connection: connection.execute(_PAGE, wanted).fetchall())
        keys = [row[0] for row in rows]
        return keys, keys[-1] if len(keys) == most else b""

    async def ping(self) -> None:
        """Check that the file can be read and written."""
        await self._writer.do(lambda connection: connection.execute("SELECT 1").fetchone())
        await self._reader.do(lambda connection: connection.execute("SELECT count(*) FROM entries LIMIT 1").fetchone())

    async def close(self) -> None:
        """Close the file, once pending operations have ended."""
        self._reader.end()
        self._writer.end()
        await asyncio.gather(self._reader.ended(), self._writer.ended())

    def _row(self, connection: sqlite3.Connection, key: bytes) -> Any:
        return connection.execute(_READ, (key, self._clock())).fetchone()

    def _swept_at(self, connection: sqlite3.Connection) -> float:
        """Remove expired entries now and then, and return the time."""
        now = self._clock()
        if now - self._swept >= _SWEEP:
            self._swept = now
            connection.execute("DELETE FROM entries WHERE expires <= ?", (now,))
        return now

    def _write(self, connection: sqlite3.Connection, key: bytes, value: bytes, expires: float | None) -> int:
        self._swept_at(connection)
        version: int = connection.execute(_WRITE, (key, value, secrets.randbits(48) + 1, expires)).fetchone()[0]
        return version

    def _until(self, ttl: float | None) -> float | None:
        return None if ttl is None else self._clock() + ttl


class _Worker:
    """A thread with a connection of its own, which runs jobs in order.

    With ``writes``, all jobs that wait at one moment are one transaction.
    """

    def __init__(self, path: Path, *, writes: bool) -> None:
        self._path = path
        self._writes = writes
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        threading.Thread(target=self._work, name="agenthost-sqlite", daemon=True).start()

    async def do(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function with the connection, and return its result."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((done, function))
        return await done

    def end(self) -> None:
        """End the thread after the pending jobs."""
        self._jobs.put(None)

    async def ended(self) -> None:
        """Wait until the thread has ended."""
        await self._end.wait()

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            while batch := self._batch():
                try:
                    connection = connection or _connect(self._path, writes=self._writes)
                    ended = self._transaction(connection, batch) if self._writes else _each(connection, batch)
                except Exception as error:  # noqa: BLE001 - raised again at the caller's await
                    ended = [(done, None, error) for done, _ in batch]
                self._loop.call_soon_threadsafe(_settle, ended)
                del batch, ended
            if connection is not None:
                connection.close()
            self._loop.call_soon_threadsafe(self._end.set)
        except RuntimeError:  # the loop is closed, so no caller waits any longer
            if connection is not None:
                connection.close()

    def _batch(self) -> list[_Job]:
        """Return the next jobs, at least one unless the thread shall end."""
        first = self._jobs.get()
        batch = [first] if first is not None else []
        while batch and self._writes and len(batch) < _MOST_AT_ONCE:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            batch.append(job)
        return batch

    @staticmethod
    def _transaction(connection: sqlite3.Connection, batch: Sequence[_Job]) -> list[_Ended]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            ended = _each(connection, batch)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return ended


def _each(connection: sqlite3.Connection, batch: Sequence[_Job]) -> list[_Ended]:
    """Run each job.

    A refused job has written nothing. Any other failure fails the whole batch.
    """
    ended: list[_Ended] = []
    for done, function in batch:
        if done.cancelled():
            continue
        try:
            ended.append((done, function(connection), None))
        except StateRefused as refused:
            ended.append((done, None, refused))
    return ended


def _settle(ended: Sequence[_Ended]) -> None:
    for done, result, error in ended:
        if done.done():
            continue
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)


def _connect(path: Path, *, writes: bool) -> sqlite3.Connection:
    """Open the file, and create it if it does not exist.

    Raises:
        OSError: the file cannot be created.
        sqlite3.Error: the file is not a database, or cannot be read.
    """
    import sqlite3  # noqa: PLC0415 - only a host that keeps something pays for it

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        _patiently(partial(connection.execute, "PRAGMA journal_mode = WAL"))
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        _patiently(partial(connection.executescript, _SCHEMA))
        connection.execute(f"PRAGMA query_only = {int(not writes)}")
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: Path) -> None:
    """Create an empty file that only its owner can read.

    The file gets its name only once it is closed. A process that closes a file loses all its locks on it, including
    those of its other connections, and another process could then remove the log under them.
    """
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        os.link(new, path)
    except FileExistsError:
        return  # another process was faster
    finally:
        new.unlink()


def _patiently(function: Callable[[], Any]) -> None:
    """Retry while the database is busy, as changing the journal mode does not wait."""
    import sqlite3  # noqa: PLC0415 - as above

    until = time.monotonic() + _BUSY
    while True:
        try:
            with closing(function()):
                return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _integer(value: bytes) -> int:
    try:
        return int(value)
    except ValueError:
        raise StateRefused("the value is not an integer.") from None
