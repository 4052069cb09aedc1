"""Shared state of agenthost on PostgreSQL: ``postgresql://`` and ``postgres://``."""

from __future__ import annotations

from agenthost import Entries, StateOptions, StateProvider, hookimpl

__all__ = ["open_postgres", "state_providers"]


async def open_postgres(url: str, options: StateOptions) -> Entries:
    """Connect, and make the table if it does not exist.

    Raises:
        ConfigurationError: the URL cannot be used.
        psycopg.Error: the server does not answer, or refuses the connection.
    """
    from agenthost_postgres.entries import connect  # noqa: PLC0415 - psycopg takes long, and many commands need no store

    return await connect(url, options)


_PROVIDER = StateProvider(("postgresql", "postgres"), open_postgres, imports=("agenthost_postgres.entries",))


@hookimpl
def state_providers() -> list[StateProvider]:
    """Provide stores on PostgreSQL."""
    return [_PROVIDER]
