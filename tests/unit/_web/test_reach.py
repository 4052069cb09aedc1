"""Walls between agents: the ways from one agent to another.

Each one uses credentials of the call, or is closed.
"""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import unquote, urlsplit

import pytest
from asking import ask

from agenthost import AgentBase, AgentServer, DataMap, FunctionResult

HOST = ("agenthost", "for tests of the host")
SALES = ("agenthost", "of sales alone")
CALL = {"call": {"call_id": "c-1", "to": "sip:sales@host.example"}}


class Desk(AgentBase):
    """Leads calls to sales, in every way."""

    def __init__(self):
        super().__init__("desk", "/desk", fallback="The desk is closed.")
        self.register_routing_callback(lambda _body, _headers: "/sales", "/choose")
        self.register_swaig_function(DataMap("map").fallback_output(FunctionResult("x").hand_over("sales")))

    @AgentBase.tool
    def pass_on(self) -> FunctionResult:
        """Pass the call on."""
        return FunctionResult("One moment.").hand_over("sales")

    @AgentBase.tool
    async def note(self, call) -> str:
        """Count, as the tool of sales does."""
        return f"{await call.state.incr('asked')} dollars"


class Sales(AgentBase):
    """Has credentials of its own, and leads calls back."""

    def __init__(self):
        super().__init__("sales", "/sales")
        self.prompt_add_section("Role", "You sell.")

    @AgentBase.tool
    async def price(self, call) -> str:
        """Tell a price."""
        return f"{await call.state.incr('asked')} dollars"

    @AgentBase.tool
    def back(self) -> FunctionResult:
        """Pass the call back."""
        return FunctionResult("One moment.").hand_over("desk")


@pytest.fixture
def app(tmp_path, monkeypatch):
    """The host, with a list of origins from which sales may be reached."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))

    def make(*reachable_from, public_url=None):
        origin = f"public_url = {json.dumps(public_url)}\n" if public_url else ""
        (tmp_path / "agenthost.toml").write_text(
            f'[host]\npassword = "{HOST[1]}"\n{origin}'
            f"[agents.sales]\npassword = {json.dumps(SALES[1])}\nreachable_from = {json.dumps(reachable_from)}\n"
        )
        (tmp_path / "agenthost.toml").chmod(0o600)
        server = AgentServer()
        server.register(Desk())
        server.register(Sales())
        server.setup_sip_routing()
        return server.app

    return make


def post(app, path, pair, body):
    return ask(app, "POST", path, auth=pair, json=body)


def passwords(answer):
    """The passwords in an answer that open anything, decoded."""
    return {unquote(found) for found in re.findall(r"//[^:/@\"]+:([^@\"]*)@", answer.text)}


def call_pair(answer):
    """The pair for this call in an answer, decoded."""
    [(user, password)] = {
        tuple(map(unquote, each)) for each in re.findall(r"//([^:/@\"]+):([^@\"]*~[^@\"]*)@", answer.text)
    }
    return user, password


def urls_of(document):
    ai = next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)
    return {each["function"]: each.get("web_hook_url") for each in ai["SWAIG"]["functions"]}


def passed_on(app, pair=HOST):
    """The answer of the desk's tool that hands the call over."""
    url = urls_of(post(app, "/desk", pair, {"call_id": "c-1"}).json())["pass_on"]
    return post(app, f"/desk/swaig?{urlsplit(url).query}", pair, {"function": "pass_on", "call_id": "c-1"})


DOORS = {
    "sip": lambda app: post(app, "/sip", HOST, CALL),
    "sip of an agent": lambda app: post(app, "/desk/sip", HOST, CALL),
    "routing callback": lambda app: post(app, "/desk/choose", HOST, {"call_id": "c-1"}),
    "hand-over": passed_on,
    "document": lambda app: post(app, "/desk", HOST, {"call_id": "c-1"}),
}
ORIGIN = {door: "sip" if door == "sip" else "desk" for door in DOORS}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("public_url", [None, "https://agents.example"])
@pytest.mark.parametrize("listed", ["nobody", "another", "origin", "everybody"])
def test_each_door(app, door, listed, public_url):
    """No door shows the permanent credentials.

    If the section allows it, credentials for this call open the agent.
    """
    names = {"nobody": [], "another": ["elsewhere"], "origin": [ORIGIN[door]], "everybody": ["*"]}[listed]
    opened = app(*names, public_url=public_url)
    answer = DOORS[door](opened)
    shown = passwords(answer)

    assert SALES[1] not in shown
    calls = {each for each in shown if "~" in each}
    assert bool(calls) is (listed in ("origin", "everybody"))
    assert {each.rpartition("~")[2] for each in calls} <= {"c-1"}
    if not calls:
        assert "You sell." not in answer.text
        assert answer.status_code == (404 if door == "sip" else 200)
        return
    pair = ("call", next(iter(calls)))
    document = post(opened, "/sales", pair, {"call_id": "c-1"})
    assert "You sell." in document.text
    assert SALES[1] not in passwords(document)
    assert HOST[1] not in passwords(document)
    url = urls_of(document.json())["price"]
    body = {"function": "price", "call_id": "c-1"}
    answer = post(opened, f"/sales/swaig?{urlsplit(url).query}", pair, body)
    assert answer.json()["response"] == "1 dollars"
    assert post(opened, "/sales", pair, {"call_id": "c-2"}).status_code == 401
    assert post(opened, "/desk", pair, {"call_id": "c-1"}).status_code == 401


