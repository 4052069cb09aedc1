"""Tool calls and summaries through the whole host: arguments, tokens and identical requests."""

from __future__ import annotations

import logging
from functools import partial

import pytest
from asking import ask

from agenthost import AgentBase, AgentServer
from agenthost._host.runtime.start import make_runtime
from agenthost.testing import Clock

PAIR = ("agenthost", "correct horse battery staple")
REFUSED = "I'm sorry, the security token for this function is invalid or expired. I cannot execute this action."
UNREADABLE = (
    "The arguments cannot be read. Send one JSON object: "
    '{"which": <text, optional>, "older_than_days": <an integer, optional>}'
)
HOUR = 3600


class Laundry(AgentBase):
    """Has a tool that does harm by its defaults, and one that runs once."""

    def __init__(self, **options):
        super().__init__(name="laundry", route="/laundry", **options)
        self.set_post_prompt("Sum the call up.")
        self.ran = []
        self.summaries = []

    @AgentBase.tool
    def discard(self, which: str = "all", older_than_days: int = 0) -> str:
        """Discard orders."""
        self.ran.append((which, older_than_days))
        return f"Discarded: {which}."

    @AgentBase.tool(idempotent=True)
    def charge(self, euros: int, note: str = "") -> str:
        """Charge."""
        self.ran.append((euros, note))
        return f"Charged {euros}."

    @AgentBase.tool
    def count(self) -> str:
        """Count."""
        self.ran.append(())
        return "Three."

    def on_summary(self, summary, raw_data=None):
        self.summaries.append(summary)


class Host:
    """A host of one agent, and its document for one call."""

    def __init__(self, agent, call="call-1"):
        server = AgentServer()
        server.register(agent)
        self.app, self.agent, self.call = server.app, agent, call
        document = self.post("/laundry", {"call_id": call}).json()
        self.ai = next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)
        self.urls = {each["function"]: each["web_hook_url"] for each in self.ai["SWAIG"]["functions"]}

    def post(self, url, body):
        return ask(self.app, "POST", url, auth=PAIR, json=body)

    def said(self, tool, **body):
        answer = self.post(self.urls[tool], {"function": tool, "call_id": self.call, **body})
        assert answer.status_code == 200
        return answer.json()["response"]

    def summed_up(self, **body):
        body = {"call_id": self.call, "post_prompt_data": {"raw": "It was about a shirt."}, **body}
        return self.post(self.ai["post_prompt_url"], body).status_code


@pytest.fixture
def host(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("AGENTHOST_PASSWORD", PAIR[1])
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "for tests")
    return lambda agent=None: Host(agent or Laundry())


@pytest.mark.parametrize(
    "written",
    [
        {"argument": {"raw": '{"which": "order 31", "older_than_days": 4'}},
        {"argument": {"raw": "{'which': 'order 31'}"}},
        {"argument": {"parsed": ["order 31"], "raw": "order 31"}},
        {"argument": {"raw": '["order 31"]'}},
        {"argument": {"parsed": [{}], "raw": '{"which": "order 3'}},
        {"arguments": "order 31"},
    ],
    ids=str,
)
def test_a_tool_with_defaults_does_not_run_by_them(host, written):
    """Unreadable arguments are not treated as empty."""
    served = host()

    assert served.said("discard", **written) == UNREADABLE
    assert served.agent.ran == []


@pytest.mark.parametrize(
    ("written", "ran"),
    [
        ({}, ("all", 0)),
        ({"argument": {"parsed": [], "raw": ""}}, ("all", 0)),
        ({"argument": {"parsed": [{}], "raw": "{}"}}, ("all", 0)),
        ({"argument": {"parsed": {"which": "order 31"}}}, ("order 31", 0)),
        ({"argument": {"which": "order 31"}}, ("order 31", 0)),
        ({"argument": {"parsed": [{"which": 31, "older_than_days": "4"}]}}, ("31", 4)),
        ({"argument": {"parsed": [{"which": None, "older_than_days": None}]}}, ("all", 0)),
    ],
    ids=str,
)
def test_what_can_be_understood_is(host, written, ran):
    served = host()

    assert served.said("discard", **written) == f"Discarded: {ran[0]}."
    assert served.agent.ran == [ran]


def test_a_tool_that_takes_no_arguments_runs_whatever_was_sent(host):
    assert host().said("count", argument={"raw": "count, please"}) == "Three."


