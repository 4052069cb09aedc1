"""``agenthost capacity`` with the front desk, on a host in processes of its own."""

import json
import os
import subprocess

from environment import FRONTDESK
from polling import poll_until

BILLING = FRONTDESK / "tests" / "billing.call.toml"


def capacity(desk, *arguments):
    """Return the exit code, the output and the progress of a measurement."""
    done = subprocess.run(  # noqa: S603 - a command of our own
        [desk.bin / "agenthost", "capacity", "--seconds", "1", *arguments],
        cwd=desk.workplace(),
        env={"PATH": os.environ["PATH"], "HOME": str(desk.workplace())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_scenario_is_measured_and_a_target_converted(desk):
    code, out, err = capacity(desk, "--scenario", str(BILLING), "--conversations", "500000", "--json")
    told = json.loads(out)

    assert (code, told["failed"], told["problems"]) == (0, 0, [])
    assert err.splitlines() == ["each call alone", "16 calls at once for 1 s"]
    assert told["calls"] > 0
    assert told["requests"] >= 4 * told["calls"]
    assert 0 < told["memory"]["worker"] < 1 << 30
    worker, target = told["worker"], told["target"]
    assert worker["bound"] in {"CPU", "/", "/billing"}
    assert target["calls_per_second"] == 500_000 / 180
    assert (target["workers"] - 1) * worker["calls_per_second"] < target["calls_per_second"]
    assert target["workers"] * worker["calls_per_second"] > target["calls_per_second"] * 0.99


def test_agents_are_called_without_tools_by_default(desk):
    code, out, _ = capacity(desk, "--calls-per-second", "1")

    assert code == 0
    assert "1 call a second: 1 worker, or replicas" in out
    assert "no tool is called" in out


def test_calls_with_problems_are_findings(desk, tmp_path):
    wrong = tmp_path / "wrong.call.toml"
    wrong.write_text('title = "Nobody"\nagent = "/nobody"\n')

    code, out, err = capacity(desk, "--scenario", str(wrong), "--json")
    told = json.loads(out)

    assert code == 1
    assert told["failed"] == told["calls"] > 0
    assert "Nobody: " in err


def test_a_host_that_does_not_start_ends_the_command(desk):
    workplace = desk.workplace()
    (workplace / "agenthost.toml").write_text('[host]\nstrict = true\n[agents.gone]\nisolation = "process"\n')

    code, out, err = capacity(desk, "--config", str(workplace / "agenthost.toml"))

    assert (code, out) == (4, "")
    assert "gone" in err


def test_nothing_is_left_running(desk):
    def left():
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)  # noqa: S607
        return [line for line in listed.stdout.splitlines() if str(desk.bin) in line and "capacity" in line]

    assert capacity(desk)[0] == 0
    poll_until(lambda: not left(), 30, said=left)
