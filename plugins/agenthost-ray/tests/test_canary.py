"""A new version beside the served one, without a cluster."""

from __future__ import annotations

import pytest
from agenthost_ray.canary import built_agents, changes, losses, members
from hypothesis import given, strategies as st


def row(agent, state="ready", **other):
    base = {"agent": agent, "route": f"/{agent}", "package": "acme", "version": "1.0", "tools": [], "sip": []}
    failed = {} if state == "ready" else {"reason": "No module named 'x'", "remedy": "install x"}
    return {**base, "state": state, "digest": "d", "settings": "s", "fallback": "", **failed, **other}


def rows(*given):
    return {each["agent"]: each for each in given}


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ((), "sales: acme offers it no longer. fix: --accept goes on without it, or install acme==1.0 again"),
        ((row("sales", "quarantined"),), "sales: quarantined: No module named 'x'. fix: install x"),
        (
            (row("sales", package="other"),),
            'sales: it would move from acme to other. fix: [agents.sales] use = "acme:sales" keeps it',
        ),
        ((row("sales"), row("new", "conflict")), "new: conflict: No module named 'x'. fix: install x"),
    ],
)
def test_losses(after, words):
    assert list(losses([row("sales")], [], rows(*after))) == [words]


def test_a_failure_that_is_known_is_no_loss():
    assert not list(losses([row("sales")], ["bad"], rows(row("sales", version="2.0"), row("bad", "quarantined"))))


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_every_served_agent_that_would_not_be_is_named(before, ready, failing):
    after = rows(*map(row, ready), *(row(name, "quarantined") for name in failing))
    named = {line.partition(":")[0] for line in losses(map(row, before), (), after)}

    assert named == (before - ready) | failing


def test_changes():
    def shown(*given):
        return [{"members": [], "scale": {}, "runtime_env": {}, **each} for each in given]

    before = shown(row("a"), row("b", tools=["old"]), row("c"), row("d"), row("f"))
    changed = (
        row("b", version="2.0", tools=["new"], route="/B"),
        row("c", digest="e"),
        row("f", settings="t", members=["b"]),
    )
    after = shown(row("a"), *changed, row("e"))

    assert list(changes(before, after)) == [
        "b: acme 1.0 → 2.0, /b → /B, new tool new, tool old gone",
        "c: acme 1.0 with other contents",
        "d: removed",
        "e: new, acme 1.0 at /e",
        "f: other settings, other members",
    ]


def test_agents_are_built_in_their_own_environments():
    """Those that share one are built together."""
    asked = []

    def build_in(environment):
        asked.append(environment)
        return [row(name, version=environment.get("pip", ["1.0"])[0]) for name in ("a", "b", "c")]

    built = built_agents({"b": {"pip": ["2.0"]}, "a": {"pip": ["2.0"]}, "c": {"pip": ["3.0"]}}, build_in)

    assert {key: each["version"] for key, each in built.items()} == {"a": "2.0", "b": "2.0", "c": "3.0"}
    assert asked == [{}, {"pip": ["2.0"]}, {"pip": ["3.0"]}]


def test_members_of_members():
    """They have keys or routes. One that is not served is left out."""
    desk, sales = row("desk", members=["/sales", "team", "gone", "bad"]), row("sales")
    built = [desk, row("team", members=["desk", "help"]), sales, row("help"), row("bad", "quarantined")]

    assert {each["agent"] for each in members(desk, built)} == {"sales", "team", "help"}
    assert members(desk, built)[0] == {"agent": "sales", "version": "1.0", "digest": "d"}
    assert members(sales, built) == []
