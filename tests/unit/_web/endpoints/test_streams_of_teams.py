"""Streams through workflows, on a real port: words come while the answer is made."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

import httpx
import pytest
from attrs import define, field
from chat_host import PASSWORD, on_a_port

from agenthost import AgentBase, AgentServer, Escalation, FunctionResult, Parallel, Router, Sequential, Vote
from agenthost.testing import Breaks, Calls, Says, ScriptedModel

pytestmark = pytest.mark.slow

PAUSE = 0.15
SLOW = Says("one two three four five six", pause=PAUSE)
TEXT = "one two three four five six"


class Member(AgentBase):
    """Answers, and can escalate."""

    def __init__(self, name):
        super().__init__(name, f"/{name}", description=name)

    @AgentBase.tool
    def give_up(self):
        """Give up."""
        return FunctionResult("Noted.").add_action("escalate", "too hard")


@define
class Heard:
    """A stream, as its client received it."""

    times: list = field(factory=list)
    words: list = field(factory=list)
    events: list = field(factory=list)
    headers: dict = field(factory=dict)

    @property
    def text(self):
        return "".join(self.words)

    @property
    def first_before_last(self):
        """The seconds between the first words and the last."""
        return self.times[-1] - self.times[0]


@pytest.fixture
def team(tmp_path, monkeypatch):
    """Serve a workflow of the agents ``one`` and ``two``."""

    @contextmanager
    def run(workflow, *script, then=None):
        with ScriptedModel(*script, then=then) as model:
            path = tmp_path / "agenthost.toml"
            path.write_text(
                f'[host]\npassword = "{PASSWORD}"\nstate_dir = "state"\n'
                f'[models]\ndefault = "openai"\n[models.openai]\nurl = "{model.url}"\nretries = 0\n',
                encoding="utf-8",
            )
            path.chmod(0o600)
            monkeypatch.chdir(tmp_path)
            server = AgentServer()
            for agent in (Member("one"), Member("two"), workflow):
                server.register(agent)
            with on_a_port(server) as url:
                yield url, model

    return run


def listen(url, text="one"):
    """Return a stream with the time of each piece of it."""
    heard = Heard()
    body = {
        "model": "team",
        "messages": [{"role": "user", "content": text}],
        "stream": True,
        "metadata": {"tools": "shown"},
    }
    headers = {"authorization": f"Bearer {PASSWORD}"}
    with httpx.stream("POST", f"{url}/chat/completions", json=body, headers=headers, timeout=30) as stream:
        heard.headers = dict(stream.headers)
        for line in stream.iter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line[6:])
            for choice in chunk.get("choices", ()):
                if words := choice["delta"].get("content"):
                    heard.words.append(words)
                    heard.times.append(time.monotonic())
            heard.events.append(chunk.get("agenthost") or chunk.get("error"))
    return heard


def post(url, *said):
    """Return the answer to a conversation."""
    messages = [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(said)]
    headers = {"authorization": f"Bearer {PASSWORD}"}
    return httpx.post(
        f"{url}/chat/completions", json={"model": "team", "messages": messages}, headers=headers, timeout=30
    ).json()


def either(answer, synthesis):
    """A model that answers for an agent, and combines answers in another way."""
    return lambda body: synthesis if "Several agents" in body["messages"][0]["content"] else answer


ROUTER = {"threshold": 0.0, "margin": 0.0}


@pytest.mark.parametrize(
    ("workflow", "script", "then"),
    [
        (lambda: Router("team", ["one", "two"], route="/team", **ROUTER), (), SLOW),
        (lambda: Router("team", ["one"], escalate_to="two", route="/team", **ROUTER), (), SLOW),
        (lambda: Escalation("team", ["one", "two"], route="/team"), (), SLOW),
        (lambda: Sequential("team", ["one", "two"], route="/team"), (Says("first"),), SLOW),
        (lambda: Parallel("team", ["one", "two"], route="/team"), (), either(Says("short"), SLOW)),
        (
            lambda: Vote("team", ["one", "two"], route="/team", method="synthesis"),
            (Says("short"), Says("long")),
            SLOW,
        ),
    ],
    ids=["router", "router-escalates", "escalation", "chain", "parallel", "vote"],
)
def test_words_are_streamed_as_they_come(team, workflow, script, then):
    with team(workflow(), *script, then=then) as (url, _):
        heard = listen(url)
        assert heard.text == TEXT
        assert heard.first_before_last > 3 * PAUSE
        assert heard.headers["x-accel-buffering"] == "no"


def test_a_vote_is_streamed_when_it_is_decided(team):
    with team(Vote("team", ["one", "two"], route="/team"), then=Says("Yes.")) as (url, _):
        heard = listen(url)
        assert heard.text == "Yes."


def test_the_words_of_the_customer_are_judged_before_any_agent_speaks(team):
    with team(Escalation("team", ["one", "two"], route="/team"), then=SLOW) as (url, model):
        heard = listen(url, "Let me speak to a supervisor!")
        assert heard.text == TEXT
        assert [event["to"] for event in heard.events if event and event.get("event") == "escalated"] == ["two"]
        assert len(model.requests) == 1


@pytest.mark.parametrize(
    "workflow",
    [
        lambda: Escalation("team", ["one", "two"], route="/team"),
        lambda: Router("team", ["one"], escalate_to="two", route="/team", **ROUTER),
    ],
    ids=["escalation", "router"],
)
def test_an_agent_that_takes_over_speaks_after_the_first(team, workflow):
    """Its words follow a blank line, and are the answer without a stream.

    Both histories continue.
    """
    script = (Calls("give_up"), Says("I cannot."), Says("But I can."))
    with team(workflow(), *script, Says("Well."), *script, Says("Well.")) as (url, _):
        heard = listen(url)
        assert heard.text == "I cannot.\n\nBut I can."
        assert post(url, "one", heard.text, "And?")["agenthost"]["conversation"] == heard.events[-1]["conversation"]
        whole = post(url, "one")
        text = whole["choices"][0]["message"]["content"]
        assert text == "But I can."
        again = post(url, "one", text, "And?")
        assert again["agenthost"]["conversation"] == whole["agenthost"]["conversation"]


def test_an_agent_that_breaks_off_is_replaced(team):
    with team(Escalation("team", ["one", "two"], route="/team"), Breaks("Half an"), Says("All of it.")) as (url, _):
        assert listen(url).text == "Half an\n\nAll of it."


def test_missing_answers_are_named_after_the_streamed_ones(team):
    def model(body):
        system = body["messages"][0]["content"]
        return Says("Both say so.") if "Several agents" in system else Says("Yes.")

    with team(Parallel("team", ["one", "two", "gone"], route="/team"), then=model) as (url, _):
        heard = listen(url)
        assert heard.text.startswith("Both say so.\n\nThere is no answer from gone")
        assert heard.text.count("Both say so.") == 1
