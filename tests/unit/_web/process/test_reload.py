"""Reloading: every key of every table, edited in the file of a host that serves."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import sys
import threading
import tomllib
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import tomli_w
from attrs import define, frozen

from agenthost._host.config import schema
from agenthost._host.config.declaration import LIVE, Key, Table, keys_of
from agenthost._host.config.load import load_config
from agenthost._host.config.sip_rules import RuleConfig
from agenthost._host.plan.routes import RouteTable
from agenthost._host.runtime import reload as reload_module
from agenthost._host.runtime.start import installed_plan, make_runtime, read_again, with_secrets
from agenthost._web.front import Front
from agenthost._web.process.reload import Reloading
from agenthost.errors import ConfigurationError, PlanError

if TYPE_CHECKING:
    from pathlib import Path

SALES = """
from attrs import frozen
from agenthost import AgentBase

@frozen
class SalesSettings:
    rooms: int = 1

class Sales(AgentBase):
    Settings = SalesSettings

    def __init__(self, settings):
        super().__init__("sales", "/sales")

class Support(AgentBase):
    def __init__(self):
        super().__init__("support", "/support")
"""
ADDRESS = """
[host]
announce_url = "http://127.0.0.1:9"
[state]
url = "sqlite:///state.db"
"""
"""Keys that a host needs to announce itself, which take effect at the start."""
PLAIN = f"""{ADDRESS}
[agents.sales]
[workflows.both]
kind = "parallel"
agents = ["sales", "support"]
[[sip.rules]]
agent = "sales"
"""
COMPANIONS = f"""{ADDRESS}
[models.house]
kind = "offline"
[classifiers.near]
kind = "lexical"
[keys.monitoring]
secret = "of-the-monitoring-alone"
agents = ["*"]
scopes = ["observe"]
[peers.east]
url = "http://127.0.0.1:9"
user = "west"
secret = "of-the-peer-east-alone"
agents = ["billing"]
[agents.sales]
user = "ann"
password = "of this agent alone"
[workflows.both]
kind = "parallel"
agents = ["sales", "support"]
[[sip.rules]]
agent = "sales"
else = "support"
hours = "Mon 09:00-10:00"
timezone = "UTC"
"""
"""Has keys that others need beside them, such as a time zone beside hours."""

WALLED = f"""{ADDRESS}
[agents.sales]
enabled = false
isolation = "process"
run_as = "nobody"
"""
"""Has an agent with walls of its own, which need not be built here."""


@frozen
class Case:
    """A key of a table.

    Args:
        key: the key.
        path: the steps to its table in the file.
        table: the steps to its table in a configuration.
    """

    key: Key
    path: tuple[str | int, ...]
    table: tuple[str | int, ...]

    @property
    def name(self) -> str:
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*self.path, self.key.name))[1:]

    def of(self, config):
        """Return its value."""
        value = config
        for step in self.table:
            value = value[step] if isinstance(value, (dict, tuple)) else getattr(value, step)
        return getattr(value, self.key.argument)


def cases():
    """Return every key of every table that the schema declares."""
    places = {type(value): (name,) for name, value in attrs.asdict(schema.Config(), recurse=False).items()}
    places |= {
        schema.KeyConfig: ("keys", "monitoring"),
        schema.AgentConfig: ("agents", "sales"),
        schema.WorkflowConfig: ("workflows", "both"),
        schema.PeerConfig: ("peers", "east"),
    }
    tables = [
        cls for cls in vars(schema).values() if isinstance(cls, type) and issubclass(cls, Table) and attrs.has(cls)
    ]
    found = [Case(key, places[cls], places[cls]) for cls in tables if (keys := keys_of(cls)) for key in keys.values()]
    return found + [Case(key, ("sip", "rules", 0), ("sip", "tables", 0)) for key in keys_of(RuleConfig).values()]


CASES = cases()


def edited(text, path, value):
    """Return a file with another value for a key."""
    tables = tomllib.loads(text)
    table: Any = tables
    for step in path[:-1]:
        table = table[step] if isinstance(step, int) else table.setdefault(step, {})
    table[path[-1]] = value
    return tomli_w.dumps(tables)


@define
class Host:
    """A host that serves two agents in this process.

    Args:
        file: its configuration.
        front: what serves.
        reloading: its reloads.
    """

    file: Path
    front: Front
    reloading: Reloading

    @property
    def config(self):
        return self.front.runtime.config

    @property
    def plan(self):
        return self.front.runtime.published.plan

    def reload(self, text, agent=None):
        self.file.write_text(text, encoding="utf-8")
        self.file.chmod(0o600)
        return self.reloading.answer({"agent": agent}, lambda _: None)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A host for all tests.

    A reload changes its configuration, and another one restores it.
    """
    place = tmp_path_factory.mktemp("host")
    (place / "reloaded_sales.py").write_text(SALES, encoding="utf-8")
    info = place / "agenthost_support-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: agenthost-support\nVersion: 1.0\n", encoding="utf-8")
    offers = "[agenthost.agents]\nsales = reloaded_sales:Sales\nsupport = reloaded_sales:Support\n"
    (info / "entry_points.txt").write_text(offers, encoding="utf-8")
    level = logging.getLogger().level
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AGENTHOST_")]:
            patch.delenv(name)
        patch.setenv("XDG_STATE_HOME", str(place / "state"))
        patch.setenv("PYTHONPATH", str(place))
        patch.setenv("NAME", "a-secret-of-the-environment")
        patch.setenv("KEY", "a key of the environment")
        patch.syspath_prepend(place)
        patch.chdir(place)
        importlib.invalidate_caches()
        file = place / schema.FILE
        file.write_text(PLAIN, encoding="utf-8")
        config = with_secrets(load_config(None, os.environ, {}))
        front = Front(make_runtime(config), sip_path=config.sip.path)
        serving, over = threading.Event(), threading.Event()
        made: list[Reloading] = []

        async def serve():
            async with front.opened(front.assemble(installed_plan(config))):
                made.append(Reloading(front))
                serving.set()
                await asyncio.to_thread(over.wait)

        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        serving.wait(timeout=30)
        yield Host(file, front, made[0])
        over.set()
        thread.join(timeout=30)
    logging.getLogger().setLevel(level)
    sys.modules.pop("reloaded_sales", None)


