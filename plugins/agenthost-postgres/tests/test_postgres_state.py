"""The store on a real PostgreSQL, which the wheel of pgserver brings."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from agenthost_postgres import open_postgres, state_providers

from agenthost import ConfigurationError, StateOptions
from agenthost.testing import StoreContract

PATIENT = StateOptions(connect_timeout=10, operation_timeout=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    runtime = tmp_path_factory.mktemp("runtime")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # where pgserver keeps its locks, when it is imported
        import pgserver  # noqa: PLC0415
    with pgserver.get_server(tmp_path_factory.mktemp("postgres")) as running:
        yield running.get_uri()


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
    """The operation that meets it fails; it says so rather than try twice."""

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


def test_a_url_that_is_none():
    with pytest.raises(ConfigurationError, match=r"state\.url: it is no URL of a PostgreSQL server"):
        asyncio.run(open_postgres("postgresql://host/db?nonsense=1", PATIENT))
