"""A process that stays for its calls: what it answers meanwhile, and when it ends."""

import asyncio
import os
import signal
import time
from types import SimpleNamespace

import pytest

from agenthost._host.access.open_calls import CallReport
from agenthost._host.config.schema import AgentConfig, Config, HostConfig, KeyConfig
from agenthost._host.generations.orders import Membership
from agenthost._host.runtime.runtime import Runtime
from agenthost._host.runtime.start import settings_of
from agenthost._web.older import keeping
from agenthost._web.older.keeping import Keeping
from agenthost._web.older.relay import hand_over
from agenthost.secret import Secret

KEYS = (Secret("k" * 40),)
CALL = ("/desk", "c-1")
SCOPE = {
    "type": "http",
    "method": "POST",
    "scheme": "http",
    "path": "/desk/swaig",
    "raw_path": b"/desk/swaig",
    "query_string": b"",
    "http_version": "1.1",
    "headers": [],
    "client": None,
    "server": None,
}


class Server:
    """A server that accepts connections until it is stopped."""

    def __init__(self):
        self.running = set()
        self.accepting = True

    async def stop_accepting(self):
        self.accepting = False


class Metrics:
    """The gauges that are set."""

    def __init__(self):
        self.set = []

    def held(self, generations):
        self.set.append(generations)

    def replaced(self):
        self.set.append("replaced")


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"old"})


@pytest.fixture
def ended(monkeypatch):
    """Record the signals that the process sends to itself."""
    signals = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append((pid, number)))
    monkeypatch.setattr(keeping, "_LOOK", 0.01)
    return signals


@pytest.fixture
def runtime():
    return SimpleNamespace(metrics=Metrics(), generation="", calls=None, watched=True)


def kept(runtime, directory, told, **settings):
    own = Keeping(
        Membership(1, "gen-1", str(directory), b"key", {"gen-0": "/old"}, 1), runtime, told.append, **settings
    )
    own.around(app)
    return own


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it is changed by a thread
            await asyncio.sleep(0.01)


def test_a_process_knows_its_generation_and_the_others(runtime, tmp_path):
    told = []
    own = kept(runtime, tmp_path, told)
    around = own.around(app)
    assert (runtime.generation, runtime.calls, runtime.metrics.set) == ("gen-1", own.calls, [1])
    assert around.others == {"gen-0": "/old"}

    own.use({"gen-2": "/new"}, 0)

    assert (around.others, runtime.metrics.set) == ({"gen-2": "/new"}, [1, 0])


@pytest.mark.parametrize("last", ["its summary", "another process's report"])
def test_a_replaced_process_ends_with_its_last_call(runtime, tmp_path, ended, caplog, last):
    """Until then it answers for it, and accepts nothing else."""
    caplog.set_level("INFO")
    told, server, answers = [], Server(), []
    own = kept(runtime, tmp_path, told)
    own.calls.begun[CALL] = 100

    async def send(message):
        answers.append(message)

    async def run():
        async with own.opened(server):
            own.hold()
            own.complete()
            await until(lambda: told)
            assert (server.accepting, ended) == (False, [])
            path = own.membership.socket_of(os.getpid())
            assert await hand_over(path, b"key", SCOPE, asyncio.Event().wait, send)
            if last == "its summary":
                own.calls.end(*CALL)
            else:
                own.add(CallReport({}, (CALL,), 0.0))
            await until(lambda: ended)

    asyncio.run(run())

    assert (told, ended) == ([1], [(os.getpid(), signal.SIGTERM)])
    assert answers[-1]["body"] == b"old"
    assert runtime.replaced
    assert "replaced" in runtime.metrics.set
    assert "generation 1 ends: its last call has ended" in caplog.text


def test_it_waits_for_the_reports_of_the_others(runtime, tmp_path, ended):
    """They may have calls that this one does not know."""
    told, later = [], ("/desk", "c-2")
    own = kept(runtime, tmp_path, told)

    async def run():
        async with own.opened(Server()):
            own.hold()
            await until(lambda: "replaced" in runtime.metrics.set)
            assert told == []  # a part of the calls is not their number
            own.add(CallReport({later: time.monotonic() + 100}, (), 0.0))
            own.complete()
            await until(lambda: told == [1])
            assert not ended
            own.calls.end(*later)
            await until(lambda: ended)

    asyncio.run(run())


def test_it_ends_after_some_time_whatever_calls_there_are(runtime, tmp_path, ended, caplog):
    caplog.set_level("INFO")
    own = kept(runtime, tmp_path, [], seconds=0.1)
    own.calls.begun[CALL] = 100

    async def run():
        async with own.opened(Server()):
            own.hold()
            await until(lambda: ended)

    asyncio.run(run())

    assert "minutes are over" in caplog.text


def test_a_process_without_calls_ends_at_once(runtime, tmp_path, ended):
    own = kept(runtime, tmp_path, [])

    async def run():
        async with own.opened(Server()):
            own.complete()
            own.hold()
            await until(lambda: ended)

    asyncio.run(run())


def test_a_process_that_others_cannot_reach_does_not_stay(runtime, tmp_path, ended, caplog):
    """The path of its socket may be longer than the system allows."""
    own = kept(runtime, tmp_path / ("x" * 200), [])
    own.calls.begun[CALL] = 100

    async def run():
        async with own.opened(Server()):
            own.hold()
            await until(lambda: ended)

    asyncio.run(run())

    assert "calls in progress will not outlast this process: " in caplog.text


def test_a_new_configuration_of_the_host_reaches_it(tmp_path, monkeypatch):
    """The sections of agents stay as they were, as the agents do."""
    monkeypatch.setattr(keeping, "start_logging", lambda config: None)
    agents = {"desk": AgentConfig(route="/old")}
    config = Config(host=HostConfig(passwords=(Secret("an old password"),), signing_keys=KEYS), agents=agents)
    runtime = Runtime(settings_of(config))
    own = kept(runtime, tmp_path, [])

    async def run():
        async with own.opened(Server()):
            host = HostConfig(passwords=(Secret("a new password"),), signing_keys=KEYS)
            own.carry_out("settings", Config(host=host, keys={"web": KeyConfig()}))
            await until(lambda: runtime.credentials.pairs != settings_of(config).credentials.pairs)

    asyncio.run(run())

    assert runtime.credentials.pairs == (b"agenthost:a new password",)
    assert runtime.config.agents == agents
    assert "web" in runtime.config.keys


def test_the_end_of_the_host_ends_the_waiting(runtime, tmp_path, ended):
    own = kept(runtime, tmp_path, [])
    own.calls.begun[CALL] = 100

    async def run():
        async with own.opened(Server()):
            own.hold()
            await asyncio.sleep(0.05)
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())

    assert not ended
