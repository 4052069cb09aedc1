"""SIP calls at a host with plugins and configuration: who answers, in what form, and what is counted."""

from __future__ import annotations

import asyncio
import logging
import time

import asking
import pytest
from plans import plan_of

from agenthost import AgentBase, SipAlias
from agenthost._host.config import load_config
from agenthost._host.server import make_runtime
from agenthost._host.sip_unmatched import Unmatched
from agenthost._web.front import Front

AUTH = ("agenthost", "for tests")
AGENTS = ("main", "sales", "support")


@pytest.fixture
def front_of(tmp_path, monkeypatch):
    """Gives the front of a host with three agents, for the text of an agenthost.toml and what plugins say."""
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
    """The next is asked; what failed is in the log with its plugin."""
    front = front_of('[sip]\nmode = "redirect"\n', resolve_sip=(*FAILING.items(), ("tier", gold)))
    with caplog.at_level(logging.ERROR):
        answer = ask(front, "sip:sales@x", headers=[{"name": "x-tier", "value": "gold"}])

    assert (answer.status_code, answer.headers["location"]) == (307, "/support")
    assert {name for name in FAILING if f"of plugin {name} failed" in caplog.text} == set(FAILING)
    figures = ask(front, "", "/metrics", "GET").text
    assert 'agenthost_sip_decisions_total{rule="hook tier"} 1.0' in figures
    for name in FAILING:
        assert f'agenthost_hook_failures_total{{hook="resolve_sip",plugin="{name}"}} 1.0' in figures


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
    front = front_of(REDIRECT, sip_aliases=tuple(aliases))

    assert ask(front, user).headers.get("location") == location
    assert bool(front.runtime.published.plan.warnings) == (location is None)


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
    unmatched = Unmatched(10)
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
            "agenthost.toml:5: rule 2 is never reached: agenthost.toml:1: rule 1 decides about all its callers",
        ),
    ],
)
def test_what_check_finds(front_of, text, told):
    (warning,) = front_of(text).runtime.published.plan.warnings

    assert warning.startswith(told)
