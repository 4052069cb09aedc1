"""Workflows over the installed front desk: in text, on calls and in figures."""

import json
import re

import pytest
from caller import Caller, functions, prompt

TABLES = """
[agents.main]
enabled = false

[workflows.front]
kind = "router"
agents = ["sales", "support", "billing", "gone"]
fallback_agent = "support"
clarify = true
route = "/"

[workflows.together]
kind = "parallel"
agents = ["sales", "support"]

[workflows.broken]
kind = "vote"
agents = ["together", "broken"]
"""


@pytest.fixture(scope="module")
def place(desk):
    place = desk.workplace()
    (place / "agenthost.toml").write_text(TABLES)
    return place


@pytest.fixture(scope="module")
def served(desk, place):
    with desk.serve("--workers", "2", cwd=place) as served:
        yield served


def say(served, model, text, conversation):
    body = {"model": model, "messages": [{"role": "user", "content": text}], "metadata": {"conversation": conversation}}
    answer = Caller.of(served).ask("POST", "/v1/chat/completions", body)
    assert answer.status == 200, answer
    return answer.json


def test_a_turn_goes_where_it_belongs_and_stays(served):
    """Either worker may answer."""
    first = say(served, "front", "billing", "c-1")
    later = [say(served, "front", "Hm, and then?", "c-1") for _ in range(4)]

    assert first["agenthost"]["path"] == ["front", "billing"]
    assert {tuple(answer["agenthost"]["path"]) for answer in later} == {("front", "billing")}
    unclear = say(served, "front", "Hm, and then?", "c-2")
    assert unclear["agenthost"]["path"] == ["front"]
    assert "What is it about?" in unclear["choices"][0]["message"]["content"]


def test_several_answer_as_one(served):
    """By rule, since no real model is configured."""
    answer = say(served, "together", "What does basic cost?", "c-3")

    assert answer["choices"][0]["message"]["content"].startswith(
        "sales: [offline model] basic is $99/month.\n\nsupport:"
    )
    assert answer["agenthost"]["path"] == ["together", "sales", "support"]


def test_a_choice_is_explained(desk, place):
    """The exit code is 1 if the router would ask."""
    named = desk.run("agenthost", "route", "explain", "billing", cwd=place)
    unclear = desk.run("agenthost", "route", "explain", "xyzzy", "--router", "front", "--json", cwd=place)

    assert (named.returncode, unclear.returncode) == (0, 1)
    assert named.stdout.startswith("front → billing\n  because: the message is the name of the agent\n")
    assert json.loads(unclear.stdout)["tried"][0]["by"] == "lexical"
    assert json.loads(unclear.stdout)["decision"]["agent"] is None


def test_a_conversation_is_taken_into_account(desk, place, served):
    """The command reads the store of the host."""
    say(served, "front", "billing", "c-9")
    done = desk.run("agenthost", "route", "explain", "yes please", "--conversation", "c-9", cwd=place)

    assert done.stdout.startswith("front → billing\n  because: it has the conversation")
    assert "  conversation with: billing\n" in done.stdout


def test_thresholds_are_proposed(desk, place, served):
    """They come from transcripts, which can be saved and labelled by hand."""
    say(served, "front", "what does basic cost", "c-10")
    say(served, "front", "support", "c-10")
    done = desk.run("agenthost", "route", "tune", "--save", "messages.jsonl", "--json", cwd=place)
    assert json.loads(done.stdout)["router"] == "front"
    assert '"agent": "support"' in (place / "messages.jsonl").read_text(encoding="utf-8")

    (place / "labelled.jsonl").write_text('{"text": "what does basic cost", "agent": "sales"}\n', encoding="utf-8")
    read = desk.run("agenthost", "route", "tune", "labelled.jsonl", "--right", "60", cwd=place)
    assert read.stdout.startswith("front: classifier lexical, 1 message\n")
    assert "only 1 message: the figures say little. fix: label at least 30." in read.stderr


def test_a_live_caller_is_connected(served):
    """The caller reaches a served agent, with the reason in the call's data.

    No call circles for ever.
    """
    caller = Caller.of(served)
    document = caller.document("/", "call-1")
    tool = functions(document)["connect_caller"]
    assert tool["parameters"]["properties"]["agent"]["enum"] == ["sales", "support", "billing"]
    assert "You receive people" in prompt(document)

    answers = [
        caller.call(tool["web_hook_url"], "connect_caller", {"agent": "sales", "reason": "a price"}, "call-1")
        for _ in range(3)
    ]

    for number, answer in enumerate(answers[:2], 1):
        data, hand_over = answer["action"]
        routing = {"from": "front", "to": "sales", "reason": "a price", "path": ["sales"] * number}
        assert data["set_global_data"] == {"routing": routing}
        assert hand_over["SWML"]["sections"]["main"][0]["transfer"]["dest"].endswith("/sales")
    assert "action" not in answers[2]
    assert "nobody is connected now" in answers[2]["response"]


def test_figures_are_those_of_all_workers(served, desk, place):
    """The endpoint shows them with credentials.

    The command shows them with or without a running host.
    """
    for number in range(6):
        say(served, "sales", "What does basic cost?", f"f-{number}")
    caller = Caller.of(served)
    told = caller.ask("GET", "/-/metrics.json?days=1").json

    assert told["days"] == 1
    assert {"front", "sales"} <= {each["agent"] for each in told["agents"]}
    assert caller.ask("GET", "/-/metrics.json?days=99").status == 400
    assert served.status("/-/metrics.json") == 401
    served.stop()
    done = desk.run("agenthost", "stats", "--json", cwd=place)
    [sales] = [each for each in json.loads(done.stdout)["agents"] if each["agent"] == "sales"]
    assert (sales["calls"], sales["ok"], sales["success"]) == (7, 7, 1.0)
    shown = desk.run("agenthost", "stats", cwd=place).stdout
    assert "100% (65%–100%)" in shown
    assert re.search(r"  [0-9.]+ m?s  +[0-9.]+ m?s\n", shown)


def test_what_is_wrong_is_found(desk, place):
    """A missing agent is named, and a workflow that would call itself is quarantined.

    The others are served.
    """
    checked = desk.run("agenthost", "check", "--json", cwd=place)
    report = json.loads(checked.stdout)
    states = {row["agent"]: row["state"] for row in report["agents"]}

    assert checked.returncode == 1
    assert (states["front"], states["together"], states["broken"]) == ("ready", "ready", "quarantined")
    routes = json.loads(desk.run("agenthost", "routes", "--json", cwd=place).stdout)
    assert {"agent front", "agent together", "agent broken"} <= {row["answers"] for row in routes}
    missing = "workflow 'front' goes on without 'gone', which is not served: no agent of this name is installed"
    assert missing in report["warnings"]
    listed = json.loads(desk.run("agenthost", "agents", "--json", cwd=place).stdout)
    assert [row for row in listed if row["agent"] == "front"] == [
        {
            "agent": "front",
            "route": "/",
            "package": "agenthost.toml",
            "version": "",
            "state": "enabled",
            "value": "router of sales, support, billing, gone",
        }
    ]
