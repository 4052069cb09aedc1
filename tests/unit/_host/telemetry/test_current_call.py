"""Owners of calls: values from start to log, and words only there."""

from __future__ import annotations

from typing import get_args

import pytest

from agenthost._host.telemetry.current_call import Kind, Owner


@pytest.mark.parametrize(
    ("owner", "part"),
    [
        (Owner("desk", "tool", "book of agent x"), "tool book of agent x"),
        (Owner("desk", "document"), "the configuration for a call"),
        (Owner("desk", "summary"), "on_summary"),
        (Owner("desk", "debug event"), "on_debug_event"),
        (Owner("desk", "routing callback", "vip"), "the routing callback vip"),
        (Owner("desk", "probe", "calendar"), "probe calendar"),
        (Owner("desk", "lifespan"), "lifespan"),
        (Owner("desk", "summary result"), "on_summary's result"),
        (Owner("desk", "code", "later"), "later"),
    ],
    ids=lambda value: value.kind if isinstance(value, Owner) else "",
)
def test_an_owner_is_named_where_it_is_shown(owner, part):
    assert owner.part == part
    assert str(owner) == f"{part} of agent desk"
    assert owner.fields == {"agent": "desk", "tool": owner.name if owner.kind == "tool" else part}


def test_every_kind_has_its_words():
    assert all(Owner("desk", kind).part.strip() for kind in get_args(Kind) if kind != "code")


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        (Owner("", "code", "loop.stop()"), "loop.stop()"),
        (Owner("", "plugin", "acme:pool"), "lifespan of plugin acme:pool"),
        (Owner("", "probe", "disk"), "probe disk"),
    ],
    ids=lambda value: value.kind if isinstance(value, Owner) else "",
)
def test_code_of_no_agent_is_named_alone(owner, words):
    assert (str(owner), owner.fields) == (words, {})


def test_an_owner_from_another_process_is_of_a_known_kind():
    assert Owner.of("desk", "tool", "book") == Owner("desk", "tool", "book")
    assert Owner.of("desk", ["tool"], 5) == Owner("desk", "code", "5")
