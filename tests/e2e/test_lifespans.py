"""Lifespans of agents and plugins, and observers of tool calls, in two workers."""

import json
import re

import pytest
from banner import Banner
from caller import functions
from polling import poll_until

CONFIG = "[host]\nbuild_timeout = 2\ntool_timeout = 2\n"
FAILED = {
    "raises": "ConnectionError: the database is gone (agenthost_test_lifespans.py:",
    "exits": "it called sys.exit(3)",
    "hangs": "its lifespan did not begin within 2 s",
    "unmarked": "write @asynccontextmanager above it",
}


@pytest.fixture(scope="module")
def kept(environment):
    """The environment with agents and plugins that have lifespans.

    It comes with a working directory.
    """
    environment.install("lifespans")
    place = environment.workplace()
    (place / "agenthost.toml").write_text(CONFIG)
    yield environment, place
    environment.uninstall()


@pytest.fixture(scope="module")
def served(kept):
    """Two workers that serve, and are then stopped.

    Tests of the end use ``stopped``.
    """
    environment, place = kept
    with environment.serve("--workers", "2", cwd=place) as served:
        yield served


def notes(served, **what):
    """Return the notes that contain these values."""
    lines = (served.directory / "notes.jsonl").read_text().splitlines()
    return [note for note in map(json.loads, lines) if what.items() <= note.items()]


def test_tools_have_what_the_lifespan_of_their_agent_opened(caller, served):
    """In each worker."""
    url = functions(caller.document("/opened", "c-1"))["ask"]["web_hook_url"]
    answered = set()

    def both():
        answered.add(caller.call(url, "ask", {}, "c-1")["response"])
        return len(answered) == 2

    poll_until(both)
    workers = {note["process"] for note in notes(served, whose="agent", what="begins")}
    assert answered == {f"the line is open in {worker}" for worker in workers}


@pytest.mark.parametrize("name", FAILED)
def test_an_agent_whose_lifespan_does_not_begin_is_set_aside(caller, served, name):
    """The banner has the reason.

    The agent is not served, and the others are.
    """
    shown = Banner.of(served).agents[name]

    assert shown["state"].startswith("quarantined: ")
    assert FAILED[name] in shown["state"]
    assert caller.ask("POST", f"/{name}", {}).status == 404
    failed = caller.ask("GET", "/health").json["failed"]
    assert name in {row["agent"] for row in failed}


def test_lifespans_begin_side_by_side(served):
    """One that hangs costs its own time once, not for each that stands behind it."""
    said = re.findall(r"the lifespan of agent (\w+) did not begin", served.stderr)

    assert sorted(said) == sorted(2 * [*FAILED])


def test_a_plugin_whose_lifespan_fails_is_set_aside_alone(served):
    """The lifespan of the other plugin begins in each worker, and receives the host."""
    told = poll_until(lambda: len(found := notes(served, whose="plugin", what="host")) == 2 and found)

    assert "plugin lifespan-raises (agenthost-test-lifespans 1.0): ConnectionError: the queue is gone" in served.stdout
    assert sorted(note["start"] for note in told) == [1, 2]
    assert told[0]["agents"]["opened"] == "/opened"
    assert told[0]["version"] == "0.1.0"


def test_observers_are_told_what_became_of_calls(caller, served):
    """Events have no arguments.

    A failing observer is counted, and affects neither responses nor other observers.
    """
    url = functions(caller.document("/opened", "c-2"))["ask"]["web_hook_url"]
    said = [
        caller.call(url, "ask", arguments, "c-2")
        for arguments in ({}, {"fails": True}, {"seconds": 5}, {"seconds": "long"})
    ]
    refused = caller.call(re.sub("__token=[^&]+", "__token=no", url), "ask", {}, "c-2")

    assert [answer["response"] for answer in said[1:3]] == ["Sorry.", "Sorry."]
    assert "token" in refused["response"]
    told = poll_until(lambda: len(found := notes(served, whose="observer", call_id="c-2")) == 5 and found)
    assert sorted(note["outcome"] for note in told) == sorted(["ok", "failed", "timeout", "refused", "refused"])
    assert {(note["agent"], note["tool"]) for note in told} == {("opened", "ask")}
    counted = caller.ask("GET", "/metrics").body.decode()
    name = "agenthost-test-lifespans:observer-raises"
    assert f'agenthost_hook_failures_total{{hook="tool_called",plugin="{name}"}}' in counted
    assert served.once_logged(f"tool_called of plugin {name} failed")


def test_a_tool_that_is_run_by_hand_has_its_lifespan_too(kept):
    """A lifespan that does not begin is reported in a sentence."""
    environment, place = kept
    worked = environment.run("agenthost", "tool", "opened", "ask", cwd=place)
    asked = environment.run("agenthost", "ask", "opened", "Is the line open?", cwd=place)
    refused = environment.run("agenthost", "ask", "raises", "Hello?", cwd=place)

    assert worked.stdout.startswith("the line is open in ")
    assert (asked.returncode, "the line is open" in asked.stdout) == (0, True)
    assert refused.returncode == 4
    assert refused.stderr.splitlines()[-1].startswith("agenthost: agent 'raises' is quarantined: ConnectionError: ")


def test_a_strict_host_does_not_serve_without_them(kept):
    """It ends with the reasons."""
    environment, place = kept
    done = environment.run("agenthost", "run", "--strict", "--port", "0", cwd=place)

    assert done.returncode == 4
    last = done.stderr.splitlines()[-1]
    assert [name for name, reason in FAILED.items() if f"{name}: " not in last or reason not in last] == []


def test_all_are_left_when_the_host_stops(served):
    """Each ends in the task that entered it.

    This is the last test of the served host.
    """
    assert served.stop() == 0

    for whose in ("agent", "plugin"):
        began, ended = notes(served, whose=whose, what="begins"), notes(served, whose=whose, what="ends")
        assert sorted(note["process"] for note in began) == sorted(note["process"] for note in ended)
        assert all(note["same_task"] for note in ended)
