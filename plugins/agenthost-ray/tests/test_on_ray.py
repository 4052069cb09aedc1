"""Agents on the real engine: tokens, credentials, replicas that end, cost."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest


def test_tokens_hold_on_every_replica(on_ray):
    """Calls reach both replicas, with the token of one document."""
    url = on_ray.tool_url("add")
    answers = [on_ray.call(url, "add", first=1, second=2) for _ in range(40)]

    assert {status for status, _ in answers} == {200}
    assert {answer["response"].partition(" ")[0] for _, answer in answers} == {"3"}
    assert len({answer["response"] for _, answer in answers}) == 2
    assert all(answer["response"].endswith(" in the east") for _, answer in answers)


def test_each_application_serves_its_agent(on_ray):
    """The host's own rules apply in each replica."""
    assert on_ray.ask("/other")[0] == 200
    assert on_ray.ask("/other", password="wrong")[0] == 401
    assert on_ray.ask("/steady/swaig", {"function": "add", "argument": {}}, password="wrong")[0] == 401
    assert on_ray.ask("/missing")[0] == 404


def test_a_replica_that_ends_during_a_tool_call(on_ray, marked):
    """The caller gets the agent's fallback, the tool runs once, and the agent serves on."""
    url = on_ray.tool_url("wait")
    answers = []
    calling = threading.Thread(target=lambda: answers.append(on_ray.call(url, "wait", file=str(marked))))
    calling.start()
    ends = time.monotonic() + 20
    while not (marked.exists() and marked.read_text().endswith("\n")):
        assert time.monotonic() < ends
        time.sleep(0.05)
    os.kill(int(marked.read_text()), signal.SIGKILL)
    calling.join(40)

    assert answers == [(200, {"response": "The desk calls you back."})]
    assert len(marked.read_text().splitlines()) == 1
    url = on_ray.tool_url("add")
    assert on_ray.call(url, "add", first=2, second=2)[1]["response"].startswith("4 by ")


def test_status(on_ray, command):
    """It reads a running cluster."""
    done = command("status")

    assert on_ray.ask("/steady")[0] == 200
    assert done.returncode == 0, done.stderr
    assert '"steady"' in done.stdout
    assert '"RUNNING"' in done.stdout


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

    assert ray < 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # by Ray itself
@pytest.mark.parametrize("options", [(), ("--kuberay",)])
def test_config(command, options):
    """Ray's own schema accepts it, before it is printed."""
    yaml, schema = pytest.importorskip("yaml"), pytest.importorskip("ray.serve.schema")
    done = command("config", "--only", "steady", "--replicas", "steady=1:3", "--runtime-env", STEADY, *options)
    assert done.returncode == 0, done.stderr
    made = yaml.safe_load(done.stdout)
    if options:
        assert (made["apiVersion"], made["kind"]) == ("ray.io/v1", "RayService")
        made = yaml.safe_load(made["spec"]["serveConfigV2"])
    [application] = schema.ServeDeploySchema.model_validate(made).applications

    assert (application.name, application.route_prefix) == ("steady", "/steady")
    assert application.runtime_env == {"env_vars": {"REGION": "east"}}
    assert application.args["fallback"] == "The desk calls you back."
    assert application.args["agents"]["autoscaling_config"]["max_replicas"] == 3


STEADY = 'steady={"env_vars": {"REGION": "east"}}'


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--only", "stedy"), "'stedy' is not a served agent: other, steady"),
        (("--replicas", "3:1"), "write a number, or MIN:MAX"),
        (("--runtime-env", "steady=x"), "--runtime-env steady"),
    ],
)
def test_mistakes(command, options, words):
    done = command("config", *options)

    assert done.returncode == 2
    assert words in done.stderr
