"""The lock file: the packages that a person has approved.

The host serves them, and reports changes since.
"""

import json

import pytest
from caller import Caller


@pytest.fixture
def place(desk):
    """A directory with a lock of the front desk and one more package."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text("")
    with desk.having("good-1"):
        done = desk.run("agenthost", "lock", cwd=place)
        assert done.returncode == 0, done.stderr
        assert "agenthost-test-good-1 1.0: new, new agent good-1 at /good-1" in done.stdout
        assert done.stdout.endswith("agenthost.lock: 2 packages with 5 agents\n")
        yield place


def changed(env):
    """Edit an installed file, as a careless hand or an attacker does."""
    [file] = env.site_packages.glob("agenthost_test_good_1.py")
    file.write_text(file.read_text() + "\nEDITED = True\n")


def test_what_is_locked_is_served(desk, place):
    with desk.serve(cwd=place) as served:
        assert Caller.of(served).ask("POST", "/good-1", {}).status == 200
        listed = json.loads(desk.run("agenthost", "agents", "--json", cwd=place).stdout)
        assert {row["agent"]: row["tools"] for row in listed}["sales"] == ["get_pricing"]
        done = desk.run("agenthost", "diff", cwd=place)
        assert (done.returncode, done.stdout) == (0, f"Nothing differs from {place / 'agenthost.lock'}.\n")


def test_what_has_changed_is_set_aside_and_the_rest_served(desk, place):
    changed(desk)
    reason = "agenthost-test-good-1 1.0 has other contents than agenthost.lock says"
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        assert (caller.ask("POST", "/good-1", {}).status, caller.ask("POST", "/sales", {}).status) == (404, 200)
        assert reason in served.stdout
        assert "agenthost diff shows what has changed, and agenthost lock takes it" in served.stdout
    done = desk.run("agenthost", "diff", "--json", cwd=place)
    [package] = json.loads(done.stdout)["packages"]
    assert (done.returncode, package["distribution"]) == (1, "agenthost-test-good-1")

    assert desk.run("agenthost", "lock", cwd=place).returncode == 0
    with desk.serve(cwd=place) as served:
        assert Caller.of(served).ask("POST", "/good-1", {}).status == 200


def test_a_package_that_was_never_decided_is_not_loaded(desk, place):
    """Neither its agents nor its plugins, and its code does not run."""
    with desk.having("good-2", "plugin-hooks"), desk.serve(cwd=place) as served:
        assert Caller.of(served).ask("POST", "/good-2", {}).status == 404
        for name in ("good-2", "plugin-hooks"):
            assert f"agenthost-test-{name} 1.0 is not in agenthost.lock" in served.stdout
        done = desk.run("agenthost", "diff", cwd=place)
        assert "agenthost-test-good-2 1.0: new, new agent good-2 at /good-2; not in agenthost.lock\n" in done.stdout


def test_a_lock_file_that_cannot_be_read(desk, place):
    (place / "agenthost.lock").write_text("format = 1\n[distributions.acme]\nversions = 1\n")
    for command in ("run", "check", "diff", "lock", "agents"):
        done = desk.run("agenthost", command, cwd=place, variables={"PORT": "0"})
        assert (done.returncode, "agenthost.lock:3" in done.stderr) == (3, True), (command, done.stderr)


def test_without_a_lock_file_there_is_nothing_to_compare(desk):
    done = desk.run("agenthost", "diff")

    assert (done.returncode, "does not exist. fix: agenthost lock writes it" in done.stderr) == (3, True)
