"""The entries of a store, in a table of PostgreSQL."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Any, TypeVar

from psycopg import ProgrammingError, errors
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool

from agenthost import ConfigurationError, Entry, StateRefused

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from agenthost import StateOptions

__all__ = ["PostgresEntries", "connect"]

T = TypeVar("T")

_CONNECTIONS = 8
_LOCK = 0x6167656E74686F73
"""The lock that a host holds while it makes the table: "agenthos"."""
_SWEEP = 60.0
"""Seconds between two removals of expired entries."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS agenthost_state (
    key bytea PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL, expires timestamptz
);
CREATE INDEX IF NOT EXISTS agenthost_state_expires ON agenthost_state (expires) WHERE expires IS NOT NULL;
"""
_ALIVE = "(s.expires IS NULL OR s.expires > clock_timestamp())"
_UNTIL = "clock_timestamp() + %(ttl)s::float8 * interval '1 second'"
_READ = f"SELECT value, version FROM agenthost_state s WHERE key = %(key)s AND {_ALIVE}"  # noqa: S608 - constants
_PUT = f"""
INSERT INTO agenthost_state AS s (key, value, version, expires)
VALUES (%(key)s, %(value)s, %(first)s, {_UNTIL})
ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = s.version + 1, expires = excluded.expires
"""  # noqa: S608 - constants, as below
_PUT_ALWAYS = f"{_PUT} RETURNING version"
_PUT_ABSENT = f"{_PUT} WHERE NOT {_ALIVE} RETURNING version"
_PUT_VERSION = f"""
UPDATE agenthost_state s SET value = %(value)s, version = version + 1, expires = coalesce({_UNTIL}, expires)
WHERE key = %(key)s AND version = %(version)s AND {_ALIVE} RETURNING version
"""  # noqa: S608
_ADD = f"""
INSERT INTO agenthost_state AS s (key, value, version, expires)
VALUES (%(key)s, convert_to(%(by)s::bigint::text, 'UTF8'), %(first)s, {_UNTIL})
ON CONFLICT (key) DO UPDATE SET version = s.version + 1,
    value = CASE WHEN {_ALIVE}
        THEN convert_to((convert_from(s.value, 'UTF8')::bigint + %(by)s::bigint)::text, 'UTF8')
        ELSE excluded.value END,
    expires = CASE WHEN {_ALIVE} THEN coalesce(excluded.expires, s.expires) ELSE excluded.expires END
RETURNING value
"""  # noqa: S608
_REMOVE = f"""
DELETE FROM agenthost_state s
WHERE key = %(key)s AND (%(version)s::bigint IS NULL OR version = %(version)s) AND {_ALIVE} RETURNING key
"""  # noqa: S608
_PAGE = f"""
SELECT key FROM agenthost_state s
WHERE key > %(cursor)s AND key >= %(first)s AND key < %(last)s AND {_ALIVE} ORDER BY key LIMIT %(most)s
"""  # noqa: S608


async def connect(url: str, options: StateOptions) -> PostgresEntries:
    """Connect, and make the table if it does not exist.

    Raises:
        ConfigurationError: the URL cannot be used.
        psycopg.Error: the server does not answer, or refuses the connection.
    """
    try:
        conninfo_to_dict(url)
    except ProgrammingError as error:
        msg = "state.url: this is not the URL of a PostgreSQL server. fix: write postgresql://user:password@host:5432/database"
        raise ConfigurationError(msg) from error
    pool = AsyncConnectionPool(
        url,
        kwargs={"autocommit": True},
        min_size=1,
        max_size=_CONNECTIONS,
        open=False,
        timeout=options.operation_timeout,
        reconnect_timeout=options.connect_timeout,
    )
    try:
        await pool.open(wait=True, timeout=options.connect_timeout)
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            await connection.execute(_SCHEMA)
    except BaseException:
        await pool.close(timeout=0)
        raise
    return PostgresEntries(pool)


class PostgresEntries:
    """The entries of a store, in a table.

    Args:
        pool: connections with ``autocommit``. It is closed with the entries.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._swept = time.monotonic()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def read(self, key: bytes) -> Entry | None:
        """Return the entry under ``key``, or None."""
        row = await self._one(_READ, {"key": key})
        return None if row is None else Entry(bytes(row[0]), row[1])

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        """Write the entry, whatever its version."""
        await self._sweep()
        row = await self._one(_PUT_ALWAYS, {"key": key, "value": value, "ttl": ttl, "first": _first_version()})
        version: int = row[0]
        return version

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        """Write the entry if it still has ``version``."""
        await self._sweep()
        given = {"key": key, "value": value, "ttl": ttl, "first": _first_version(), "version": version}
        row = await self._one(_PUT_VERSION if version else _PUT_ABSENT, given)
        return None if row is None else row[0]

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        """Add to an integer."""
        await self._sweep()
        try:
            row = await self._one(_ADD, {"key": key, "by": by, "ttl": ttl, "first": _first_version()})
        except errors.InvalidTextRepresentation as error:
            raise StateRefused("the value is not an integer.") from error
        except errors.NumericValueOutOfRange as error:
            raise StateRefused("the sum has more than 64 bits.") from error
        return int(row[0])

    async def remove(self, key: bytes, version: int | None) -> bool:
        """Remove the entry."""
        return await self._one(_REMOVE, {"key": key, "version": version}) is not None

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        """Return some of the keys that begin with ``prefix``, in order."""
        wanted = {"cursor": cursor, "first": prefix, "last": prefix + b"\xff", "most": most}
        rows = await self._do(self._execute(_PAGE, wanted))
        keys = [bytes(row[0]) for row in rows]
        return keys, keys[-1] if len(keys) == most else b""

    async def ping(self) -> None:
        """Check that the server answers."""
        await self._one("SELECT 1", {})

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close(timeout=1)

    async def _one(self, statement: str, given: Mapping[str, Any]) -> Any:
        rows = await self._do(self._execute(statement, given))
        return rows[0] if rows else None

    async def _sweep(self) -> None:
        now = time.monotonic()
        if now - self._swept >= _SWEEP:
            self._swept = now
            await self._do(self._execute("DELETE FROM agenthost_state WHERE expires <= clock_timestamp()", {}))

    async def _execute(self, statement: str, given: Mapping[str, Any]) -> list[Any]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, given)
            return await cursor.fetchall() if cursor.description else []

    async def _do(self, operation: Coroutine[Any, Any, T]) -> T:
        """Wait for an operation, and return at once if the caller is cancelled.

        A cancelled operation asks the server to stop it and waits for the answer. That takes seconds if the server does
        not answer.
        """
        task = asyncio.create_task(operation)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            raise

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # raised for the caller, if it still waits


def _first_version() -> int:
    """Return a first version for the entries of a key.

    It is random, so that no version returns after the key was removed.
    """
    return secrets.randbits(48) + 1
