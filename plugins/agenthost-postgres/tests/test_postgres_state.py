"""The store on a real PostgreSQL, which the wheel of pgserver brings."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile

import agenthost_postgres
import psycopg
import pytest
from agenthost_postgres import open_postgres, state_providers
from polling import poll_in_loop

from agenthost import ConfigurationError, StateOptions
from agenthost.testing import PluginContract, StoreContract

PATIENT = StateOptions(connect_timeout=10, operation_timeout=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    runtime = tmp_path_factory.mktemp("runtime")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # where pgserver keeps its locks, when it is imported
        import pgserver  # noqa: PLC0415
    with tempfile.TemporaryDirectory() as kept, pgserver.get_server(f"{kept}/data") as running:
        yield running.get_uri()  # not below pytest's directory, into which its user may not look


@pytest.fixture
def url(server):
    """A database without the table."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS agenthost_state")
    return server


class TestPostgres(StoreContract):
    """``postgresql://``."""

    @pytest.fixture
    def provider(self):
        [provider] = state_providers()
        return provider

    @pytest.fixture
    def url(self, url):
        return url


def test_hosts_that_start_at_once_make_one_table(url):
    async def start():
        for entries in await asyncio.gather(*(open_postgres(url, PATIENT) for _ in range(8))):
            await entries.close()

    asyncio.run(start())


def test_a_connection_that_was_cut_is_replaced(url):
    """The operation on the closed connection fails and is not repeated."""

    async def use():
        entries = await open_postgres(url, PATIENT)
        assert await entries.add(b"key", 1, None) == 1
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        with pytest.raises(psycopg.OperationalError):
            await entries.add(b"key", 1, None)
        assert await entries.add(b"key", 1, None) == 2
        await entries.close()

    asyncio.run(use())


def test_who_gives_up_goes_at_once(url):
    """A cancelled operation returns at once, even if the server does not stop it.

    Another connection holds the lock that the operation needs.
    """

    async def use():
        entries = await open_postgres(url, PATIENT)
        await entries.add(b"key", 1, None)
        holder = await psycopg.AsyncConnection.connect(url)
        await holder.execute("UPDATE agenthost_state SET expires = NULL WHERE key = 'key'")
        waiting = asyncio.create_task(entries.add(b"key", 1, None))
        watching = await psycopg.AsyncConnection.connect(url, autocommit=True)

        async def waits():
            return await (await watching.execute("SELECT 1 FROM pg_locks WHERE NOT granted")).fetchone()

        await poll_in_loop(waits)
        [clearing] = entries._tasks
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        at_once = not clearing.done()
        await holder.rollback()
        await asyncio.wait([clearing])
        total = await entries.add(b"key", 1, None)
        for each in (holder, watching, entries):
            await each.close()
        return at_once, total, entries._tasks

    at_once, total, left = asyncio.run(use())
    assert at_once
    assert total in (2, 3)  # what was given up may have happened
    assert left == set()


def test_a_url_that_is_none():
    with pytest.raises(ConfigurationError, match=r"state\.url: this is not the URL of a PostgreSQL server"):
        asyncio.run(open_postgres("postgresql://host/db?nonsense=1", PATIENT))


class TestPlugin(PluginContract):
    """The plugin keeps the contract of plugins, with agents whose state is on the server."""

    @pytest.fixture
    def plugin(self):
        return agenthost_postgres

    @pytest.fixture
    def toml(self, url):
        return f'[state]\nurl = "{url}"\nconnect_timeout = 10\noperation_timeout = 10\n'


def test_the_client_is_imported_only_where_a_store_is_configured():
    done = subprocess.run(
        [sys.executable, "-c", "import agenthost_postgres, sys; print('psycopg' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "False"
