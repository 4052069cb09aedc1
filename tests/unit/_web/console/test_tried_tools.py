"""Trying a tool: who may, what reaches the tool, and what the log has."""

import logging
import re
from typing import Literal

import pytest
from asking import ask
from workplaces import CONSOLE, HOST, app_in

from agenthost import AgentBase, FunctionResult

SIGHT = ("sight", "the-secret-of-key-sight")
ACTS = ("acts", "the-secret-of-key-acts")
LOCAL = "http://127.0.0.1:3000"
FILE = f"""{CONSOLE}[keys.sight]
secret = "{SIGHT[1]}"
agents = ["*"]
scopes = ["observe"]
[keys.acts]
secret = "{ACTS[1]}"
agents = ["*"]
scopes = ["observe", "operate"]
"""
HOSTILE = "<script>alert(1)</script>\"'>"
PAGE = "/-/agents/shop/tools/order"


class Shop(AgentBase):
    """Notes what its tool receives."""

    def __init__(self, name="shop"):
        super().__init__(name, f"/{name}")
        self.received = []

    @AgentBase.tool
    def order(
        self,
        *,
        flower: Literal["rose", "tulip"],
        number: int = 1,
        wrapped: bool = False,
        notes: list[str] | None = None,
        card: str = "",
    ) -> str:
        """Order flowers.

        Args:
            flower: its name.
            number: how many.
            wrapped: as a present.
            notes: for the florist.
            card: the text of the card.
        """
        self.received.append((flower, number, wrapped, notes, card))
        return HOSTILE

    @AgentBase.tool
    def pass_on(self) -> FunctionResult:
        """Pass the call on."""
        return FunctionResult("One moment.").hand_over("desk")


class Choosy(Shop):
    """Is configured per call."""

    def __init__(self):
        super().__init__("choosy")
        self.set_dynamic_config_callback(lambda *_: None)


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def app(shop, tmp_path, monkeypatch):
    """A host of three agents."""
    return app_in(tmp_path, monkeypatch, FILE, shop, Choosy(), Shop("desk"))


def token_in(page):
    return re.search('name="token" value="([^"]*)"', page.text)[1]


def attempt(app, auth=HOST, page=PAGE, *, token=None, headers=None, **arguments):
    """Fill in the form of a tool, and send it."""
    if token is None:
        token = token_in(ask(app, "GET", page, auth=auth, headers=headers))
    form = {"token": token, **{f"argument.{name}": value for name, value in arguments.items()}}
    return ask(app, "POST", page, auth=auth, data=form, headers=headers)


def test_a_form_calls_the_tool_once(app, shop, caplog):
    caplog.set_level(logging.INFO, "agenthost.console")
    answer = attempt(
        app, ACTS, flower="rose", number="3", wrapped="true", notes='["red", "long"]', card="a\r\nb"
    )  # fmt: skip

    assert answer.status_code == 200
    assert shop.received == [("rose", 3, True, ["red", "long"], "a\nb")]
    assert "&lt;script&gt;" in answer.text
    assert "<script>" not in answer.text
    [record] = [record for record in caplog.records if record.name == "agenthost.console"]
    assert re.fullmatch("key acts tries tool order of shop in call console-[0-9a-f]{16}", record.getMessage())
    assert record.levelname == "WARNING"


def test_empty_fields_are_left_out(app, shop):
    attempt(app, flower="tulip", number="", wrapped="", notes="", card="")

    assert shop.received == [("tulip", 1, False, None, "")]


def test_wrong_values_are_answered_as_in_a_call(app, shop):
    answer = attempt(app, flower=HOSTILE, number="many")

    assert (answer.status_code, shop.received) == (200, [])
    assert "<script>" not in answer.text
    assert attempt(app, flower="rose", notes="not json").status_code == 400


def test_the_form_has_a_field_for_each_argument(app):
    page = ask(app, "GET", PAGE, auth=HOST).text
    told = ask(app, "GET", f"{PAGE}.json", auth=HOST).json()

    assert set(re.findall(r'name="argument\.([a-z]*)"', page)) == {"flower", "number", "wrapped", "notes", "card"}
    assert {each["name"]: each["kind"] for each in told["arguments"]}["flower"] == "choice"
    assert page.count("<option>") == 4
    assert len(re.findall("<label for=", page)) == 5


def test_only_those_who_may_operate_try_tools(app, shop):
    page = ask(app, "GET", PAGE, auth=SIGHT)

    assert (page.status_code, "needs credentials with the scope operate" in page.text) == (200, True)
    assert "Run the tool" not in page.text
    assert attempt(app, SIGHT, token="", flower="rose").status_code == 403
    assert ask(app, "POST", PAGE, data={"argument.flower": "rose"}).status_code == 401
    assert shop.received == []


def test_a_form_of_others_is_refused(app, shop):
    """Even if the browser sends the credentials with it."""
    theirs = token_in(ask(app, "GET", PAGE, auth=ACTS))

    assert [attempt(app, token=token, flower="rose").status_code for token in (theirs, "", "é")] == [403] * 3
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert attempt(app, token=token_in(ask(app, "GET", PAGE, auth=HOST)), headers=elsewhere).status_code == 403
    assert shop.received == []


def test_a_session_may_try_tools(app, shop):
    data = {"user": ACTS[0], "password": ACTS[1], "to": PAGE.removeprefix("/-/")}
    login = ask(app, "POST", "/-/login", at=LOCAL, data=data)
    kept = {"cookie": login.headers["set-cookie"].partition(";")[0]}

    assert login.headers["location"] == "./agents/shop/tools/order"
    assert attempt(app, None, headers=kept, flower="rose").status_code == 200
    assert len(shop.received) == 1


def test_a_hand_over_shows_no_credentials(app):
    answer = attempt(app, page="/-/agents/shop/tools/pass_on")

    assert "agent:desk" in answer.text
    assert HOST[1].replace(" ", "%20") not in answer.text


def test_an_agent_that_is_configured_per_call_is_tried_elsewhere(app):
    page = "/-/agents/choosy/tools/order"
    wanted = token_in(ask(app, "GET", PAGE, auth=HOST))

    assert "agenthost tool choosy order" in ask(app, "GET", page, auth=HOST).text
    assert attempt(app, page=page, token=wanted).status_code == 409


@pytest.mark.parametrize("path", ["shop/tools/nothing", "nobody/tools/order", "shop/tools/nothing.json"])
def test_an_unknown_tool(app, path):
    assert ask(app, "GET", f"/-/agents/{path}", auth=HOST).status_code == 404
