"""Lifespans of agents and plugins, and observers of tool calls."""

from __future__ import annotations

import asyncio
import gc
import re
import threading
from contextlib import asynccontextmanager, suppress

import httpx
from plans import plan_of
from polling import poll_in_loop

from agenthost import AgentBase, AgentServer, ToolCalled
from agenthost._host.access.credentials import Credentials
from agenthost._host.access.tokens import Tokens
from agenthost._host.calls.observers import MOST_WAITING, Observers
from agenthost._host.config.schema import Config, HostConfig, StateConfig
from agenthost._host.packages.plugins import Plugins, PluginState
from agenthost._host.packages.stages import Extensions, Loaded
from agenthost._host.plan.plan import make_plan
from agenthost._host.published.settings import Settings
from agenthost._host.runtime.runtime import Runtime
from agenthost._host.telemetry.metrics import Metrics
from agenthost.secret import Secret
from agenthost.state import StateProvider


def runtime_of():
    return Runtime(Settings(Config(), Credentials("agenthost", "secret"), Tokens([b"key"])))


class Opened(AgentBase):
    """Notes in which task its lifespan begins and ends."""

    def __init__(self, name="opened"):
        super().__init__(name, f"/{name}")
        self.prompt_add_section("Role", "You wait.")
        self.seen = []

    @asynccontextmanager
    async def lifespan(self):
        self.seen.append(asyncio.current_task())
        yield
        self.seen.append(asyncio.current_task())


class Exits(Opened):
    @asynccontextmanager
    async def lifespan(self):
        raise SystemExit(3)
        yield


class NoManager(Opened):
    async def lifespan(self):
        yield


class Stubborn(Opened):
    """An agent whose lifespan ignores cancellation and begins too late."""

    @asynccontextmanager
    async def lifespan(self):
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.6)
        self.seen.append("begun")
        yield
        self.seen.append("ended")


def test_what_fails_is_set_aside_and_the_others_serve():
    """Each lifespan ends in the task that entered it.

    A failed one has a diagnosis.
    """
    good, plain = Opened(), AgentBase("plain", "/plain")

    async def served():
        runtime = runtime_of()
        async with runtime.open():
            plan = await runtime.begin(plan_of(good, plain, Exits("exits"), NoManager("no-manager")))
            assert [agent.key for agent in plan.agents] == ["opened", "plain"]
            return {item.key: item.diagnosis.reason for item in plan.failed}

    reasons = asyncio.run(served())

    assert "sys.exit(3)" in reasons["exits"]
    assert "write @asynccontextmanager above it" in reasons["no-manager"]
    assert len(good.seen) == 2
    assert good.seen[0] is good.seen[1]


def test_what_a_lifespan_starts_is_its_agents(caplog):
    """A task that it starts fails under the name of the agent."""

    async def fails():
        raise LookupError("no pool")

    class Starts(Opened):
        @asynccontextmanager
        async def lifespan(self):
            self.task = asyncio.create_task(fails())
            yield

    agent = Starts("starts")

    async def served():
        runtime = runtime_of()
        async with runtime.open():
            runtime.publish(await runtime.begin(plan_of(agent)))
            await asyncio.sleep(0)
            agent.task = None
            gc.collect()
            return runtime.metrics.text().decode()

    text = asyncio.run(served())
    assert "a task that lifespan of agent starts started failed and was never awaited (e-" in caplog.text
    assert 'agenthost_failures_total{agent="starts",what="lifespan"} 1.0' in text


def hangs(host):
    threading.Event().wait(30)


@asynccontextmanager
async def keeps_too_much(host):
    await host.state.set("k" * 513, 1)
    yield


@asynccontextmanager
async def keeps_what_json_cannot_carry(host):
    await host.state.set("seen", {"a set": {1, 2}})
    yield


def test_a_plugin_that_does_anything_else_in_its_lifespan_is_set_aside(tmp_path):
    """It hangs before it begins, or stores a value that no store takes.

    Stored values stay.
    """
    kept = []

    @asynccontextmanager
    async def keeps(host):
        kept.append(await host.state.incr("starts"))
        yield

    bad = {"hangs": hangs, "long": keeps_too_much, "set": keeps_what_json_cannot_carry, "number": lambda host: 7}
    functions = {**bad, "good": keeps}
    states = tuple(PluginState(name, "acme", "1.0", "ready") for name in functions)
    loaded = Loaded(
        plugins=states,
        extensions=Extensions(
            lifespan=tuple((f"acme:{name}", function) for name, function in functions.items()),
            state_providers=tuple(Plugins.load(Config(), ()).values("state_providers", StateProvider)),
        ),
    )

    async def served():
        config = Config(
            host=HostConfig(build_timeout=2, state_dir=str(tmp_path)), state=StateConfig(url=Secret("memory://"))
        )
        runtime = Runtime(Settings(config, Credentials("agenthost", "secret"), Tokens([b"key"])))
        plan = make_plan(config, loaded)
        runtime.give_state(plan)
        async with runtime.open():
            begun = await runtime.begin(plan)
            return {state.name: state.diagnosis.reason for state in begun.plugins if state.diagnosis}

    reasons = asyncio.run(served())

    assert kept == [1]
    assert reasons.keys() == bad.keys()
    assert reasons["hangs"] == "its lifespan did not begin within 2 s"
    assert "a key must have 1 to 512 bytes, not 513" in reasons["long"]
    assert "a value must be JSON" in reasons["set"]
    assert "its lifespan returns int, no async context manager" in reasons["number"]


