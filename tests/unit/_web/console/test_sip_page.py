"""The page about SIP: its answer is the host's, and is not counted."""

import re

import pytest
from asking import ask
from polling import poll_until
from workplaces import CONSOLE, HOST, work_in

from agenthost import AgentBase, AgentServer

HOSTILE = "<script>alert(1)</script>"
FILE = f"""{CONSOLE}[keys.sales-only]
secret = "the-secret-of-sales-only"
agents = ["sales"]
scopes = ["observe"]
[[sip.rules]]
user = "help"
agent = "sales"
else = "support"
hours = "Mon-Fri 09:00-17:00"
timezone = "UTC"
"""


@pytest.fixture
def app(tmp_path, monkeypatch):
    work_in(tmp_path, monkeypatch, FILE)
    server = AgentServer()
    for name in ("sales", "support"):
        server.register(AgentBase(name, f"/{name}", sip=[name]))
    server.setup_sip_routing()
    return server.app


def told(app, **asked):
    return ask(app, "GET", "/-/sip.json", auth=HOST, params=asked).json()


@pytest.mark.parametrize(
    ("asked", "agent", "decided_by"),
    [
        ({"to": "sip:sales@example.com"}, "sales", "declared alias"),
        ({"to": "sip:help@example.com", "at": "Tue 10:00"}, "sales", "rule 1"),
        ({"to": "sip:help@example.com", "at": "Sun 10:00"}, "support", "rule 1"),
        ({"to": "sip:nobody@example.com"}, None, "unmatched"),
    ],
)
def test_it_answers_as_the_host_does(app, asked, agent, decided_by):
    answer = told(app, **asked)["answer"]

    assert (answer["agent"], answer["route"]) == (agent, f"/{agent}" if agent else None)
    assert answer["decided_by"].startswith(decided_by)
    page = ask(app, "GET", "/-/sip", auth=HOST, params=asked).text
    assert (f"agents/{agent}" in page) if agent else ("no agent" in page)


def test_a_line_that_is_no_header(app):
    assert "such as X-Department: sales" in told(app, to="sales", headers="X-Other: 1\nsales")["error"]


def test_hours_are_a_picture(app):
    page = ask(app, "GET", "/-/sip", auth=HOST).text
    [picture] = re.findall(r'<svg class="hours".*?</svg>', page, re.DOTALL)
    bars = [(float(x), float(width)) for x, width in re.findall(r'<rect x="([\d.]+)".*? width="([\d.]+)"', picture)]

    assert bars == [(day * 144 + 54, 48) for day in range(5)]
    assert 'aria-label="rule 1: sales at Mon-Fri 09:00-17:00 UTC, else support"' in picture


def test_asking_does_not_count(app):
    assert told(app, to="sip:nobody@example.com")["unmatched"]["users"] == []
    ask(app, "POST", "/sip", auth=HOST, json={"call": {"to": "sip:nobody@example.com"}})

    poll_until(lambda: [each["user"] for each in told(app)["unmatched"]["users"]] == ["nobody"])  # a second old
    assert "nobody" in ask(app, "GET", "/-/sip", auth=HOST).text


def test_the_rules_are_those_of_the_command(app):
    rules = told(app)["deciding"]

    assert [(each["agent"], each["route"]) for each in rules[:2]] == [("sales", "/sales"), ("support", "/support")]
    assert "9:00" in rules[0]["callers"]


def test_a_wrong_time_is_explained(app):
    answer = told(app, to="sip:sales@example.com", at="soon")

    assert (answer["answer"], answer["error"][:5]) == (None, "soon:")
    assert "write a day and a time" in ask(app, "GET", "/-/sip", auth=HOST, params={"to": "x", "at": "soon"}).text


def test_what_is_asked_is_escaped(app):
    page = ask(app, "GET", "/-/sip", auth=HOST, params={"to": f"sip:{HOSTILE}@x", "from": HOSTILE, "at": HOSTILE}).text

    assert not re.search(r"<script>", page)
    assert "&lt;script&gt;" in page


def test_it_is_for_those_who_may_observe_the_host(app):
    assert ask(app, "GET", "/-/sip").status_code == 401
    assert ask(app, "GET", "/-/sip", auth=("sales-only", "the-secret-of-sales-only")).status_code == 403
    assert ask(app, "POST", "/-/sip", auth=HOST).status_code == 405
