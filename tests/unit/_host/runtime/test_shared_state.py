"""The host's store: who opens it, and what happens while it does not answer."""

import asyncio
import logging
import re
import sys
from pathlib import Path

import pytest
from polling import poll_in_loop

from agenthost import StateProvider, StateUnavailable
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import Config, StateConfig
from agenthost._host.packages.diagnosis import Diagnosis
from agenthost._host.packages.plugins import PluginState
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.store_provider import ChosenProvider, choose_provider
from agenthost._host.runtime import shared_state as module
from agenthost._host.runtime.shared_state import HostState
from agenthost.builtin.state_memory import memory_provider
from agenthost.errors import ConfigurationError
from agenthost.secret import Secret

MEMORY = Config(state=StateConfig(url=Secret("memory://")))


REFUSALS = {
    "memory": ("OOM command not allowed when used memory > 'maxmemory'.", "its memory is full (maxmemory)"),
    "replica": ("You can't write against a read only replica.", "it is read-only, as a replica is"),
    "sqlite": ("database or disk is full", "its disk is full"),
    "postgres": ("could not extend file: No space left on device", "its disk is full"),
    "other": ("something at secret-host", "(OSError)"),
}
"""By mode, a server's message for a write, and the words for it."""


class Flaky:
    """A store that fails, hangs or answers, by its mode."""

    def __init__(self):
        self.inner = memory_provider()
        self.mode = "well"
        self.tried = 0
        self.opened = 0
        self.asked = 0

    async def open(self, url, options):
        self.tried += 1
        await self.trouble()
        self.opened += 1
        self.entries = await self.inner.open(url, options)
        return self

    async def trouble(self):
        if self.mode == "down":
            raise ConnectionError("refused by secret-host")
        if self.mode == "slow":
            await asyncio.sleep(60)
        if self.mode == "exits":
            sys.exit(3)

    async def read(self, key):
        self.asked += 1
        await self.trouble()
        return await self.entries.read(key)

    async def put(self, key, value, ttl):
        await self.trouble()
        if self.mode in REFUSALS:
            raise OSError(REFUSALS[self.mode][0])
        return await self.entries.put(key, value, ttl)

    async def ping(self):
        await self.trouble()

    async def close(self):
        raise RuntimeError("closing fails too")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.05)


async def refusal(store):
    """Return the message for an operation that the store cannot do."""
    with pytest.raises(StateUnavailable) as refused:
        await store.get("key")
    return str(refused.value)


def host_state(flaky, *, required=True):
    state = StateConfig(url=Secret("flaky://"), required=required, connect_timeout=0.3, operation_timeout=0.3)
    host = HostState(lambda: Config(state=state))
    host.use(ChosenProvider(StateProvider(("flaky",), flaky.open)))
    return host


@pytest.mark.parametrize("mode", ["down", "slow"])
def test_a_store_that_fails_is_left_alone_and_comes_back(mode, caplog):
    """After three failures, operations fail at once.

    The host is not ready meanwhile, and is again when the store is.
    """
    flaky = Flaky()
    host = host_state(flaky)

    async def use():
        async with host.opened():
            store = host.stores.agent("desk")
            assert await store.get("key") is None
            assert host.ready
            flaky.mode = mode
            heard = [await refusal(store) for _ in range(3)]  # the host looks by itself meanwhile
            assert re.fullmatch(r"the flaky:// store does not answer \((ConnectionE|TimeoutE)rror\)\.", heard[0])
            assert not host.ready
            asked = flaky.asked
            while "next attempt is within" not in await refusal(store):
                asked = flaky.asked
            assert flaky.asked == asked
            flaky.mode = "well"
            await poll_in_loop(lambda: host.ready)
            assert await store.get("key") is None
            assert flaky.opened == 2

    with caplog.at_level(logging.INFO, "agenthost.state"):
        asyncio.run(asyncio.wait_for(use(), 30))
    assert [record.getMessage() for record in caplog.records] == [
        "the flaky:// store does not answer",
        "the flaky:// store answers again",
    ]