def test_an_agent_comes_once_it_has_begun_and_its_lifespan_ends_when_it_goes():
    """While the host serves, also when it is published from another thread."""
    agent = Opened()

    async def served():
        runtime = runtime_of()
        async with runtime.open():
            runtime.publish(await runtime.begin(plan_of()))
            plan = plan_of(agent)
            await asyncio.to_thread(runtime.publish, plan)
            await poll_in_loop(lambda: runtime.published.plan.agents)
            assert len(agent.seen) == 1
            await asyncio.to_thread(runtime.publish, plan_of())
            await poll_in_loop(lambda: len(agent.seen) == 2)

    asyncio.run(served())


def test_one_that_cannot_be_stopped_is_not_waited_for():
    """It is quarantined in time, and ended at once if it begins later."""
    agent, plain = Stubborn(), AgentBase("plain", "/plain")

    async def served():
        config = Config(host=HostConfig(build_timeout=0.1))
        runtime = Runtime(Settings(config, Credentials("agenthost", "secret"), Tokens([b"key"])))
        async with runtime.open():
            plan = await runtime.begin(plan_of(agent, plain))
            assert [agent.key for agent in plan.agents] == ["plain"]
            assert agent.seen == []
            (aside,) = plan.failed
            await poll_in_loop(lambda: agent.seen == ["begun", "ended"])
            return aside.diagnosis.reason

    assert asyncio.run(served()) == "its lifespan did not begin within 0.1 s"


def test_what_an_observer_is_too_slow_for_is_counted():
    """So that nothing piles up, and whoever looks at the metrics knows."""
    release, metrics, seen = threading.Event(), Metrics(), []

    def slow(event):
        release.wait(30)
        seen.append(event)

    observers = Observers([("acme:slow", slow)], metrics)
    for number in range(MOST_WAITING + 5):
        observers.tell(ToolCalled("sales", "price", f"c-{number}", 0.1, "ok"))
    release.set()
    observers.close()
    (dropped,) = re.findall(r'agenthost_events_dropped_total{plugin="acme:slow"} (\d+)', metrics.text().decode())

    assert int(dropped) + len(seen) == MOST_WAITING + 5
    assert int(dropped) in (4, 5)  # the first may have been taken before the last came


def test_observers_do_not_wait_for_each_other():
    """An observer that hangs loses events, which are counted.

    One that raises gets the next event.
    """
    release, done, seen, calls = threading.Event(), threading.Event(), [], []

    def hangs(event):
        release.wait(30)

    def raises(event):
        calls.append(event)
        raise SystemExit

    def listens(event):
        seen.append(event)
        if len(seen) == 20:
            done.set()

    observers = Observers([("hangs", hangs), ("raises", raises), ("listens", listens)], Metrics())
    events = [ToolCalled("sales", "price", f"c-{number}", 0.1, "ok") for number in range(20)]
    for event in events:
        observers.tell(event)

    assert done.wait(30)
    assert seen == events
    release.set()
    observers.close()
    assert calls == events


def test_calls_that_are_kept_keep_the_lifespan_of_their_agent():
    """After a reload, the lifespan ends with the last kept call."""
    before, after = Opened(), Opened()

    async def served():
        runtime = runtime_of()
        async with runtime.open():
            runtime.publish(await runtime.begin(plan_of(before)))
            changed = plan_of(after)
            await runtime.begin(changed)
            runtime.publish(changed, keep=0.5)
            await asyncio.sleep(0.05)
            assert (len(before.seen), len(after.seen)) == (1, 1)
            await poll_in_loop(lambda: runtime.forget() or len(before.seen) == 2)
            assert len(after.seen) == 1

    asyncio.run(served())


def test_first_requests_wait_for_what_is_still_beginning(monkeypatch, tmp_path):
    """Without a signal that serving begins, all concurrent first requests reach the agent."""
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path))

    class Slow(Opened):
        @asynccontextmanager
        async def lifespan(self):
            self.seen.append("begins")
            await asyncio.sleep(0.2)
            yield

    agent = Slow()
    server = AgentServer()
    server.register(agent)

    async def asked():
        app = server.app
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://host.example") as client:
            auth = app.runtime.credentials
            return await asyncio.gather(*(client.get("/opened", auth=(auth.user, auth.password)) for _ in range(5)))

    answers = asyncio.run(asked())

    assert [answer.status_code for answer in answers] == [200] * 5
    assert agent.seen == ["begins"]