def test_the_same_arguments_written_differently_run_once(host):
    """The key is made of what the tool would receive."""
    served = host()
    same = [{"euros": 5}, {"euros": "5"}, {"euros": 5.0}, {"euros": 5, "note": ""}, {"euros": 5, "note": None}]
    for arguments in [*same, {"euros": 5, "unknown": 1}]:
        assert served.said("charge", argument={"parsed": [arguments]}) == "Charged 5."
    assert served.said("charge", argument={"raw": '{"euros": "5"}'}) == "Charged 5."
    assert served.agent.ran == [(5, "")]

    served.said("charge", argument={"parsed": [{"euros": 5, "note": "tip"}]})
    assert served.said("charge", argument={"parsed": [{"euros": None}]}) == "euros is missing; it must be an integer"
    assert served.said("charge", argument={"raw": "five"}).startswith("The arguments cannot be read.")
    assert served.agent.ran == [(5, ""), (5, "tip")]


@pytest.mark.parametrize(
    ("ids", "opened"),
    [
        ({"call_id": "call-1"}, True),
        ({"call_id": "runtime-7", "conversation_id": "call-1"}, True),
        ({"call_id": "", "conversation_id": "call-1"}, True),
        ({"call_id": "call-1", "conversation_id": "other"}, True),
        ({"call_id": "runtime-7"}, False),
        ({"call_id": "runtime-7", "conversation_id": "other"}, False),
        ({"call_id": "", "conversation_id": ""}, False),
        ({"call_id": "runtime-7", "conversation_id": ["call-1"]}, False),
    ],
    ids=str,
)
def test_a_token_opens_requests_of_its_call_or_its_conversation(host, ids, opened):
    """The chat service fetches the document with the conversation's id.

    Its calls have ids of their own.
    """
    served = host()

    assert served.said("count", **ids) == ("Three." if opened else REFUSED)
    assert served.summed_up(**ids) == (200 if opened else 403)
    assert served.agent.summaries == (["It was about a shirt."] if opened else [])


def test_a_token_opens_nothing_else_of_its_conversation(host):
    """Agent and tool are bound, whichever id it names."""
    served = host()
    url = served.urls["count"]
    body = {"call_id": "runtime-7", "conversation_id": "call-1"}

    assert served.post(url, {"function": "discard", **body}).json() == {"response": REFUSED}
    summary = served.ai["post_prompt_url"].partition("?")[0] + "?" + url.partition("?")[2]
    assert served.post(summary, body).status_code == 403


@pytest.mark.parametrize(
    ("options", "answered", "hours", "taken"),
    [
        ({"token_expiry_secs": 600}, {}, 1, True),
        ({"token_expiry_secs": 600}, {}, 4, True),
        ({"token_expiry_secs": 600}, {}, 4.1, False),
        ({"token_expiry_secs": 600}, {"max_duration": HOUR}, 1, True),
        ({"token_expiry_secs": 600}, {"max_duration": HOUR}, 1.1, False),
        ({"token_expiry_secs": 600, "schema_validation": False}, {"max_duration": "long"}, 4, True),
        ({}, {"max_duration": 8 * HOUR}, 8, True),
        ({"token_expiry_secs": 8 * HOUR}, {"max_duration": HOUR}, 8, True),
    ],
    ids=str,
)
def test_a_summary_is_taken_for_as_long_as_a_call_may_last(host, monkeypatch, options, answered, hours, taken):
    """It comes once, at the end, and the platform sends it to nobody else."""
    clock = Clock()
    monkeypatch.setattr("agenthost.server.make_runtime", partial(make_runtime, clock=clock))
    served = host(Laundry(**options).add_answer_verb(answered))
    clock.advance(hours * HOUR)

    assert served.summed_up() == (200 if taken else 403)
    if "token_expiry_secs" in options and options["token_expiry_secs"] < hours * HOUR:
        assert served.said("count") == REFUSED


def test_a_summary_that_is_refused_is_logged_with_its_call(host, caplog):
    served = host()
    with caplog.at_level(logging.WARNING, "agenthost.tools"):
        assert served.summed_up(call_id="call-2\n") == 403

    [record] = caplog.records
    assert record.getMessage().startswith("the summary of call 'call-2\\n' for agent laundry is refused: its token")
    assert record.fields == {"agent": "laundry", "call": "call-2\n"}
