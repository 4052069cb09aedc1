"""The entries of a store, on a Redis server."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ResponseError

from agenthost import ConfigurationError, Entry, StateRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from agenthost import StateOptions

    _Send = Callable[..., Awaitable[Any]]

__all__ = ["RedisEntries", "connect"]

_PREFIX = b"agenthost:"
_CONNECTIONS = 32
_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}

_WRITE = """
local version = redis.call('HINCRBY', KEYS[1], 'v', 1)
if version == 1 then
    version = tonumber(ARGV[3])
    redis.call('HSET', KEYS[1], 'v', ARGV[3])
end
"""
_PUT = f"""
{_WRITE}
redis.call('HSET', KEYS[1], 'd', ARGV[1])
if ARGV[2] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return version
"""
_PUT_IF = f"""
if (redis.call('HGET', KEYS[1], 'v') or '0') ~= ARGV[4] then return false end
{_WRITE}
redis.call('HSET', KEYS[1], 'd', ARGV[1])
if ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return version
"""
_ADD = f"""
local added = redis.pcall('HINCRBY', KEYS[1], 'd', ARGV[1])
if type(added) == 'table' then return added end
{_WRITE}
if ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if added > -2 ^ 53 and added < 2 ^ 53 then return added end
return redis.call('HGET', KEYS[1], 'd')
"""  # as text where it is larger: a number of Lua has 53 bits
_REMOVE_IF = """
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


async def connect(url: str, options: StateOptions) -> RedisEntries:
    """Connect to a server.

    Raises:
        ConfigurationError: the URL cannot be used.
        redis.RedisError: the server does not answer.
    """
    scheme, _, rest = url.partition("://")
    try:
        pool = ConnectionPool.from_url(
            f"{_SCHEMES[scheme]}://{rest}",
            max_connections=_CONNECTIONS,
            socket_connect_timeout=options.connect_timeout,
            socket_timeout=options.operation_timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=False,
        )
    except ValueError as error:
        msg = "state.url: this is not the URL of a Redis server. fix: write redis://:password@host:6379/0"
        raise ConfigurationError(msg) from error
    client = Redis.from_pool(pool)
    entries = RedisEntries(client)
    try:
        await entries.ping()
    except BaseException:
        await entries.close()
        raise
    return entries


class _Script:
    """A Lua script, called by its digest.

    It is sent again to a server that has just started.
    """

    def __init__(self, client: Any, send: _Send, text: str) -> None:
        self._send = send
        self._script = client.register_script(text)
        self._text = text

    async def __call__(self, key: bytes, *arguments: Any) -> Any:
        try:
            return await self._send("EVALSHA", self._script.sha, 1, _PREFIX + key, *arguments)
        except NoScriptError:
            return await self._send("EVAL", self._text, 1, _PREFIX + key, *arguments)


class RedisEntries:
    """The entries of a store, on a Redis server.

    Args:
        client: the client. It is closed with the entries.
    """

    def __init__(self, client: Redis) -> None:
        self._client: Any = client
        self._free = asyncio.Semaphore(_CONNECTIONS)  # cheaper than the pool of redis-py that waits
        self._put = _Script(client, self._send, _PUT)
        self._put_if = _Script(client, self._send, _PUT_IF)
        self._add = _Script(client, self._send, _ADD)
        self._remove_if = _Script(client, self._send, _REMOVE_IF)

    async def read(self, key: bytes) -> Entry | None:
        """Return the entry under ``key``, or None."""
        value, version = await self._send("HMGET", _PREFIX + key, "d", "v")
        return None if value is None else Entry(value, int(version))

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        """Write the entry, whatever its version."""
        return int(await self._put(key, value, _milliseconds(ttl), _first_version()))

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        """Write the entry if it still has ``version``."""
        written = await self._put_if(key, value, _milliseconds(ttl), _first_version(), version)
        return None if written is None else int(written)

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        """Add to an integer."""
        try:
            return int(await self._add(key, by, _milliseconds(ttl), _first_version()))
        except ResponseError as error:
            if "overflow" in str(error):
                raise StateRefused("the sum has more than 64 bits.") from error
            if "not an integer" in str(error):
                raise StateRefused("the value is not an integer.") from error
            raise

    async def remove(self, key: bytes, version: int | None) -> bool:
        """Remove the entry."""
        if version is None:
            return bool(await self._send("DEL", _PREFIX + key))
        return bool(await self._remove_if(key, version))

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        """Return some of the keys that begin with ``prefix``, in the order of ``SCAN``."""
        pattern = _PREFIX + b"".join(b"\\" + bytes([c]) if c in b"*?[]\\" else bytes([c]) for c in prefix) + b"*"
        following, keys = await self._send("SCAN", int(cursor or b"0"), "MATCH", pattern, "COUNT", most)
        return [key[len(_PREFIX) :] for key in keys], b"%d" % following if following else b""

    async def ping(self) -> None:
        """Check that the server answers."""
        await self._send("PING")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, *command: Any) -> Any:
        """Send a command, and return the answer.

        redis-py waits with ``asyncio.wait_for``, which can swallow a cancellation on Python 3.11, and so a timeout. It
        is raised again here.
        """
        task = asyncio.current_task()
        before = task.cancelling() if task is not None else 0
        try:
            async with self._free:
                return await self._client.execute_command(*command)
        finally:
            if task is not None and task.cancelling() > before:
                raise asyncio.CancelledError


def _milliseconds(ttl: float | None) -> int | str:
    return "" if ttl is None else max(1, round(ttl * 1000))


def _first_version() -> int:
    """Return a first version for the entries of a key.

    It is random, so that no version returns after the key was removed.
    """
    return random.getrandbits(48) + 2