def changed(host, case):
    """Reload a host with another value of a key.

    Return the earlier configuration, the file and the report.
    """
    for base in (COMPANIONS, PLAIN, WALLED):
        for example in (case.key.kind.other, case.key.kind.example):
            value = tomllib.loads(f"value = {example}")["value"]
            text = edited(base, (*case.path, case.key.name), value)
            host.reload(base)
            before = host.config
            try:
                told = host.reload(text)
            except (ConfigurationError, PlanError):  # not in this file
                continue
            if case.of(load_config(None, os.environ, {})) != case.of(before):
                return before, text, told
    raise AssertionError("no value of its kind is accepted")


def marked(case):
    """Return a case as a parameter.

    A case that moves an agent to another process is slow.
    """
    return pytest.param(case, id=case.name, marks=pytest.mark.slow if "`process`" in case.key.kind.name else ())


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_a_changed_key_takes_effect_or_needs_a_restart(host, case):
    """The host applies the new value, or keeps the old one and reports the key."""
    before, text, told = changed(host, case)
    after = load_config(None, os.environ, {})

    if case.key.effect == LIVE:
        assert (told["applied"], told["restart"]) == ([case.name], [])
        assert case.of(host.config) == case.of(after)
    else:
        assert (told["applied"], told["restart"]) == ([], [case.name])
        assert case.of(host.config) == case.of(before)
        assert host.reload(text)["restart"] == [case.name], "each reload names it again"
    for agent in host.plan.agents:
        if agent.key in host.config.agents:
            assert agent.built.config == host.config.agents[agent.key]


MODELS = """
[models]
default = "house"
[models.house]
kind = "offline"
[agents.sales]
model = "other"
[models.other]
kind = "offline"
"""


def test_models_are_made_when_they_are_first_named(host):
    """An unchanged table keeps its model, and a changed one makes a new one.

    A failing one is refused.
    """
    host.reload(PLAIN)
    assert set(host.plan.models.made) == {"offline"}
    host.reload(MODELS)
    first = host.plan.models
    assert (set(first.made), first.default) == ({"offline", "house", "other"}, "house")

    host.reload(MODELS.replace("[agents.sales]", '[agents.sales]\nroute = "/shop"'))
    assert all(host.plan.models.made[name] is made for name, made in first.made.items())

    with pytest.raises(PlanError, match=r"agenthost\.toml:8: models\.other: no plugin makes models of the kind 'none'"):
        host.reload(MODELS.replace('[models.other]\nkind = "offline"', '[models.other]\nkind = "none"'))
    assert host.plan.models.made["other"] is first.made["other"]


