"""The status of a host: the sums over its workers, and its problems."""

import re
import shlex

import pytest
from hypothesis import given, strategies as st

from agenthost._host.config.load import load_config
from agenthost._host.runtime.shared_state import _REASONS
from agenthost._host.status.of_host import host_status
from agenthost.builtin.probes import LEAST_ROOM

AGENT = {"agent": "sales", "route": "/sales", "package": "acme", "version": "1.0", "state": "ready"}
LOAD = {"running": 1, "waiting": 0, "limit": 32, "calls": 2, "failures": 0, "slots": {3: 2}}
QUIET = {"breaker": None, "last_failure": None}
FAILURE = {"error_id": "e-1", "when": 5.0, "part": "tool book", "words": "ValueError: no day"}


def process(number, *agents, **more):
    return {
        "process": number,
        "ready": True,
        "status": "ok",
        "lag": 0.001,
        "memory": 1000,
        "agents": list(agents) or [{**AGENT, **LOAD, **QUIET}],
        "plugins": [],
        "probes": [],
        "store": {"scheme": "sqlite", "ready": True, "problem": "", "agents": []},
        "sip_unmatched": {"total": 0, "users": []},
        "differing": [],
        **more,
    }


def status(*processes, wanted=2, started=True):
    known = [{"process": number, "generation": 1, "since": 0.0, "restarts": 0} for number in range(1, wanted + 1)]
    host = {"since": 0.0, "started": started, "generation": 1, "wanted_workers": wanted, "workers": known, "held": []}
    return host_status(host, processes)


def problems(told):
    return [each["problem"] for each in told["problems"]]


def test_an_agent_has_the_sums_of_all_workers():
    busy = {**AGENT, **LOAD, **QUIET, "calls": 98, "slots": {3: 90, 20: 8}}
    told = status(process(1), process(2, busy))
    [agent] = told["agents"]

    assert (told["status"], told["problems"]) == ("ok", [])
    assert (agent["calls"], agent["running"], agent["limit"], agent["breakers"]) == (100, 2, 64, [])
    assert 0.002 < agent["p95_seconds"] < 1.1
    assert "slots" not in agent


def test_a_worker_that_does_not_answer_is_silent():
    told = status(process(1))

    assert [each["status"] for each in told["workers"]] == ["ok", "silent"]
    assert problems(told) == ["1 of 2 workers are ready"]
    assert (told["status"], status()["status"]) == ("degraded", "failing")


def test_a_cause_comes_before_its_effect():
    store = {"scheme": "redis", "ready": False, "problem": "the redis:// store does not answer", "agents": ["sales"]}

    assert problems(status(process(1, store=store))) == [
        f"{store['problem']} (agents that may use it: sales)",
        "1 of 2 workers are ready",
    ]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            {"store": {"scheme": "redis", "ready": True, "problem": "it does not answer", "agents": [*"abcdefg"]}},
            "it does not answer (agents that may use it: a, b, c, d, e and 2 more)",
        ),
        ({"differing": ["acme"]}, "these packages have changed since they were loaded: acme"),
        (
            {"plugins": [{"plugin": "crm", "reason": "no key", "remedy": "set it"}]},
            "plugin crm is not used: no key",
        ),
        (
            {"probes": [{"probe": "crm", "agent": "sales", "status": "failing", "error": "OSError"}]},
            "probe crm of agent sales fails with OSError",
        ),
        (
            {"probes": [{"probe": "disk", "agent": None, "status": "failing", "error": "ProbeResult"}]},
            "probe disk fails",
        ),
        (
            {"sip_unmatched": {"total": 2, "users": [{"user": "x", "times": 2, "last": "b", "answered_by": None}]}},
            "2 calls to SIP user 'x' reached no agent",
        ),
        (
            {"sip_unmatched": {"total": 2, "users": [{"user": "x", "times": 2, "last": "b", "answered_by": "main"}]}},
            None,
        ),
        (
            {"agents": [{**AGENT, "route": None, "state": "conflict", "reason": "two claim it", "remedy": "choose"}]},
            "agent sales has a conflict: two claim it",
        ),
        (
            {"agents": [{**AGENT, **LOAD, "failures": 3, "breaker": "e-9", "last_failure": FAILURE}]},
            "agent sales is not called for now, as it kept failing: tool book: ValueError: no day",
        ),
        (
            {"agents": [{**AGENT, **LOAD, "failures": 1, "breaker": None, "last_failure": FAILURE}]},
            "agent sales failed once in 5 minutes, the last time in tool book: ValueError: no day",
        ),
    ],
    ids=str,
)
def test_a_problem_of_one_worker_is_the_host_s(more, problem):
    told = status(process(1, **more), process(2))

    if "agents" in more and "running" not in more["agents"][0]:
        told = status(process(1, **more), process(2, **more))
    assert problems(told) == ([problem] if problem else [])
    assert all(each["fix"] for each in told["problems"])


@pytest.mark.parametrize("cause", [cause for _, cause in _REASONS])
def test_each_known_cause_of_the_store_has_its_fix(cause):
    problem = f"the redis:// store does not accept writes: {cause}"
    store = {"scheme": "redis", "ready": False, "problem": problem, "agents": []}
    [first, *_] = status(process(1, store=store))["problems"]

    assert first["problem"] == problem
    assert "agenthost doctor" not in first["fix"]


def test_the_fix_for_a_full_disk():
    probe = {"probe": "disk", "agent": None, "status": "failing", "error": "ProbeResult"}
    [problem] = status(process(1, probes=[probe]), process(2))["problems"]
    least = LEAST_ROOM >> 20

    assert problem["fix"] == f"free space on the disk of the state file, where less than {least} MiB are left"


def test_the_fix_for_a_lost_caller_names_a_table_that_there_is(tmp_path):
    users = [{"user": "x", "times": 1, "last": "b", "answered_by": None}]
    [problem] = status(process(1, sip_unmatched={"total": 1, "users": users}), process(2))["problems"]
    table = re.search(r"\[\S+\]", problem["fix"])[0]
    (tmp_path / "agenthost.toml").write_text(f'{table}\nagent = "main"\n')

    assert load_config(str(tmp_path / "agenthost.toml"), {}).sip.tables


def test_the_latest_failure_of_all_workers_is_shown():
    first = {**AGENT, **LOAD, "failures": 1, "breaker": None, "last_failure": FAILURE}
    second = {**first, "last_failure": {**FAILURE, "when": 6.0, "error_id": "e-2"}}

    [agent] = status(process(1, first), process(2, second))["agents"]
    assert (agent["failures"], agent["last_failure"]["error_id"]) == (2, "e-2")


def test_a_host_that_has_not_served_yet_is_starting():
    told = status(started=False)

    assert (told["status"], told["problems"]) == ("starting", [])


@given(st.text("ab $;'\"`&|\n-<", min_size=1))
def test_the_fix_for_a_caller_is_one_command(user):
    """Callers choose the name, and operators paste the line."""
    users = [{"user": user, "times": 1, "last": "b", "answered_by": None}]
    told = status(process(1, sip_unmatched={"total": 1, "users": users}), process(2))
    [fix] = [each["fix"] for each in told["problems"] if "reached no agent" in each["problem"]]

    assert shlex.split(fix.partition(" explains it; a rule in [[sip.rules]]")[0]) == [
        "agenthost",
        "sip",
        "resolve",
        user,
    ]
