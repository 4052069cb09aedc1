"""The circuit breaker of an agent that keeps failing.

The tests cover callers, probes, metrics and the end of the failure.
"""

import re

import pytest
from caller import functions
from polling import poll_until

FALLBACK = "Let me connect you to the desk."


@pytest.fixture(scope="module")
def served(desk):
    """A host whose breakers open after three failures, and try again after four seconds."""
    desk.install("failing-tools")
    limits = {"AGENTHOST_BREAKER_FAILURES": "3", "AGENTHOST_BREAKER_OPEN": "4"}
    with desk.serve(variables=limits) as served:
        yield served
    assert served.process.returncode == 0


@pytest.fixture
def act(caller):
    """Return a function that calls the fickle agent's tool.

    The address comes from a document of the working agent.
    """
    url = poll_until(lambda: functions_of(caller))["act"]["web_hook_url"]
    return lambda way: caller.call(url, "act", {"way": way}, "c-1")


def functions_of(caller):
    """Return the fickle agent's tools.

    Return None while its document is the fallback.
    """
    document = caller.document("/fickle", "c-1")
    return functions(document) if any("ai" in verb for verb in document["sections"]["main"]) else None


def is_open(caller):
    text = caller.ask("GET", "/metrics").body.decode()
    found = re.search(r'agenthost_breaker_open\{agent="fickle"\} ([01])\.0', text)
    return found is not None and found[1] == "1"


def test_what_a_tool_leaves_behind_leaves_it_alone(caller, act):
    """Each caller has received an answer.

    Failures of background work are counted for the operator.
    """
    before = counted(caller)
    for _ in range(9):
        assert act("stumble") == {"response": "worked"}

    poll_until(lambda: counted(caller) - before >= 18)
    assert not is_open(caller)
    assert caller.ask("GET", "/health/fickle").json["status"] == "ok"


def counted(caller):
    """Return the number of counted failures of the tool."""
    text = caller.ask("GET", "/metrics").body.decode()
    found = re.search(r'agenthost_failures_total\{agent="fickle",what="tool act"\} (\d+)', text)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("way", ["fail", "block", "exit"])
def test_it_opens_tells_everybody_and_closes_again(served, caller, act, way):
    """Three failures in a row open it.

    So do blocks of the event loop, or attempts to end the process. A successful call closes it.
    """
    assert not is_open(caller)
    assert act("work") == {"response": "worked"}
    answers = [act(way) for _ in range(3)]
    poll_until(lambda: is_open(caller))

    refused = act("work")
    assert refused == {"response": FALLBACK, "error_id": refused["error_id"]}
    if way == "fail":
        assert refused["error_id"] == answers[-1]["error_id"]
    assert served.once_logged(refused["error_id"])
    assert caller.ask("GET", "/health/fickle").json["status"] == "degraded"
    assert caller.ask("GET", "/health").json["status"] == "degraded"
    assert caller.ask("GET", "/ready").status == 200
    assert FALLBACK in str(caller.document("/fickle", "c-1"))
    assert caller.document("/sales", "c-1")["sections"]["main"][-1]["ai"]

    poll_until(lambda: act("work") == {"response": "worked"})
    assert not is_open(caller)
    assert caller.ask("GET", "/health/fickle").json["status"] == "ok"
    text = caller.ask("GET", "/metrics").body.decode()
    assert re.search(r'agenthost_breaker_refusals_total\{agent="fickle",what="[a-z ]+"\} [1-9]', text)