def test_a_new_plan_is_made_beside_the_event_loop(host, monkeypatch):
    """Nothing that grows with the number of agents runs there, and nothing is collected."""
    host.reload(PLAIN)
    serving = host.reloading._loop
    where, collected = [], []

    def noted(function):
        def run(*arguments):
            where.append(threading.current_thread() is loop_thread)
            return function(*arguments)

        return run

    async def thread():
        return threading.current_thread()

    loop_thread = asyncio.run_coroutine_threadsafe(thread(), serving).result()
    monkeypatch.setattr(RouteTable, "of", noted(RouteTable.of))
    monkeypatch.setattr(gc, "callbacks", [lambda phase, info: collected.append((phase, info["generation"]))])
    turn = sys.getswitchinterval()
    host.reload(PLAIN.replace("[agents.sales]", "[agents.sales]\ntool_timeout = 7.0"))

    assert where
    assert not any(where)
    assert ("start", 2) not in collected
    assert (sys.getswitchinterval(), gc.isenabled()) == (turn, True)
    assert host.plan.find("sales").limits.tool_timeout == 7.0


def test_an_agent_that_stays_keeps_its_tokens(host):
    host.reload(PLAIN)
    before = host.front.runtime.published
    host.reload(PLAIN.replace("[agents.sales]", '[agents.sales]\nmodel = "offline"'))
    after = host.front.runtime.published

    assert after.tokens["/support"] is before.tokens["/support"]
    assert after.tokens["/sales"] is not before.tokens["/sales"]


def test_one_agent_alone(host):
    """Changes of others are reported, and not applied.

    The next reload applies them.
    """
    host.reload("")
    text = "[host]\nmax_body = 7\n[agents.sales]\nroute = '/shop'\n[agents.support]\nroute = '/help'\n"
    told = host.reload(text, agent="sales")
    assert (told["applied"], told["left"]) == (["host.max_body", "agents.sales.route"], ["agents.support.route"])
    assert host.plan.find("support").route == "/support"
    assert host.reload(text)["applied"] == ["agents.support.route"]


def test_one_agent_leaves_the_others_out_as_they_were(host):
    """The section of the other one restricts it as before."""
    host.reload("[agents.support]\nenabled = false\n")
    before = {item.key: (item.state, item.diagnosis) for item in host.plan.set_aside}
    host.reload("[agents.support]\nenabled = false\n[agents.sales]\ntool_timeout = 3.0\n", agent="sales")

    assert host.plan.find("sales").limits.tool_timeout == 3.0
    assert {item.key: (item.state, item.diagnosis) for item in host.plan.set_aside} == before
    assert before["support"] == ("disabled", None)


def test_one_agent_is_replaced_in_the_plan(host, monkeypatch):
    """Nothing is discovered, and calls in progress stay with the old one."""
    host.reload(ADDRESS)
    before = host.front.runtime.published
    host.file.write_text(f"{ADDRESS}[agents.sales]\nrooms = 4\n", encoding="utf-8")
    monkeypatch.setattr(reload_module, "discover", None)
    config, _ = read_again(host.config)
    done = asyncio.run_coroutine_threadsafe(host.reloading.reload("sales", config, ()), host.reloading._loop).result()

    after = host.front.runtime.published
    assert (done["only"], done["changed"], done["applied"]) == ("sales", ["sales"], ["agents.sales.rooms"])
    assert after.plan.find("sales").config.settings == {"rooms": 4}
    assert after.plan.find("support") is before.plan.find("support")
    assert after.table.find("/sales")[0] is after.plan.find("sales")
    edition = before.tokens["/sales"].edition
    assert after.earlier["/sales/swaig", edition].plan is before.plan
    assert after.tokens["/sales"].edition != edition


def test_one_agent_that_fails_changes_nothing(host):
    host.reload("")
    before = host.plan
    host.file.write_text("[agents.sales]\nrooms = 'many'\n", encoding="utf-8")
    config, _ = read_again(host.config)
    reload = host.reloading.reload("sales", config, ())

    with pytest.raises(PlanError, match="rooms"):
        asyncio.run_coroutine_threadsafe(reload, host.reloading._loop).result()
    assert host.plan is before


@pytest.mark.parametrize("name", ["support", "agenthost-support:support", "/support"])
def test_one_agent_is_reloaded_by_key_or_route(host, name):
    """Also by its full key."""
    host.reload(PLAIN)
    support, sales = host.plan.find("support"), host.plan.find("sales")
    told = host.reload(PLAIN, name)

    assert "support" in told["changed"]
    assert host.plan.find("support") is not support
    assert host.plan.find("sales") is sales
