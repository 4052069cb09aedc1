"""The pages of calls, from their records and from the log."""

import asyncio
import json
import re
import tomllib
from pathlib import Path

import pytest
from asking import ask
from hypothesis import given, strategies as st
from workplaces import CONSOLE, HOST, work_in

from agenthost import AgentBase, AgentServer, Call
from agenthost._host.plan.chosen_redactors import redacted
from agenthost._web.console.calls.story import picture_of, story_of
from agenthost.builtin.card_numbers import redactors

FILE = f"""{CONSOLE}[recording]
days = 7
[agents.own]
user = "own"
password = "of own alone, long"
[keys.all]
secret = "the-secret-of-key-all"
agents = ["*", "own"]
scopes = ["observe"]
"""
OWN = ("own", "of own alone, long")
KEY = ("all", "the-secret-of-key-all")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
BEGAN = 1_790_000_000_000_000


class Desk(AgentBase):
    """Has tools that work and fail."""

    def __init__(self, name="desk"):
        super().__init__(name, f"/{name}")
        self.set_post_prompt("Summarise.")

    @AgentBase.tool(secure=False)
    def book(self, day: str) -> str:
        """Book a day."""
        return f"Booked for {day}."

    @AgentBase.tool(secure=False)
    async def keep(self, card: str, call: Call) -> str:
        """Keep a card."""
        await call.state.set("card", {"number": card})
        await self.state.set("long", card * 100)
        return await asyncio.to_thread(self.count)

    @AgentBase.tool(secure=False)
    def count(self) -> str:
        """Count."""
        with self.state.sync.lock("turn"):
            return str(self.state.sync.incr("calls"))

    @AgentBase.tool(secure=False)
    def fail(self) -> str:
        """Fail."""
        raise ValueError(HOSTILE)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A host that records calls, whose agent own has credentials of its own."""
    with pytest.MonkeyPatch.context() as patch:
        work_in(tmp_path_factory.mktemp("host"), patch, FILE)
        server = AgentServer()
        for agent in (Desk(), Desk("till"), Desk("own")):
            server.register(agent)
        yield server.app


def used(app, call, tool="fail", name="desk", auth=HOST, **arguments):
    """Call a tool, and return its answer."""
    body = {"function": tool, "call_id": call, "argument": {"parsed": [arguments]}}
    return ask(app, "POST", f"/{name}/swaig", auth=auth, json=body).json()


def summarised(app, call, *, name="desk", auth=HOST, log=(), functions=(), began=BEGAN, **more):
    """Post the summary of a call, as the platform does."""
    document = ask(app, "POST", f"/{name}", auth=auth, json={"call": {"call_id": call}}).json()
    [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    query = ai["post_prompt_url"].partition("?")[2]
    body = {
        "call_id": call,
        "ai_session_id": f"{call}-{name}",
        "ai_start_date": began,
        "ai_end_date": began + 30_000_000,
        "call_log": [*log],
        "swaig_log": [{"command_name": n, "command_arg": a, "post_response": r} for n, a, r in functions],
        **more,
    }
    assert ask(app, "POST", f"/{name}/post_prompt?{query}", auth=auth, json=body).status_code == 200


def line(role, seconds=1, **more):
    return {"role": role, "timestamp": BEGAN + seconds * 1_000_000, **more}


def test_a_recorded_call_is_a_picture_and_a_table(app, kept_log):
    answer = used(app, "call-1")
    booked = {"response": "Booked for mon.", "action": [{"set_global_data": {"day": "mon"}}]}
    summarised(
        app,
        "call-1",
        log=[
            line("user", 1, content="A day, please."),
            line("system-log", 2, action="function_call", function="book"),
            line("system-log", 3, action="step_change", step="pay", context="default"),
            line("assistant", 4, content="Booked.", latency=731),
            line("system-log", 5, action="function_call", function="fail"),
        ],
        functions=[
            ("book", '{"day": "mon"}', booked),
            ("fail", "{}", answer),
        ],
        post_prompt_data={"raw": "The caller has booked."},
        call_timeline=[{"event": "answered", "ms": 120}],
        global_data={"day": "mon"},
        caller_id_number="+4930123456",
    )
    summarised(app, "call-1", name="till", began=BEGAN + 40_000_000, log=[line("user", 41, content="And now?")])
    page, told = (ask(app, "GET", f"/-/call{end}?id=call-1", auth=HOST) for end in ("", ".json"))
    events = [(each["kind"], each["begin"], each["end"], each["text"]) for each in told.json()["events"]]
    [failed] = [each for each in told.json()["events"] if each["kind"] == "finding"]

    assert events[:6] == [
        ("heard", "caller", "desk", "A day, please."),
        ("call", "desk", "book", 'book("day": "mon")'),
        ("result", "book", "desk", "Booked for mon."),
        ("note", "desk", "desk", 'set global data: {"day": "mon"}'),
        ("note", "desk", "desk", "step pay of default"),
        ("spoken", "desk", "caller", "Booked."),
    ]
    assert events[8:] == [
        ("note", "desk", "desk", "summary: The caller has booked."),
        ("hop", "desk", "till", "hands over"),
        ("heard", "caller", "till", "And now?"),
    ]
    assert failed["error_id"] == answer["error_id"]
    assert failed["duration"] > 0
    assert (page.status_code, page.text.count("<svg")) == (200, 1)
    for expected in ("mon", "…3456", f'errors/{answer["error_id"]}"', "answered", "731"):
        assert expected in page.text


def test_a_call_that_goes_on_is_shown_from_the_log(app, kept_log):
    used(app, "call-2", "book", day="tue")
    error_id = used(app, "call-2")["error_id"]
    told = ask(app, "GET", "/-/call.json?id=call-2", auth=HOST).json()
    [row] = ask(app, "GET", "/-/calls.json?q=call-2", auth=HOST).json()["recent"]
    page = ask(app, "GET", "/-/calls", auth=HOST).text

    assert (told["ended"], told["records"]) == (False, [])
    assert [(each["begin"], each["kind"]) for each in told["events"]] == [("book", "result"), ("fail", "finding")]
    assert (row["agents"], row["parts"], row["failed"], row["errors"]) == (["desk"], 2, 1, [error_id])
    assert f'href="./errors/{error_id}"' in page
    assert 'href="./call?id=call-2"' in page


def test_calls_are_found_by_each_of_their_parts(app):
    summarised(
        app,
        "call-3",
        log=[line("user", content="I lost my Umbrella")],
        functions=[("fail", "{}", {"response": "x", "error_id": "e-0123456789ab"})],
        post_prompt_data={"raw": "About a lost thing."},
        caller_id_number="+497777",
    )
    summarised(app, "call-4", began=BEGAN + 1)

    def found(text):
        return [row["id"] for row in ask(app, "GET", "/-/calls.json", params={"q": text}, auth=HOST).json()["recorded"]]

    assert found("nothing like it") == []
    for text in ("call-3", "umbrella", "lost thing", "7777", "e-0123456789ab"):
        assert found(text) == ["call-3"], text
    assert {"call-3", "call-4"} <= set(found("desk"))


def test_a_page_has_fifty_and_leads_to_the_earlier_ones(app):
    for number in range(53):
        summarised(app, f"many-{number}", began=BEGAN + 100_000_000 + number)
    first = ask(app, "GET", "/-/calls.json?q=many-", auth=HOST).json()
    page = ask(app, "GET", "/-/calls?q=many-", auth=HOST).text
    earlier = re.search(r'href="\./(calls\?before=[^"]*)"', page)[1].replace("&amp;", "&")
    second = ask(app, "GET", f"/-/{earlier.replace('calls?', 'calls.json?')}", auth=HOST).json()

    assert [row["id"] for row in first["recorded"]] == [f"many-{number}" for number in range(52, 2, -1)]
    assert [row["id"] for row in second["recorded"]] == ["many-2", "many-1", "many-0"]
    assert second["next"] == ""


def test_a_record_has_what_tools_changed_and_how_long_they_took(app):
    """Without locks, cards, and what came before.

    Till has no record yet.
    """
    card = "4111111111111111"
    for tool, arguments in (("keep", {"card": card}), ("count", {})):
        used(app, "call-state", tool, **arguments)
    used(app, "call-state", "keep", name="till", card="other")
    summarised(
        app,
        "call-state",
        log=[line("system-log", 1, action="function_call", function="count")],
        functions=[("keep", "{}", {"response": "1"}), ("count", "{}", {"response": "2"}), ("none", "{}", {})],
    )
    told = ask(app, "GET", "/-/call.json?id=call-state", auth=HOST).json()
    page = ask(app, "GET", "/-/call?id=call-state", auth=HOST).text
    [record] = told["records"]

    assert [(each["part"], each["what"], each["scope"], each["key"]) for each in record["changes"]] == [
        ("keep", "set", "call", "card"),
        ("keep", "set", "agent desk", "long"),
        ("keep", "set", "agent desk", "calls"),
        ("count", "set", "agent desk", "calls"),
    ]
    assert [each.get("seconds", 0) > 0 for each in record["functions"]] == [True, True, False]
    assert [each["text"] for each in told["events"] if each["text"].startswith("set")] == [
        f'set card of call: {{"number": "{redacted(redactors(), card)}"}}',
        "set long of agent desk: 1602 bytes",
        "set calls of agent desk: 1",
        "set calls of agent desk: 2",
        'set card of call: {"number": "other"}',
        "set long of agent till: 502 bytes",
        "set calls of agent till: 1",
    ]
    assert card[:12] not in page + json.dumps(record)


def test_changes_of_a_call_that_goes_on(app, kept_log):
    """Of all its agents, each before the end of its tool, and redacted."""
    card = "4111111111111111"
    used(app, "call-live", "keep", card=card)
    used(app, "call-live", "count", name="till")
    told = ask(app, "GET", "/-/call.json?id=call-live", auth=HOST).json()
    page = ask(app, "GET", "/-/call?id=call-live", auth=HOST).text
    texts = [re.sub(r"calls of agent (\w+): \d+", r"calls of agent \1: N", each["text"]) for each in told["events"]]
    shown = [(each["kind"], each["begin"], each["end"]) for each in told["events"]]

    assert [(*each, text) for each, text in zip(shown, texts, strict=True)] == [
        ("note", "keep", "desk", f'set card of call: {{"number": "{redacted(redactors(), card)}"}}'),
        ("note", "keep", "desk", "set long of agent desk: 1602 bytes"),
        ("note", "keep", "desk", "set calls of agent desk: N"),
        ("result", "keep", "desk", "keep: ok"),
        ("hop", "desk", "till", "hands over"),
        ("note", "count", "till", "set calls of agent till: N"),
        ("result", "count", "till", "count: ok"),
    ]
    assert page.count('<text class="note"') == 4
    assert card[:12] not in page


def test_credentials_of_an_agent_guard_its_calls(app, kept_log):
    """The host's pair does not open them, and the key does."""
    summarised(app, "call-own", name="own", auth=OWN, log=[line("user", content="A secret.")])
    used(app, "call-own", name="own", auth=OWN)
    used(app, "call-own", "count", name="own", auth=OWN)

    def shown(pair):
        lists = ask(app, "GET", "/-/calls.json?q=call-own", auth=pair).json()
        return ask(app, "GET", "/-/call?id=call-own", auth=pair).status_code, len(lists["recorded"] + lists["recent"])

    assert (shown(HOST), shown(KEY)) == ((404, 0), (200, 2))


