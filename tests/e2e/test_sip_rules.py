"""SIP callers at a host with rules of every kind, and its commands."""

import json

import pytest
from caller import Caller
from environment import ROOT

# The host redirects, so that an answer names its agent.
RULES = """
[sip]
mode = "redirect"
default = "main"

[plugins.sip-directory]
file = "users.csv"

[[sip.rules]]
user = ["shop", "laden"]
agent = "sales"

[[sip.rules]]
pattern = "help-*"
agent = "/support"

[[sip.rules]]
called = "+4930*"
calling = "+43*"
agent = "billing"

[[sip.rules]]
user = "open"
hours = "00:00-24:00"
timezone = "Europe/Berlin"
agent = "sales"
else = "support"

[[sip.rules]]
user = "office"
hours = "Mon-Fri 09:00-17:00"
timezone = "Europe/Berlin"
agent = "sales"
else = "support"

[[sip.rules]]
user = "billing"
agent = "gone"
"""
OFFICE, BILLING = (RULES[: RULES.index(f'user = "{user}"')].count("\n") for user in ("office", "billing"))
"""Lines on which the rules for these users begin."""
CASES = [
    ("sip:SHOP@acme.example", {}, "/sales", "rule 1"),
    ("sips:%6caden@acme.example:5061;x=y", {}, "/sales", "rule 1"),
    ('"Help" <sip:help-me@x>', {}, "/support", "rule 2"),
    ("tel:+49-30-555", {"from": "+43 1 5"}, "/billing", "rule 3"),
    ("tel:+49-30-555", {"from": "+41 1 5"}, "/", "default"),
    ("open", {}, "/sales", "rule 4"),
    ("sip:billing@x", {}, "/", "default"),
    ("sip:support@x", {}, "/support", "declared alias"),
    ("sip:vertrieb@x", {}, "/sales", "hook agenthost-sip-directory:sip-directory"),
    ("sip:stranger@x", {}, "/", "default"),
]


@pytest.fixture(scope="module")
def place(desk):
    desk.install(ROOT / "plugins" / "agenthost-sip-directory")
    place = desk.workplace()
    (place / "agenthost.toml").write_text(RULES)
    (place / "users.csv").write_text("user,agent\nvertrieb,sales\n")
    return place


@pytest.fixture(scope="module")
def caller(desk, place):
    with desk.serve(cwd=place) as served:
        yield Caller.of(served)


def reached(caller, to, path="/sip", **call):
    answer = caller.ask("POST", path, {"call": {"to": to, **call}})
    return answer.header("location") if answer.status == 307 else answer.status


def test_callers_reach_whom_the_rules_name(caller):
    """And what decided is counted, and who was unknown listed."""
    assert [reached(caller, to, **call) for to, call, _, _ in CASES] == [route for _, _, route, _ in CASES]

    figures = caller.ask("GET", "/metrics").body.decode()
    for label in {label for _, _, _, label in CASES}:
        count = sum(case[3] == label for case in CASES)
        assert f'agenthost_sip_decisions_total{{rule="{label}"}} {count}.0' in figures
    users = {row["user"] for row in caller.ask("GET", "/-/sip/unmatched").json["users"]}
    assert users == {"+4930555", "billing", "stranger"}


def test_a_directory_that_changes_is_followed(caller, place):
    (place / "users.csv").write_text("user,agent\nvertrieb,sales\nkundendienst,support\n")

    assert reached(caller, "kundendienst") == "/support"


def test_commands_say_what_the_host_does(desk, place):
    def resolve(*arguments):
        done = desk.run("agenthost", "sip", "resolve", *arguments, cwd=place)
        return done.returncode, done.stdout.strip()

    hours = f"rule 5, agenthost.toml:{OFFICE} (hours Mon-Fri 09:00-17:00 Europe/Berlin, else support)"
    assert resolve("office", "--at", "Sat 10:00") == (0, f"office → {hours} → support /support · ready")
    assert resolve("office", "--at", "2026-11-20T09:30+01:00")[1].endswith("→ sales /sales · ready")
    listed = json.loads(desk.run("agenthost", "sip", "list", "--json", cwd=place).stdout)
    assert [row["decided_by"] for row in listed][:2] == ["hook agenthost-sip-directory:sip-directory", "rule 1"]

    checked = desk.run("agenthost", "check", cwd=place)
    assert checked.returncode == 1
    assert f"agenthost.toml:{BILLING}: rule 6: agent names 'gone', which is not served" in checked.stderr
