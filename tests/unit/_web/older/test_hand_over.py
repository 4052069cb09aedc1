"""The choice of the process that answers a request."""

import asyncio
import base64

import pytest
from hypothesis import given, strategies as st

from agenthost._host.access.call_credentials import call_userinfo
from agenthost._host.access.tokens import Tokens
from agenthost._web.older import hand_over
from agenthost._web.older.hand_over import HandOver, generation_named

OLD = Tokens([b"key"], edition="AbCd", generation="oldgen01")
NEW = Tokens([b"key"], edition="AbCd", generation="newgen02")
NONE = Tokens([b"key"], edition="AbCd")


def token(tokens):
    return tokens.minter("/desk", "c-1")("book")


def scope(path=b"/desk/swaig", query=b"", authorization=None, kind="http"):
    headers = [(b"host", b"h"), *([(b"authorization", authorization)] if authorization is not None else [])]
    return {"type": kind, "raw_path": path, "query_string": query, "headers": headers}


def basic(userinfo):
    return b"Basic " + base64.b64encode(userinfo.encode())


@pytest.mark.parametrize("path", [b"/desk/swaig", b"/desk/swaig/", b"/swaig", b"/desk/post_prompt/"])
@pytest.mark.parametrize("name", [b"__token", b"token"])
def test_a_token_in_the_query_names_the_generation(path, name):
    assert generation_named(scope(path, b"tenant=a&" + name + b"=" + token(OLD))) == "oldgen01"


def test_debug_events_name_it_themselves():
    """They need no token."""
    assert generation_named(scope(b"/desk/debug_events/", b"tenant=a&__generation=oldgen01")) == "oldgen01"
    assert generation_named(scope(b"/desk/debug_events", b"__token=" + token(OLD))) == ""
    assert generation_named(scope(b"/desk/swaig", b"__generation=oldgen01")) == ""


def test_credentials_for_a_call_name_it_at_every_path():
    """They belong to a hand-off to another agent."""
    assert generation_named(scope(b"/desk", authorization=basic(call_userinfo(OLD, "/desk", "c-1")))) == "oldgen01"


@pytest.mark.parametrize(
    "asked",
    [
        scope(b"/desk", b"__token=" + token(OLD)),
        scope(b"/metrics", b"__token=" + token(OLD)),
        scope(query=b"__token=" + token(NONE)),
        scope(query=b"__token="),
        scope(),
        scope(authorization=basic("agenthost:1.AbCdoldgen01.x~c-1")),
        scope(authorization=basic(call_userinfo(NONE, "/desk", "c-1"))),
        scope(authorization=b"Bearer " + token(OLD)),
        scope(authorization=b""),
    ],
)
def test_everything_else_names_none(asked):
    assert generation_named(asked) == ""


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_anything_names_a_generation_or_none(query, header):
    """A client may send anything."""
    assert isinstance(generation_named(scope(query=b"token=" + query)), str)
    assert isinstance(generation_named(scope(authorization=header)), str)
    assert isinstance(generation_named(scope(authorization=b"Basic " + base64.b64encode(header))), str)


@pytest.fixture
def asked(monkeypatch):
    """Record what answers: an application here, or the process at a path."""
    answered = []

    async def here(scope, receive, send):
        answered.append("here")

    async def elsewhere(path, key, scope, receive, send):
        answered.append((path, key))
        return path != "/gone"

    monkeypatch.setattr(hand_over, "hand_over", elsewhere)
    return HandOver(here, b"key"), answered


def answered_by(asked, *scopes):
    app, answered = asked
    answered.clear()

    async def ask_all():
        for each in scopes:
            await app(each, None, None)

    asyncio.run(ask_all())
    return list(answered)


def test_a_request_goes_to_the_process_of_its_generation(asked):
    asked[0].others = {"oldgen01": "/old"}
    told = answered_by(
        asked,
        scope(query=b"__token=" + token(OLD)),
        scope(query=b"__token=" + token(NEW)),
        scope(query=b"__token=" + token(NONE)),
        scope(),
        scope(b"/desk", authorization=basic(call_userinfo(OLD, "/desk", "c-1"))),
        scope(b"/desk", authorization=basic(call_userinfo(OLD, "/desk", "c-1", "monitoring"))),
        scope(b"/desk", authorization=basic(call_userinfo(NEW, "/desk", "c-1"))),
        scope(b"/desk", authorization=basic("agenthost:secret")),
        scope(query=b"tenant=oldgen01"),
        scope(kind="lifespan"),
    )

    assert told == [("/old", b"key"), "here", "here", "here", *[("/old", b"key")] * 2, "here", "here", "here", "here"]


def test_without_other_generations_every_request_is_answered_here(asked):
    """Also one with a token of another host with the same keys."""
    assert answered_by(asked, scope(query=b"__token=" + token(OLD))) == ["here"]


def test_a_generation_whose_process_is_gone_is_answered_here(asked, caplog, monkeypatch):
    """As before there were generations, with a warning in the log."""
    monkeypatch.setattr(hand_over, "TRIED_FOR", 0.0)
    asked[0].others = {"oldgen01": "/gone"}

    assert answered_by(asked, scope(query=b"__token=" + token(OLD))) == [("/gone", b"key"), "here"]
    assert "no process of an older generation answers: this one does" in caplog.text


@pytest.mark.parametrize(("others", "answer"), [({"oldgen01": "/old"}, ("/old", b"key")), ({}, "here")])
def test_a_process_that_is_ending_is_asked_until_another_one_is_named(asked, monkeypatch, others, answer):
    """Processes hear of each other one after the other, so one may end too early."""
    app, answered = asked
    app.others = {"oldgen01": "/gone"}
    monkeypatch.setattr(hand_over, "TRIED_FOR", 60.0)

    async def announced_late():
        asking = asyncio.ensure_future(app(scope(query=b"__token=" + token(OLD)), None, None))
        while len(answered) < 3:  # noqa: ASYNC110 - other attempts
            await asyncio.sleep(0)
        app.others = others
        await asking

    asyncio.run(announced_late())
    assert answered[:3] == [("/gone", b"key")] * 3
    assert answered[-1] == answer
    assert answered.count("here") + answered.count(("/old", b"key")) == 1
