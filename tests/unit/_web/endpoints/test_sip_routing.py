"""SIP calls at a host with plugins: the agent, the response and the metrics."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time

import asking
import pluggy
import pytest
from plans import plan_of

from agenthost import AgentBase, SipAlias, hookimpl, hookspecs
from agenthost._host.config.load import load_config
from agenthost._host.packages.plugins import Plugins, PluginState
from agenthost._host.published.sip_unmatched import UnmatchedUsers
from agenthost._host.runtime.start import make_runtime
from agenthost._web.front import Front

AUTH = ("agenthost", "good for tests")
AGENTS = ("main", "sales", "support")


@pytest.fixture
def front_of(tmp_path, monkeypatch):
    """Return the front of a host with three agents.

    The arguments are the text of agenthost.toml and implementations of hooks.
    """
    monkeypatch.chdir(tmp_path)

    def front_of(text="", **loaded):
        (tmp_path / "agenthost.toml").write_text(text)
        environ = {"AGENTHOST_PASSWORD": AUTH[1], "SIGNALWIRE_SWAIG_SECRET": "k", "AGENTHOST_STATE_DIR": str(tmp_path)}
        config = load_config(None, environ)
        agents = (AgentBase(name, f"/{name}") for name in AGENTS)
        front = Front(make_runtime(config), sip_path=config.sip.path)
        front.publish(plan_of(*agents, config=config, **loaded))
        return front

    return front_of


def ask(front, to, path="/sip", method="POST", **call):
    body = {"call": {"to": to, **call}} if method == "POST" else None
    return asking.ask(front, method, path, auth=AUTH, json=body)


async def hangs(uri, call):
    await asyncio.sleep(60)


async def gold(uri, call):
    return "support" if call.header("X-Tier") == "gold" else None


def raises(uri, call):
    raise SystemExit(3)


def blocks(uri, call):
    time.sleep(1)


FAILING = {"hangs": hangs, "raises": raises, "blocks": blocks, "number": lambda uri, call: 7}


def test_plugins_that_fail_are_passed_over_and_counted(front_of, caplog):
    """The next plugin is called.

    The failure is logged with its plugin.
    """
    front = front_of('[sip]\nmode = "redirect"\n', resolve_sip=(*FAILING.items(), ("tier", gold)))
    with caplog.at_level(logging.ERROR):
        answer = ask(front, "sip:sales@x", headers=[{"name": "x-tier", "value": "gold"}])

    assert (answer.status_code, answer.headers["location"]) == (307, "/support")
    assert {name for name in FAILING if f"of plugin {name} failed" in caplog.text} == set(FAILING)
    figures = ask(front, "", "/metrics", "GET").text
    assert 'agenthost_sip_decisions_total{rule="hook tier"} 1.0' in figures
    for name in FAILING:
        assert f'agenthost_hook_failures_total{{hook="resolve_sip",plugin="{name}"}} 1.0' in figures


def test_the_console_asks_with_headers(front_of):
    front = front_of("[console]\nenabled = true\n", resolve_sip=[("tier", gold)])
    asked = {"to": "sip:sales@x", "headers": "X-Other: 1\n\n X-Tier:  gold "}
    answer = asking.ask(front, "GET", "/-/sip.json", auth=AUTH, params=asked).json()["answer"]

    assert (answer["agent"], answer["decided_by"]) == ("support", "hook tier")


REDIRECT = '[sip]\nmode = "redirect"\n'
PUBLIC = '[host]\npublic_url = "https://h.example/voice"\n'


@pytest.mark.parametrize(
    ("text", "path", "user", "status", "location"),
    [
        (REDIRECT, "/sip", "sales", 307, "/sales"),
        (REDIRECT, "/sip/", "sales", 307, "/sales"),
        (REDIRECT, "/main/sip", "sales", 307, "/sales"),
        (REDIRECT, "/sales/sip", "sales", 200, None),
        (REDIRECT, "/sales/sip", "nobody", 200, None),
        (REDIRECT, "/sip", "nobody", 404, None),
        (REDIRECT + PUBLIC, "/sip", "sales", 307, "/voice/sales"),
        ("", "/sip", "sales", 200, None),
        ('[sip]\npath = "/calls"\n', "/calls", "sales", 200, None),
        ('[sip]\npath = "/calls"\n', "/sip", "sales", 404, None),
        ("[sip]\nautomatic = false\n", "/sip", "sales", 404, None),
        (REDIRECT + 'default = "main"\n', "/sip", "nobody", 307, "/main"),
        (REDIRECT + 'default = "main"\n', "/sales/sip", "nobody", 307, "/main"),
        (REDIRECT + '[[sip.rules]]\nuser = "sales"\nagent = "gone"\n', "/sip", "sales", 404, None),
        (REDIRECT + '[[sip.rules]]\ncalled = "+49*"\nagent = "/main"\n', "/sip", "+49301", 307, "/main"),
    ],
)
def test_where_a_call_goes(front_of, text, path, user, status, location):
    answer = ask(front_of(text), f"sip:{user}@x", path)

    assert (answer.status_code, answer.headers.get("location")) == (status, location)
    assert b"\n" not in answer.headers.get("location", "").encode()


@pytest.mark.parametrize(
    ("aliases", "user", "location"),
    [
        ([("p", SipAlias("Vertrieb", "/sales"))], "vertrieb", "/sales"),
        ([("p", SipAlias("sales", "main"))], "sales", "/main"),
        ([("p", SipAlias("x", "main")), ("q", SipAlias("X", "sales"))], "x", None),
        ([("p", SipAlias("x", "main")), ("q", SipAlias("x", "/main"))], "x", "/main"),
        ([("p", SipAlias("sales", "gone"))], "sales", None),
    ],
)
def test_aliases_of_plugins(front_of, aliases, user, location):
    front = front_of(REDIRECT, registry=saying(*aliases))

    assert ask(front, user).headers.get("location") == location
    assert bool(front.runtime.published.plan.warnings) == (location is None)


class Says:
    """A plugin that gives one alias, whoever is served."""

    def __init__(self, alias):
        self.alias = alias

    @hookimpl
    def sip_aliases(self):
        return [self.alias]


def saying(*aliases):
    """Return plugins that each add one alias.

    The built-in aliases stay.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(importlib.import_module("agenthost.builtin.sip_aliases"), "agenthost.builtin.sip_aliases")
    for name, alias in aliases:
        manager.register(Says(alias), f"acme:{name}")
    return Plugins(manager, [PluginState(name, "acme", "1.0", "ready") for name, _ in aliases], 5.0, ())