def test_a_host_starts_while_its_store_is_down():
    """It is not ready, unless the store need not be there."""
    flaky = Flaky()
    flaky.mode = "down"

    async def ready(host):
        async with host.opened():
            return host.ready

    assert asyncio.run(ready(host_state(flaky))) is False
    assert asyncio.run(ready(host_state(flaky, required=False))) is True


@pytest.mark.parametrize("mode", REFUSALS)
def test_a_store_without_writes_is_seen_by_an_idle_host(mode, caplog):
    """Reads go on meanwhile, and the host is ready again when the store accepts writes."""
    flaky = Flaky()
    host, optional = host_state(flaky), host_state(flaky, required=False)

    async def use():
        async with host.opened(), optional.opened():
            assert (host.problem, host.ready, host.used) == ("", True, False)
            flaky.mode = mode
            await poll_in_loop(lambda: host.problem and optional.problem)
            assert REFUSALS[mode][1] in host.problem
            assert "secret-host" not in host.problem
            assert (host.ready, optional.ready) == (False, True)
            assert await host.stores.agent("desk").get("key") is None
            with pytest.raises(StateUnavailable, match="does not accept writes"):
                await host.probe_in_use()
            flaky.mode = "well"
            await poll_in_loop(lambda: host.ready and not optional.problem)

    with caplog.at_level(logging.INFO, "agenthost.state"):
        asyncio.run(asyncio.wait_for(use(), 30))
    said = [record.getMessage() for record in caplog.records]
    assert said.count("the flaky:// store accepts writes again") == 2
    assert len(said) == 4


def test_a_host_that_starts_with_a_full_store_is_not_ready():
    flaky = Flaky()
    flaky.mode = "memory"
    host = host_state(flaky)

    async def start():
        async with host.opened():
            return host.ready

    assert asyncio.run(start()) is False


def test_a_store_is_opened_once_and_for_each_loop():
    flaky = Flaky()
    host = host_state(flaky)

    async def use():
        await asyncio.gather(*(host.stores.agent("desk").get("key") for _ in range(5)))

    asyncio.run(use())
    assert flaky.opened == 1
    asyncio.run(use())
    assert flaky.opened == 2


@pytest.mark.parametrize(
    ("mode", "error"), [("down", "ConnectionError"), ("slow", "TimeoutError"), ("exits", "RuntimeError")]
)
def test_all_who_need_a_store_at_once_wait_for_one_attempt(mode, error):
    """No operation waits for the failures of others.

    A cancelled one harms none.
    """
    flaky = Flaky()
    flaky.mode = mode
    host = host_state(flaky)

    async def use():
        waiting = [asyncio.create_task(host.stores.agent("desk").get("key")) for _ in range(40)]
        await asyncio.sleep(0)
        waiting.pop(0).cancel()
        return await asyncio.gather(*waiting, return_exceptions=True)

    said = {str(each) for each in asyncio.run(use())}
    assert said == {f"the flaky:// store does not answer ({error})."}
    assert flaky.tried == 1


def test_a_store_that_is_being_opened_is_given_up_when_the_host_stops():
    flaky = Flaky()
    flaky.mode = "slow"
    host = HostState(lambda: Config(state=StateConfig(url=Secret("flaky://"), connect_timeout=60)))
    host.use(ChosenProvider(StateProvider(("flaky",), flaky.open)))

    async def live():
        async with host.opened():
            raise AssertionError

    async def use():
        living = asyncio.create_task(live())
        await poll_in_loop(lambda: flaky.tried)
        living.cancel()
        await asyncio.wait([living])
        await asyncio.sleep(0)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(use()) == set()


def test_the_default_store_is_a_file_that_is_made_when_it_is_used(tmp_path):
    """A host that keeps nothing has no file."""
    config = load_config(None, {"AGENTHOST_STATE_DIR": str(tmp_path / "kept")})
    host = HostState(lambda: config)
    host.use(choose_provider(config, load_for_program(config, ()).extensions.state_providers))

    async def use():
        async with host.opened():
            assert not (tmp_path / "kept").exists()
            assert await host.stores.agent("desk").incr("calls") == 1

    asyncio.run(use())
    assert (tmp_path / "kept" / "state.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://host/file", "sqlite:///a?b=c"])
