"""The log of a host that is asked to write it for programs."""

import json

import pytest
from caller import Caller, functions


@pytest.fixture(scope="module")
def told(desk):
    """The log of a host after tool calls, one of which failed.

    It comes with the response.
    """
    with (
        desk.having("slow-tools", "failing-tools", "import-error"),
        desk.serve(variables={"AGENTHOST_LOG_FORMAT": "", "AGENTHOST_ACCESS_LOG": "true"}) as served,
    ):
        caller = Caller(served.url, served.credentials)
        for agent, tool, arguments in (("slow-tools", "sleep", {"seconds": 0.01}), ("starting", "exits_in_a_task", {})):
            url = functions(caller.document(f"/{agent}", "c-1"))[tool]["web_hook_url"]
            answer = caller.call(url, tool, arguments, "c-1")
    return [json.loads(line) for line in served.stderr.splitlines()], answer


def test_every_line_is_an_object_that_says_what_when_and_where(told):
    lines, _ = told

    assert lines
    assert all({"timestamp", "level", "logger", "event"} <= set(line) for line in lines)


def test_a_tool_call_is_one_line(told):
    """The line has agent, tool, call, outcome and seconds.

    That of a failed call has the caller's error id.
    """
    lines, answer = told
    calls = [line for line in lines if line["logger"] == "agenthost.calls"]
    worked, failed = (line for line in calls if line["event"].startswith("tool "))

    assert {name: worked[name] for name in ("agent", "tool", "call", "outcome")} == {
        "agent": "slow-tools",
        "tool": "sleep",
        "call": "c-1",
        "outcome": "ok",
    }
    assert 0.01 <= worked["duration"] < 10
    assert (failed["outcome"], failed["error_id"]) == ("failed", answer["error_id"])
    [error] = [line for line in lines if line.get("exception") and line["logger"] == "agenthost.tools"]
    assert (error["agent"], error["call"], error["error_id"]) == ("starting", "c-1", answer["error_id"])


def test_what_a_tool_writes_itself_says_whose_it_is(told):
    """Also in a thread."""
    [own] = [line for line in told[0] if line["event"] == "sleep has begun"]

    assert (own["agent"], own["tool"], own["call"]) == ("slow-tools", "sleep", "c-1")


def test_requests_have_fields(told):
    """Without their queries, where tokens stand."""
    requests = [line for line in told[0] if line["logger"] == "agenthost.access"]

    assert {(line["method"], line["path"], line["status"]) for line in requests} >= {
        ("POST", "/slow-tools/swaig/", 200)
    }
    assert not any("__token" in json.dumps(line) for line in requests)
