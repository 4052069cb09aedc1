"""Figures of ``agenthost capacity``, and what it does before it serves."""

from __future__ import annotations

import sys

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from agenthost._cli import main
from agenthost._cli.capacity import _lines
from agenthost._cli.trials.capacity_figures import Target, capacity_of
from agenthost._cli.trials.measured_host import trial_config
from agenthost._cli.trials.measured_load import Measured
from agenthost._host.config.load import load_config

MEASURED = Measured(
    seconds=10.0,
    at_once=16,
    calls=1000,
    requests=(0.01,) * 3000,
    tool_seconds={},
    cpu=2.0,
    rest=40_000_000,
    peak=50_000_000,
    whole=110_000_000,
    failed=0,
    problems=(),
)
AGENTS = ({"route": "/", "limit": 16}, {"route": "/billing", "limit": 4})


def test_the_cpu_bounds_a_worker():
    found = capacity_of(MEASURED, AGENTS, 0.5)

    assert (found.cpu_seconds, found.rate, found.bound) == (0.002, 250.0, "CPU")
    assert (found.memory, found.shared) == (50_000_000, 60_000_000)


@pytest.mark.parametrize(("cpu", "calls"), [(0.02, "25000"), (2.0, "250"), (64.0, "7.81")])
def test_calls_a_second_are_written_without_exponents(cpu, calls):
    measured = evolve(MEASURED, cpu=cpu)
    lines = [*_lines(measured, capacity_of(measured, AGENTS, 0.5), Target(None, None, 180.0), called=True)]

    assert [line for line in lines if line.startswith(f"one worker carries {calls} calls a second, ")]


def test_tools_that_wait_bound_a_worker():
    waiting = evolve(MEASURED, tool_seconds={"/swaig": 0.001, "/billing/swaig": 0.5})

    found = capacity_of(waiting, AGENTS, 0.5)

    assert (found.rate, found.bound) == (4.0, "/billing")


def test_a_target_in_conversations_is_one_in_calls():
    assert Target(None, 900, 180.0).needed == 5.0
    assert Target(7.0, 900, 180.0).needed == 7.0
    assert Target(None, None, 180.0).needed is None


@given(
    st.floats(0.001, 1000),
    st.floats(0.01, 1),
    st.floats(0.01, 100_000),
    st.integers(1, 100_000),
)
def test_the_workers_carry_the_target_and_one_less_would_not(cpu, share, rate, calls):
    found = capacity_of(evolve(MEASURED, cpu=cpu, calls=calls), (), share)
    target = Target(rate, None, 180.0)

    workers = found.workers(target)

    assert workers * found.rate >= rate * (1 - 1e-9)
    assert workers == 1 or (workers - 1) * found.rate < rate * (1 + 1e-9)


def test_the_measured_host_admits_its_caller(tmp_path):
    file = tmp_path / "agenthost.toml"
    file.write_text(
        f"""
        [host]
        state_dir = "{tmp_path}"
        workers = 4
        port = 80
        public_url = "https://agents.example.com"
        webhook_keys = ["a secret key of the platform"]
        [health]
        port = 81
        [agents.billing]
        user = "east"
        password = "only-for-billing"
        reachable_from = ["*"]
        """
    )
    file.chmod(0o600)

    config = trial_config(load_config(str(file), {}))

    host, billing = config.host, config.agents["billing"]
    assert (host.host, host.port, host.workers, host.public_url, host.webhook_keys) == ("127.0.0.1", 0, 1, None, ())
    assert config.health.port is None
    assert (billing.user, billing.accepted_passwords, billing.reachable_from) == (None, (), ())


@pytest.mark.parametrize(
    ("scenario", "words", "code"),
    [
        ('title = "a"\nagent = "/"\n[model]\nkind = "openai"\n', "its model is on the network", 2),
        ('title = "a"\nagnt = "/"\n', "agnt", 3),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused_first(tmp_path, monkeypatch, capsys, scenario, words, code):
    file = tmp_path / "one.call.toml"
    file.write_text(scenario)
    monkeypatch.setattr(sys, "argv", ["agenthost", "capacity", "--scenario", str(file)])

    with pytest.raises(SystemExit) as left:
        main()

    assert left.value.code == code
    assert words in capsys.readouterr().err
