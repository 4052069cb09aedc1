"""Shared state of agenthost on Redis or Valkey: ``redis://``, ``rediss://``, ``valkey://`` and ``valkeys://``."""

from __future__ import annotations

from agenthost import Entries, StateOptions, StateProvider, hookimpl

__all__ = ["open_redis", "state_providers"]


async def open_redis(url: str, options: StateOptions) -> Entries:
    """Connect to a server.

    Raises:
        ConfigurationError: the URL cannot be used.
        redis.RedisError: the server does not answer.
    """
    from agenthost_redis.entries import connect  # noqa: PLC0415 - redis-py takes long, and many commands need no store

    return await connect(url, options)


_PROVIDER = StateProvider(("redis", "rediss", "valkey", "valkeys"), open_redis, imports=("agenthost_redis.entries",))


@hookimpl
def state_providers() -> list[StateProvider]:
    """Provide stores on Redis and Valkey."""
    return [_PROVIDER]