def test_everything_is_escaped(app, kept_log):
    used(app, HOSTILE)
    hostile = {"response": HOSTILE, "action": [{"set_global_data": {HOSTILE: HOSTILE}}]}
    summarised(
        app,
        HOSTILE,
        log=[line("user", content=HOSTILE), line("system-log", action=HOSTILE), line(HOSTILE)],
        functions=[(HOSTILE, HOSTILE, hostile)],
        post_prompt_data={"raw": HOSTILE},
        call_timeline=[HOSTILE],
    )
    for path, query in (("calls", {"q": HOSTILE[:9]}), ("call", {"id": HOSTILE})):
        page = ask(app, "GET", f"/-/{path}", params=query, auth=HOST)

        assert page.status_code == 200
        assert "alert(1)" in page.text
        assert not re.search(r"<script>|<img|style=", page.text), page.text


def test_an_unknown_call(app):
    assert {ask(app, "GET", f"/-/call{end}", auth=HOST).status_code for end in ("", "?id=nobody", ".json?id=no")} == {
        404
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NAMED = ("role", "content", "action", "function", "step", "timestamp", "tool", "agent", "duration", "outcome", "answer")
ODD = st.lists(st.dictionaries(st.sampled_from(NAMED), JSON, max_size=5) | JSON, max_size=4)


@given(st.fixed_dictionaries({"log": ODD | JSON, "functions": ODD | JSON, "began": JSON, "summary": JSON}))
def test_any_record_has_a_story(record):
    """Odd values of the platform are left out."""
    events = story_of([record], [])

    assert "<svg" in picture_of(events, ["None"])


@pytest.mark.slow
def test_a_recorded_call_is_a_scenario(app):
    """The file that ``agenthost replay --save`` writes, which can be run wherever it is kept."""
    log = [line("user", content="Hello."), line("assistant", content="Good day.")]
    summarised(app, "call-5", log=log, functions=[("book", '{"day": "mon"}', {"response": "Booked."})])
    refused = ask(app, "GET", "/-/call/scenario?id=call-5", auth=HOST)
    Path("program.py").touch()
    file = ask(app, "GET", "/-/call/scenario?id=call-5", auth=HOST)
    told = tomllib.loads(file.text)

    assert refused.status_code == 409
    assert "its package 'program' is not installed" in refused.json()["error"]
    assert told["host"] == {"files": [str(Path("program.py").absolute())]}

    assert file.headers["content-disposition"] == 'attachment; filename="call.call.toml"'
    assert told["title"] == "Call call-5"
    assert told["turn"][0]["user"] == "Hello."
    assert told["expect"]["tools"] == [{"call": "book", "with": {"day": "mon"}}]
    assert ask(app, "GET", "/-/call/scenario?id=nobody", auth=HOST).status_code == 404
