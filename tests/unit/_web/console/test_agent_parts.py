"""Parts of the page of an agent: its settings, and the picture of its steps."""

from __future__ import annotations

import re

import pytest
from asking import ask
from attrs import frozen
from hypothesis import given, strategies as st
from workplaces import CONSOLE, HOST, app_in, work_in

from agenthost import AgentBase, AgentServer, Secret
from agenthost._host.config.load import load_config
from agenthost._web.console.agents.shown_settings import shown_settings
from agenthost._web.console.agents.steps_picture import steps_picture

FILE = f"""{CONSOLE}[agents.desk]
rooms = 3
calendar_key = "sk-written-in-the-file"
api_token = "tok-written-in-the-file"
room_key = "key-written-in-the-file"
link = "https://user:pass-in-a-url@cal.example/?token=in-a-query"
"""
names = st.text("abcdef", min_size=1, max_size=40)


@frozen
class Settings:
    """Settings of the desk."""

    calendar_key: Secret
    rooms: int = 1
    api_token: str = ""
    room_key: str = ""
    link: str = ""
    town: str = "Berlin"


@frozen
class Served:
    """As much of a served agent as its settings need."""

    agent: object
    config: object
    key: str = "desk"


class Desk(AgentBase):
    """A desk with settings."""

    Settings = Settings

    def __init__(self):
        super().__init__("desk", "/desk")
        self.prompt_add_section("Role", "You answer.")
        steps = self.define_contexts().add_context("default")
        steps.add_step("greet").set_text("Greet.").set_valid_steps(["ask", "end"])
        steps.add_step("ask").set_text("Ask.").set_valid_steps(["greet"])
        steps.add_step("end").set_text("End.").set_end(end=True)


@pytest.fixture
def app(tmp_path, monkeypatch):
    return app_in(tmp_path, monkeypatch, FILE, Desk())


def test_settings_show_what_stands_where_and_no_secrets(tmp_path, monkeypatch):
    work_in(tmp_path, monkeypatch, FILE)
    config = load_config(None, {})
    told = shown_settings(config, Served(Desk(), config.agents["desk"]))
    settings = {each["name"]: each for each in told}

    assert [settings[name]["value"] for name in ("rooms", "town")] == ["3", "Berlin"]
    assert settings["rooms"]["place"].startswith("agenthost.toml:7")
    assert settings["town"]["place"] == ""
    assert {settings[name]["value"] for name in ("calendar_key", "api_token", "room_key")} == {"***"}
    assert not re.search("written-in-the-file|pass-in-a-url|in-a-query", str(told))


def test_settings_are_on_the_page(app):
    page = ask(app, "GET", "/-/agents/desk", auth=HOST).text
    told = ask(app, "GET", "/-/agents/desk.json", auth=HOST).json()

    assert "the package, as its default" in page
    assert [each["name"] for each in told["settings"]] == [
        "calendar_key",
        "rooms",
        "api_token",
        "room_key",
        "link",
        "town",
    ]


def test_the_steps_are_a_picture(app):
    page = ask(app, "GET", "/-/agents/desk", auth=HOST).text
    [picture] = re.findall("<svg.*?</svg>", page, re.DOTALL)

    assert picture.count("<rect") == 3
    assert picture.count('class="arrow"') == 3
    assert "style=" not in picture


leads = st.lists(st.one_of(st.sampled_from("abc"), names, st.just("next")), max_size=4)


@given(st.dictionaries(st.one_of(st.sampled_from("abc"), names), leads, max_size=12), st.booleans())
def test_pictures_contain_what_they_draw(leads, ends):
    """Steps may also lead to some that do not exist."""
    steps = [{"name": name, "next": following, "ends": ends} for name, following in leads.items()]
    picture = steps_picture(steps)

    assert len(picture["boxes"]) == len(steps)
    for arrow in picture["arrows"]:
        assert max(map(int, re.findall(r"[MH](\d+)", arrow))) < picture["width"]
        assert max(map(int, re.findall(r"V(\d+)", arrow))) < picture["height"]


def test_calling_needs_the_scope(app, tmp_path, monkeypatch):
    key = ("eye", "the-secret-of-key-eye")
    work_in(tmp_path, monkeypatch, FILE + f'[keys.eye]\nsecret = "{key[1]}"\nagents = ["*"]\nscopes = ["observe"]\n')
    server = AgentServer()
    server.register(Desk())
    page = ask(server.app, "GET", "/-/agents/desk/simulate", auth=key)

    assert (page.status_code, 'name="token"' in page.text) == (200, False)
    assert "scope operate" in page.text
    assert ask(server.app, "POST", "/-/agents/desk/simulate", auth=key, data={"line": "x"}).status_code == 403
    assert ask(server.app, "POST", "/-/agents/desk/simulate", auth=HOST, data={"line": "x"}).status_code == 403
    assert ask(server.app, "GET", "/-/agents/nobody/simulate", auth=HOST).status_code == 404
