"""Agents on the real engine: routes, text, SIP, metrics, logs, and replicas that end."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from polling import poll_until

PATIENCE = 60.0
TOOLS_OF_STEADY = {"add", "count", "fail", "wait"}


def test_tokens_hold_on_every_replica(on_ray):
    """Calls reach both replicas, with the token of one document."""
    url = on_ray.tool_url("add")
    answers = [on_ray.call(url, "add", first=1, second=2) for _ in range(40)]

    assert {status for status, _ in answers} == {200}
    assert {answer["response"].partition(" ")[0] for _, answer in answers} == {"3"}
    assert len({answer["response"] for _, answer in answers}) == 2
    assert all(answer["response"].endswith(" in the east") for _, answer in answers)


def test_each_agent_answers_at_its_route(on_ray):
    """The host's own rules apply in each replica."""
    assert on_ray.ask("/other")[0] == on_ray.ask("/")[0] == 200
    assert on_ray.ask("/other", password="wrong")[0] == 401
    assert on_ray.ask("/steady/swaig", {"function": "add", "argument": {}}, password="wrong")[0] == 401
    assert on_ray.ask("/missing")[0] == 404
    assert on_ray.ask("/steady%2Fswaig")[0] in (400, 404)


@pytest.mark.parametrize(
    ("user", "tools"), [("fest", TOOLS_OF_STEADY), ("steady", TOOLS_OF_STEADY), ("anders", {"version"})]
)
def test_sip(on_ray, user, tools):
    """An alias leads to its agent, whether or not the ingress can build that."""
    status, document = on_ray.ask("/sip", {"call": {"call_id": "c-1", "to": f"sip:{user}@acme.example"}})

    assert status == 200
    assert on_ray.tools_of(document) == tools


def test_sip_for_nobody(on_ray):
    assert on_ray.ask("/sip", {"call": {"call_id": "c-1", "to": "sip:nobody@acme.example"}})[0] == 404


def test_health_and_console(on_ray):
    """The ingress answers for the host, and the replicas for their agents."""
    assert [on_ray.ask(path)[0] for path in ("/live", "/ready", "/health", "/startup")] == [200] * 4
    assert [on_ray.ask(f"/ready/{agent}")[0] for agent in ("steady", "other", "main")] == [200] * 3
    assert on_ray.ask("/ready/nobody")[0] == 404
    assert on_ray.ask("/-/status.json")[0] == 200
    assert "other" in on_ray.text("/-/")


def test_text_streams_word_by_word(on_ray, tmp_path):
    """The first word arrives before the model goes on."""
    on = tmp_path / "go-on"
    with on_ray.open("/v1/chat/completions", {**turn("steady", str(on)), "stream": True}) as response:
        pieces = iter(response)
        first = next(line for line in pieces if b"one" in line)
        on.touch()
        rest = b"".join(pieces)

    assert first.startswith(b"data: ")
    assert b"two" in rest
    assert rest.rstrip().endswith(b"data: [DONE]")


def test_text_of_an_agent_that_is_not_there(on_ray):
    assert on_ray.ask("/v1/chat/completions", turn("nobody", "hello"))[0] == 404


def test_models(on_ray):
    """An agent with an environment of its own is one, too."""
    assert {each["id"] for each in on_ray.ask("/v1/models")[1]["data"]} >= {"main", "other", "steady"}
    assert on_ray.ask("/v1/models/steady")[1]["id"] == "steady"
    assert on_ray.ask("/v1/models", password="wrong")[0] == 401


def turn(model, text):
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def test_a_replica_that_ends_during_a_tool_call(on_ray, marked):
    """The caller gets the agent's fallback, the tool runs once, and the agent serves on."""
    url = on_ray.tool_url("wait")
    answers = []
    calling = threading.Thread(target=lambda: answers.append(on_ray.call(url, "wait", file=str(marked), seconds=20)))
    calling.start()
    os.kill(process_in(marked), signal.SIGKILL)
    calling.join(60)

    assert answers == [(200, {"response": "The desk calls you back."})]
    assert len(marked.read_text().splitlines()) == 1
    url = on_ray.tool_url("add")
    assert on_ray.call(url, "add", first=2, second=2)[1]["response"].startswith("4 by ")