def test_urls_of_no_file(url):
    config = Config(state=StateConfig(url=Secret(url)))
    host = HostState(lambda: config)
    host.use(choose_provider(config, load_for_program(config, ()).extensions.state_providers))
    with pytest.raises(StateUnavailable) as refused:
        asyncio.run(host.ping())
    assert isinstance(refused.value.__cause__, ConfigurationError)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis://r", "no plugin opens redis:// stores. fix: pip install agenthost-redis."),
        ("valkey://r", "no plugin opens valkey:// stores. fix: pip install agenthost-redis."),
        ("postgresql://p", "no plugin opens postgresql:// stores. fix: pip install agenthost-postgres."),
        ("etcd://e", "no plugin opens etcd:// stores. The schemes are: memory://, sqlite://."),
    ],
)
def test_an_unknown_scheme_names_what_to_install(url, sentence):
    config = Config(state=StateConfig(url=Secret(url)))
    built_in = [("agenthost.builtin.state_memory", memory_provider()), ("x", StateProvider(("sqlite",), None))]
    chosen = choose_provider(config, built_in)
    assert chosen.problem == f"agenthost.toml: state.url: {sentence}"
    host = HostState(lambda: config)
    host.use(chosen)
    with pytest.raises(StateUnavailable, match="no plugin opens"):
        asyncio.run(host.ping())


@pytest.mark.parametrize(
    ("state", "diagnosis", "sentence"),
    [
        ("disabled", None, "disabled. fix: let [plugins] only, or disable, in agenthost.toml allow 'redis'."),
        (
            "quarantined",
            Diagnosis("No module named 'redis'", "pip install redis"),
            "quarantined: No module named 'redis'. fix: pip install redis.",
        ),
    ],
)
def test_a_plugin_that_is_there_and_has_no_part(state, diagnosis, sentence):
    """It is not to be installed again."""
    plugin = PluginState("redis", "agenthost-redis", "0.1.0", state, (), diagnosis)
    chosen = choose_provider(Config(state=StateConfig(url=Secret("redis://r"))), [], [plugin])
    assert chosen.problem.endswith(f"stores. agenthost-redis 0.1.0 is installed, but {sentence}")


def test_two_providers_of_one_scheme_are_both_named():
    chosen = choose_provider(MEMORY, [("acme:fast", memory_provider()), ("other:cache", memory_provider())])
    assert chosen.problem == (
        "agenthost.toml: state.url: acme:fast and other:cache both open memory:// stores. "
        'Choose one in agenthost.toml: [plugins] disable = ["cache"].'
    )


def test_memory_is_refused_with_workers(tmp_path):
    file = tmp_path / "agenthost.toml"
    file.write_text('[state]\nurl = "memory://"\n')
    assert load_config(str(file), {}).state.scheme == "memory"
    with pytest.raises(ConfigurationError, match=r"state.url: memory:// is not shared between 2 workers"):
        load_config(str(file), {}, {"workers": 2})


@pytest.mark.parametrize(
    ("written", "sentence"), [('"no url"', "not the URL of a store"), ("5", "not text"), ('""', "empty")]
)
def test_a_url_that_is_none(tmp_path, written, sentence):
    Path(tmp_path / "agenthost.toml").write_text(f"[state]\nurl = {written}\n")
    with pytest.raises(ConfigurationError, match=f"state.url: .*{sentence}"):
        load_config(str(tmp_path / "agenthost.toml"), {})


def test_a_password_in_the_url_is_never_shown():
    state = StateConfig(url=Secret("redis://:hidden@r"))
    assert "hidden" not in repr(Config(state=state))


class Slow(Flaky):
    """A store whose writes let others go first."""

    async def put(self, key, value, ttl):
        done = await super().put(key, value, ttl)
        await asyncio.sleep(0.01)
        return done


def test_probes_at_the_same_time_do_not_disturb_each_other():
    """The host looks by itself, and a health probe does so, too."""
    host = host_state(Slow())

    async def use():
        async with host.opened():
            await asyncio.gather(*(host.probe() for _ in range(4)))
            assert host.ready

    asyncio.run(use())
