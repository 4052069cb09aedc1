"""The pages of agents in text: conversations, and routing explained."""

import re

import pytest
from asking import ask
from workplaces import CONSOLE, HOST, work_in

from agenthost import AgentBase, AgentServer, Router

FILE = f"""{CONSOLE}[keys.sight]
secret = "the-secret-of-key-sight"
agents = ["*"]
scopes = ["observe"]
[keys.talk]
secret = "the-secret-of-key-talk"
agents = ["*"]
scopes = ["text"]
[keys.all]
secret = "the-secret-of-key-all"
agents = ["*", "alone"]
scopes = ["observe"]
[agents.alone]
user = "alone"
password = "of alone, and long"
"""
SIGHT = ("sight", "the-secret-of-key-sight")
TALK = ("talk", "the-secret-of-key-talk")
ALL = ("all", "the-secret-of-key-all")
OWN = ("alone", "of alone, and long")
HOSTILE = "<script>alert(1)</script>"


class Orders(AgentBase):
    """Knows of orders."""

    def __init__(self, name="orders"):
        super().__init__(name, f"/{name}")
        self.prompt_add_section("Role", "You find orders and parcels.")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A host of a router and its two agents."""
    with pytest.MonkeyPatch.context() as patch:
        work_in(tmp_path_factory.mktemp("host"), patch, FILE)
        server = AgentServer()
        server.register(Router("front", ["orders", "leaving"], route="/front"))
        for name in ("orders", "leaving", "alone"):
            server.register(Orders(name))
        yield server.app


def said(app, text, conversation, model="orders", auth=HOST):
    """Say something to an agent in text."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], "metadata": {"conversation": conversation}}
    answer = ask(app, "POST", "/v1/chat/completions", auth=auth, json=body)
    assert answer.status_code == 200, answer.text


def test_a_conversation_is_listed_and_shown_redacted(app):
    said(app, f"My card is 4111 1111 1111 1111 {HOSTILE}", "c-1")
    said(app, "And my parcel?", "c-1")
    [row] = [each for each in ask(app, "GET", "/-/text.json", auth=HOST).json()["conversations"] if each["id"] == "c-1"]
    listed = ask(app, "GET", "/-/text", auth=HOST).text
    page, told = (ask(app, "GET", f"/-/conversation{end}?id=c-1", auth=HOST) for end in ("", ".json"))

    assert (row["turns"], row["agents"], row["failures"], row["text"]) == (2, ["orders"], 0, "And my parcel?")
    assert 'href="./conversation?id=c-1&amp;client=host"' in listed
    assert [line["role"] for line in told.json()["lines"]] == ["user", "assistant"] * 2
    assert "card ending in 1111" in page.text
    for text in (page.text, told.text, listed):
        assert "4111 1111" not in text
    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text


def test_conversations_of_all_clients(app):
    """Those of agents with credentials need a key for these agents."""
    said(app, "A parcel of a key", "c-same", auth=TALK)
    said(app, "A parcel of the host", "c-same")
    said(app, "A parcel of nobody else", "c-own", model="alone", auth=OWN)

    def listed(auth):
        rows = ask(app, "GET", "/-/text.json", auth=auth).json()["conversations"]
        return {(row["client"], row["text"]) for row in rows if row["id"] in ("c-same", "c-own")}

    common = {("key talk", "A parcel of a key"), ("host", "A parcel of the host")}
    [link] = re.findall(
        r'href="\./(conversation\?id=c-same&amp;client=key%20talk)"', ask(app, "GET", "/-/text", auth=HOST).text
    )

    assert listed(HOST) == common
    assert {text for _, text in listed(ALL)} == {"A parcel of a key", "A parcel of the host", "A parcel of nobody else"}
    assert "A parcel of a key" in ask(app, "GET", f"/-/{link.replace('&amp;', '&')}", auth=HOST).text
    assert ask(app, "GET", "/-/conversation?id=c-own", auth=HOST).status_code == 404
    assert ask(app, "GET", "/-/conversation?id=c-own", auth=ALL).status_code == 200


def test_an_unknown_conversation(app):
    paths = ("conversation", "conversation?id=nobody", "conversation?id=a%20b", "conversation.json?id=no")

    assert [ask(app, "GET", f"/-/{path}", auth=HOST).status_code for path in paths] == [404] * 4


def test_a_router_explains_where_it_sends_a_message(app):
    told = ask(app, "GET", "/-/text.json", params={"text": HOSTILE + " orders parcel"}, auth=HOST).json()
    page = ask(app, "GET", "/-/text", params={"router": "front", "text": "orders"}, auth=HOST).text

    assert told["routers"] == ["front"]
    assert told["explanation"]["router"] == "front"
    assert "because" in told["explanation"]
    assert re.search(r"<bdi>front</bdi> → .*because", page)


def test_explaining_needs_the_scope_operate(app):
    told = ask(app, "GET", "/-/text.json", params={"text": "orders"}, auth=SIGHT).json()
    none = ask(app, "GET", "/-/text.json", params={"text": "orders", "router": "nobody"}, auth=HOST).json()

    assert (told["explanation"], none["explanation"]) == (None, None)
    assert "the scope operate" in told["error"]
    assert none["error"] == "There is no such router."
