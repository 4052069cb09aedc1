"""The texts of the console: all in one catalogue, and pages in the reader's language."""

import re
import struct

import console_texts
import pytest
from asking import ask
from console_texts import CATALOGUE, catalogue, templates, texts, untranslated, untranslated_in_code
from hypothesis import given, strategies as st
from workplaces import CONSOLE, HOST, app_in

from agenthost import AgentBase, Router
from agenthost._web.console import texts as console
from agenthost._web.console.texts import gettext, language, read_in, word

OF_THE_LOG = {"has not done", "has done", "may have done"}
COMMANDS = {"close breaker"}
PAGES = (
    *("", "agents/desk", "agents/desk/simulate", "agents/desk/tools/book", "calls", "call?id=call-1", "sip?to=desk"),
    *("text?text=hello", "charts", "packages", "doctor", "acts", "acts/reload", "acts/disable/desk", "errors/e-1"),
)
OF_THE_HOST = {"agenthost", "sqlite", "help", "Begin", "Book", "book", "desk", "string"}
"""Words that are neither in a name nor translated."""
PARTS = re.compile(r"<(code|pre|bdi|option)\b.*?</\1>|<head>.*?</head>", re.DOTALL)
"""Parts of a page that show names, and its head."""


class Desk(AgentBase):
    """Has a tool and a step."""

    def __init__(self):
        super().__init__("desk", "/desk", sip=("desk",))
        self.prompt_add_section("Role", "You help.")
        self.define_contexts().add_context("default").add_step("begin").set_text("Begin.")

    @AgentBase.tool(secure=False)
    def book(self, day: str) -> str:
        """Book."""
        return f"Booked for {day}."


@pytest.fixture
def pseudo(tmp_path, monkeypatch):
    """A translation of all texts, each in brackets, and one of nothing."""
    place = tmp_path / "languages"
    place.mkdir()
    told = {"": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n != 1;\n"}
    for one, many in texts():
        told[one if many is None else f"{one}\0{many}"] = f"⟦{one}⟧" if many is None else f"⟦{one}⟧\0⟦{many}⟧"
    (place / "qps-ploc.mo").write_bytes(compiled(told))
    (place / "de.mo").write_bytes(compiled({"": told[""]}))
    monkeypatch.setattr(console, "LANGUAGES", place)
    yield "qps-ploc"
    read_in(b"")


def compiled(told):
    """Return messages in the form that ``msgfmt`` writes."""
    pairs = [(one.encode(), other.encode()) for one, other in sorted(told.items())]
    tables, words, begin = [b"", b""], b"", 28 + 16 * len(pairs)
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<II", len(pair[side]), begin + len(words))
            words += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + b"".join(tables) + words


def test_the_catalogue_has_every_text():
    assert CATALOGUE.read_text(encoding="utf-8") == catalogue(), "fix: python tests/console_texts.py"


@pytest.mark.parametrize("name", templates())
def test_templates_show_no_other_text(name):
    assert untranslated(templates()[name]) == []


def test_code_shows_no_other_text():
    assert set(untranslated_in_code()) == OF_THE_LOG | COMMANDS


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("<p>Hello {{ name }}</p>", ["Hello"]),
        ("<b aria-label='Close it'>{% trans %}Close{% endtrans %}</b>", ["Close it"]),
        ("{% if x %}<p>{{ 'yes' if x else _('no') }}</p>{% endif %}", ["yes"]),
        ("<p class='{{ 'good' if x else 'bad' }}'>{{ _('Good') }} <code>agenthost run</code></p>", []),
    ],
)
def test_a_text_outside_the_catalogue_is_found(written, found):
    environment = console_texts.Environment(extensions=["jinja2.ext.i18n"])

    assert untranslated(environment.parse(written)) == found


def test_every_page_in_another_language(pseudo, kept_log, tmp_path, monkeypatch):
    """Everything is translated but the words of the agent and the host."""
    app = app_in(tmp_path, monkeypatch, CONSOLE, Desk(), Router("front", ["desk"], route="/front"))
    ask(app, "POST", "/desk/swaig", auth=HOST, json={"function": "book", "call_id": "call-1", "argument": {}})
    for path in PAGES:
        page = ask(app, "GET", f"/-/{path}", auth=HOST, headers={"accept-language": f"{pseudo}, en;q=0.5"})
        shown = PARTS.sub("", page.text)
        while (less := re.sub("⟦[^⟦⟧]*⟧", "", shown)) != shown:
            shown = less

        assert f'<html lang="{pseudo}">' in page.text, path
        assert set(re.findall(r"[A-Za-z]{4,}", re.sub(r"<[^>]*>", " ", shown))) <= OF_THE_HOST, path


def test_the_log_of_acts_is_english(pseudo, tmp_path, monkeypatch, caplog):
    key = '[keys.boss]\nsecret = "the-secret-of-key-boss"\nagents = ["*"]\nscopes = ["observe", "administer"]\n'
    app = app_in(tmp_path, monkeypatch, CONSOLE + key, Desk())
    boss, path = ("boss", "the-secret-of-key-boss"), "/-/acts/forget-caller"
    [token] = re.findall(r'name="token" value="(\w+)"', ask(app, "GET", "/-/acts/reload", auth=boss).text)
    form = {"token": token, "caller": "call-1"}
    page = ask(app, "POST", path, auth=boss, data=form, headers={"accept-language": pseudo}).text

    assert "⟦Records removed: 0.⟧" in page
    assert "key boss has done forget-caller: Records removed: 0." in caplog.text


def test_json_is_english(pseudo, tmp_path, monkeypatch):
    app = app_in(tmp_path, monkeypatch, CONSOLE, Desk())
    told = ask(app, "GET", "/-/text.json?text=hello", auth=HOST, headers={"accept-language": pseudo}).json()

    assert told["error"] == "There is no such router."


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (b"", "en"),
        (b"en-GB, qps-ploc", "en"),
        (b"QPS-Ploc", "qps-ploc"),
        (b"fr, de-AT;q=0.8, qps-ploc;q=0.9", "qps-ploc"),
        (b"fr, de-AT;q=0.8, qps-ploc;q=0.7", "de"),
        (b"*, ../../etc", "en"),
    ],
)
def test_the_most_wanted_language_is_used(pseudo, accepted, expected):
    read_in(accepted)

    assert language() == expected


def test_what_a_translation_lacks_stays_english(pseudo):
    read_in(b"de")

    assert gettext("Agents") == "Agents"
    assert (word("degraded"), word("never seen")) == ("degraded", "never seen")


@given(st.binary(max_size=300))
def test_any_header_has_a_language(accepted):
    read_in(accepted)

    assert language() == "en"
