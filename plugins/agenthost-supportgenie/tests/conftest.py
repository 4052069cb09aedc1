"""A host with the nine agents, and ways to ask it."""

from __future__ import annotations

import asyncio
import json

import pytest
from agenthost_supportgenie import (
    EscalationAgent,
    EscalationSettings,
    SalesAgent,
    ShopSettings,
    SupportAgent,
    TechnicalAgent,
    chain,
    genie,
    levels,
    options,
    vote,
)

from agenthost.testing import AsyncHermeticHost

PASSWORD = "for the tests of the shop"


class Host:
    """The agents on a host of their own.

    Args:
        escalation: settings of the senior colleague.
        toml: further configuration.
    """

    def __init__(self, escalation=None, toml=""):
        self.host = AsyncHermeticHost().config(f'[host]\npublic_url = "https://shop.example"\n{toml}')
        for cls in (SupportAgent, TechnicalAgent, SalesAgent):
            self.host.add(cls(ShopSettings()))
        self.host.add(EscalationAgent(escalation or EscalationSettings()))
        for make in (genie, options, vote, chain, levels):
            self.host.add(make())

    def post(self, path, body):
        """Return the host's response, as JSON."""
        [answer] = self.post_all([(path, body)])
        return answer

    def post_all(self, requests):
        """Return the host's responses to concurrent requests, as JSON."""

        async def send():
            posting = (self.host.request("POST", path, json=body) for path, body in requests)
            return [answer.json() for answer in await asyncio.gather(*posting)]

        return asyncio.run(send())

    def functions(self, route, call_id="call-1"):
        """The tools of an agent, as a call finds them."""
        main = self.post(route, {"call_id": call_id})["sections"]["main"]
        [ai] = [verb["ai"] for verb in main if "ai" in verb]
        return {entry["function"]: entry for entry in ai["SWAIG"]["functions"]}

    def call(self, topic, tool, *, known=None, call_id="call-1", route=None, **arguments):
        """Return the answer of a tool."""
        return self.post(*self.request(topic, tool, known=known, call_id=call_id, route=route, **arguments))

    def request(self, topic, tool, *, known=None, call_id="call-1", route=None, **arguments):
        """Return the URL and the body of a tool call."""
        url = self.functions(route or f"/genie/{topic}", call_id)[tool]["web_hook_url"]
        body = {"function": tool, "call_id": call_id, "argument": {"parsed": [arguments]}}
        return url, {**body, "global_data": dict(known or {})}

    def say(self, agent, text, *, known=None, conversation=None):
        """Return an agent's reply in text, with its events."""
        [reply] = self.say_all(agent, [text], known=known, conversation=conversation)
        return reply

    def say_all(self, agent, texts, *, known=None, conversation=None):
        """Return an agent's replies to concurrent messages.

        Each is in a conversation of its own unless one is named.
        """
        told = {"tools": "shown"}
        if conversation is not None:
            told["conversation"] = conversation
        if known is not None:
            told["context"] = json.dumps(dict(known))
        bodies = [{"model": agent, "messages": [{"role": "user", "content": text}], "metadata": told} for text in texts]
        answers = self.post_all(("/v1/chat/completions", body) for body in bodies)
        assert [answer for answer in answers if "error" in answer] == []
        return [{"text": each["choices"][0]["message"]["content"], **each["agenthost"]} for each in answers]


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    """A directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", PASSWORD)
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", PASSWORD)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def make_host():
    """Makes hosts."""
    made = []

    def make(*given, **more):
        made.append(Host(*given, **more))
        return made[-1]

    yield make
    for each in made:
        each.host.close()


@pytest.fixture
def host(make_host):
    """The agents without a language model."""
    return make_host()