def test_plugins_make_aliases_of_the_agents_that_are_served(front_of):
    """One by their routes, and an automatic one gives way to an agent's own name."""

    class Numbered:
        @hookimpl
        def sip_aliases(self, agents):
            yield from (SipAlias(f"{number}", agent.key) for number, agent in enumerate(agents))
            yield SipAlias("sales", "main", automatic=True)
            yield SipAlias("front", "main", automatic=True)
            yield SipAlias("gone", "gone", automatic=True)

    manager = saying()._manager
    manager.register(Numbered(), "acme:numbered")
    front = front_of(REDIRECT, registry=Plugins(manager, [PluginState("numbered", "acme", "1.0", "ready")], 5.0, ()))
    plan = front.runtime.published.plan

    assert ask(front, "0").headers["location"] == plan.agents[0].route
    assert ask(front, "front").headers["location"] == "/main"
    assert ask(front, "gone").status_code == 404
    assert plan.origins["front"] == "automatic alias of acme:numbered"
    assert plan.origins["main"] == "automatic alias"
    [warning] = plan.warnings
    assert warning.startswith("SIP alias 'sales' is claimed by main and sales")


def test_a_plugin_whose_aliases_fail_has_no_part_in_what_follows(front_of):
    """It is quarantined, and not called for later SIP calls.

    Agents are still reached by their own names.
    """

    class Broken:
        @hookimpl
        def sip_aliases(self, agents):
            raise ValueError(f"more than {len(agents)}")

        @hookimpl
        def resolve_sip(self, uri):
            return "main"

    manager = saying()._manager
    manager.register(Broken(), "acme:broken")
    registry = Plugins(manager, [PluginState("broken", "acme", "1.0", "ready")], 5.0, ())
    functions = registry.implementations("resolve_sip")
    front = front_of(REDIRECT, registry=registry, plugins=registry.states, resolve_sip=functions)
    [state] = front.runtime.published.plan.plugins

    assert (state.state, state.diagnosis.reason.partition(" (")[0]) == ("quarantined", "ValueError: more than 3")
    assert ask(front, "sales").headers["location"] == "/sales"


def test_users_that_nobody_knows_are_listed(front_of):
    front = front_of('[sip]\ndefault = "main"\n')
    for to in ("sip:slaes@x", "sip:slaes@y", "tel:+49-30", "sip:sales@x"):
        ask(front, to)
    listed = ask(front, "", "/-/sip/unmatched", "GET").json()

    assert [(row["user"], row["times"], row["answered_by"]) for row in listed["users"]] == [
        ("slaes", 2, "main"),
        ("+4930", 1, "main"),
    ]
    assert listed["total"] == 3
    assert "agenthost_sip_decisions_total" in ask(front, "", "/metrics", "GET").text


def test_what_is_remembered_of_them_is_bounded():
    """Those that come often stay, however many come once."""
    unmatched = UnmatchedUsers(10)
    for number in range(1000):
        unmatched.count("often", None)
        unmatched.count(f"once-{number}" * 100, None)
    report = unmatched.report()

    assert (report["users"][0]["user"], report["users"][0]["times"], len(report["users"])) == ("often", 1000, 10)
    assert max(len(row["user"]) for row in report["users"]) <= 128


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[[sip.rules]]\nuser = "a"\nagent = "gone"\n',
            "agenthost.toml:1: rule 1: agent names 'gone', which is not served",
        ),
        ('[sip]\n\ndefault = "gone"\n', "agenthost.toml:3: sip.default names 'gone', which is"),
        (
            '[[sip.rules]]\nuser = "a"\nagent = "main"\n\n[[sip.rules]]\nuser = "A"\nagent = "sales"\n',
            "agenthost.toml:5: rule 2 is never reached: agenthost.toml:1: rule 1 decides for all its callers",
        ),
    ],
)
def test_what_check_finds(front_of, text, told):
    (warning,) = front_of(text).runtime.published.plan.warnings

    assert warning.startswith(told)