def test_the_way_back_shows_no_pair_of_the_host(app):
    """A client of one agent gets credentials for this call for the others."""
    opened = app("desk")
    url = urls_of(post(opened, "/sales", SALES, {"call_id": "c-1"}).json())["back"]
    answer = post(opened, f"/sales/swaig?{urlsplit(url).query}", SALES, {"function": "back", "call_id": "c-1"})
    pair = call_pair(answer)

    assert HOST[1] not in answer.text
    assert "You sell." not in post(opened, "/desk", pair, {"call_id": "c-1"}).text
    assert post(opened, "/desk", pair, {"call_id": "c-1"}).status_code == 200
    assert post(opened, "/desk", ("call", pair[1]), {"call_id": "c-1"}).status_code == 401, "the host did not begin it"


@pytest.mark.parametrize(
    "change",
    [
        lambda token, _: f"{token}~c-2",
        lambda token, call: f"{'0' * 10}{token[10:]}~{call}",
        lambda token, _: token,
        lambda _, call: f"~{call}",
        lambda token, call: f"{token[:-1]}x~{call}",
    ],
)
def test_a_pair_of_a_call_cannot_be_changed(app, change):
    opened = app("desk")
    [password] = {each for each in passwords(passed_on(opened)) if "~" in each}
    token, _, call = password.partition("~")

    assert post(opened, "/sales", ("call", change(token, call)), {"call_id": "c-1"}).status_code == 401


def test_where_all_share_a_pair_nothing_changes(app, tmp_path):
    """Every URL contains the host's credentials."""
    opened = app()
    (tmp_path / "agenthost.toml").write_text(f'[host]\npassword = "{HOST[1]}"\n')
    server = AgentServer()
    server.register(Desk())
    server.register(Sales())
    del opened

    assert passwords(passed_on(server.app)) == {HOST[1]}


def test_a_pair_of_a_call_opens_nothing_else(app):
    """Neither the host's endpoints nor the tools without tokens."""
    opened = app("*")
    [password] = {each for each in passwords(passed_on(opened)) if "~" in each}
    header = "Basic " + base64.b64encode(f"call:{password}".encode()).decode()

    for path in ("/sip", "/metrics", "/-/metrics.json", "/-/status.json", "/v1/models"):
        method = "POST" if path == "/sip" else "GET"
        assert ask(opened, method, path, headers={"authorization": header}).status_code == 401


def test_the_state_of_a_call_goes_on_where_the_host_hands_it_over(app):
    """It belongs to those who began the call, not to its ID."""
    opened = app("*")

    def priced(pair, call="c-1"):
        document = post(opened, "/sales", pair, {"call_id": call}).json()
        body = {"function": "price", "call_id": call}
        return post(opened, f"/sales/swaig?{urlsplit(urls_of(document)['price']).query}", pair, body).json()["response"]

    def noted(pair, call="c-1"):
        url = urls_of(post(opened, "/desk", pair, {"call_id": call}).json())["note"]
        return post(opened, f"/desk/swaig?{urlsplit(url).query}", pair, {"function": "note", "call_id": call}).json()

    assert noted(HOST)["response"] == "1 dollars"
    handed = call_pair(passed_on(opened))
    assert priced(handed) == "2 dollars"
    assert noted(HOST)["response"] == "3 dollars"

    assert priced(SALES) == "1 dollars"
    url = urls_of(post(opened, "/sales", SALES, {"call_id": "c-1"}).json())["back"]
    back = post(opened, f"/sales/swaig?{urlsplit(url).query}", SALES, {"function": "back", "call_id": "c-1"})
    assert noted(call_pair(back))["response"] == "2 dollars"
    assert noted(HOST)["response"] == "4 dollars"