def test_a_replica_that_ends_during_a_turn(on_ray, tmp_path):
    """The stream ends with the reason, and not in silence."""
    with on_ray.open("/v1/chat/completions", {**turn("steady", str(tmp_path / "never")), "stream": True}) as response:
        pieces = iter(response)
        next(line for line in pieces if b"one" in line)
        for process in {on_ray.process() for _ in range(20)}:
            os.kill(process, signal.SIGKILL)
        rest = b"".join(pieces)

    assert b"the replica of the agent ended" in rest


def process_in(file):
    """Return the process that a tool has written."""
    return int(poll_until(lambda: file.exists() and file.read_text().endswith("\n") and file.read_text(), PATIENCE))


def counted(on_ray):
    """Return the counters of ``/metrics``."""
    text = on_ray.text("/metrics")
    found = re.findall(r"^(agenthost_\w+(?:_total|_count|_bucket|_sum)(?:\{.*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_counters_never_go_down(on_ray):
    """They are those of all replicas, also after one has been killed."""
    url, name = on_ray.tool_url("add"), 'agenthost_tool_seconds_count{agent="steady",outcome="ok",tool="add"}'
    begun = counted(on_ray).get(name, 0.0)
    for _ in range(20):
        assert on_ray.call(url, "add", first=1, second=2)[0] == 200
    seen = [poll_until(lambda: (now := counted(on_ray)).get(name, 0.0) >= begun + 20 and now, PATIENCE)]
    os.kill(on_ray.process(), signal.SIGKILL)
    ends = time.monotonic() + 15
    while time.monotonic() < ends:
        seen.append(counted(on_ray))
        time.sleep(0.5)

    for before, after in pairwise(seen):
        assert {key: value for key, value in before.items() if after.get(key, -1.0) < value} == {}
    assert on_ray.ask("/metrics", password="wrong")[0] == 401


def test_the_log_names_the_replica(on_ray):
    """A failed tool is in the log of its replica."""
    url = on_ray.tool_url("fail")
    answer = on_ray.call(url, "fail")[1]
    logs = Path("/tmp/ray/session_latest/logs/serve")  # noqa: S108 - Ray's own

    def lines():
        found = (line for file in logs.glob("replica_*.log") for line in file.read_text().splitlines())
        return [line for line in found if "agent-steady" in line and "fail" in line]

    assert answer["response"].startswith("The desk calls you back.")
    assert poll_until(lines, PATIENCE)


def test_status(on_ray, command):
    """It reads a running cluster."""
    done = command("status")

    assert on_ray.ask("/steady")[0] == 200
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert {"agenthost", "agent-main", "agent-other", "agent-steady"} <= {*shown}
    assert {row["state"] for row in shown.values()} == {"RUNNING"}
    assert (shown["agent-steady"]["route"], shown["agent-steady"]["package"]) == ("/steady", "steady")


def milliseconds(served):
    """Return the median of 100 tool calls, each on a connection of its own."""
    url, seconds = served.tool_url("add"), []
    for _ in range(100):
        began = time.perf_counter()
        assert served.call(url, "add", first=1, second=2)[0] == 200
        seconds.append(time.perf_counter() - began)
    return sorted(seconds)[50] * 1000


def test_the_cost_of_a_tool_call(on_ray, on_plain_host, capsys):
    """Both are printed, for the page about scale."""
    ray, plain = milliseconds(on_ray), milliseconds(on_plain_host)
    with capsys.disabled():
        sys.stdout.write(f"\na tool call through Ray Serve: {ray:.1f} ms; of agenthost run: {plain:.1f} ms\n")

    assert ray > plain
