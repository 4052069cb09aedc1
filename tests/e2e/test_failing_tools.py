"""Tools that fail, hang or return invalid values.

The caller hears a sentence, and no other call is affected.
"""

import re

import pytest
from caller import Caller, functions, tool_call
from polling import poll_until
from raw_http import Connection

FALLBACK = "Let me connect you to the desk."
FAILURES = {
    "raises": "ValueError: the calendar is on fire",
    "raises_a_base_exception": "BeneathAllOthers",
    "raises_a_group": "KeyError: 'two'",
    "raises_a_hostile_group": "HostileGroup",
    "returns_fifty_megabytes": "262144",
    "raises_what_cannot_be_printed": "UnprintableError",
    "raises_stop_iteration": "StopIteration",
    "exits": "SystemExit: 3",
    "interrupts": "KeyboardInterrupt",
    "cancels": "CancelledError",
    "leaves_a_generator": "GeneratorExit",
    "times_out": "TimeoutError",
    "recurses": "RecursionError",
    "returns_nan": "NaN",
    "returns_infinity": "infinity",
    "returns_an_object": "object",
    "returns_a_circle": "RecursionError",
    "returns_what_is_too_large": "262144",
    "returns_bytes": "bytes",
    "returns_bytes_inside": "bytes",
    "returns_a_lone_surrogate": "UnicodeEncodeError",
    "returns_odd_keys": "TypeError",
    "hands_over_to_nobody": "'nobody'",
    "hang": "TimeoutError",
}


@pytest.fixture(scope="module")
def served(desk):
    """A host with failing agents and a front desk.

    It stops as usual at the end.
    """
    desk.install("failing-tools")
    with desk.serve(variables={"AGENTHOST_BREAKER_FAILURES": "0"}) as served:
        yield served
        assert Caller.of(served).ask("GET", "/health").json["status"] == "ok"
    assert served.process.returncode == 0


@pytest.fixture
def others_answer(caller):
    """Looks whether every other agent answers, from the event loop and from a thread."""

    def ask():
        for route, function, arguments, expected in (
            ("/steady", "answer", {}, "here"),
            ("/steady", "think", {}, "here too"),
            ("/sales", "get_pricing", {"product": "basic"}, "basic is $99/month."),
        ):
            url = functions(caller.document(route, "c-2"))[function]["web_hook_url"]
            assert caller.call(url, function, arguments, "c-2") == {"response": expected}

    return ask


def log_entry(served, error_id):
    """Return the log entry with an id, and the exception below it."""
    lines = served.once_logged(f"({error_id})").splitlines()
    end = next((number for number, line in enumerate(lines) if line[:4].isdigit() and " agenthost" in line), len(lines))
    return "\n".join(lines[:end])


@pytest.mark.parametrize("suffix", ["", "_async"])
@pytest.mark.parametrize(("failure", "logged"), FAILURES.items(), ids=FAILURES)
def test_a_failure_is_a_sentence_for_the_caller_and_an_exception_in_the_log(
    served, caller, others_answer, failure, logged, suffix
):
    """The sentence is the agent's own.

    The response and the log have the same id.
    """
    name = failure + suffix
    url = functions(caller.document("/failing", "c-1"))[name]["web_hook_url"]
    answer = caller.call(url, name, {}, "c-1")

    assert answer == {"response": FALLBACK, "error_id": answer["error_id"]}
    assert logged in log_entry(served, answer["error_id"])
    others_answer()


def test_every_failure_is_tried(caller):
    tools = functions(caller.document("/failing", "c-1"))
    assert {name.removesuffix("_async") for name in tools} == {*FAILURES}


@pytest.mark.parametrize("tool", ["exits_in_a_task", "exits_in_a_group", "takes_no_notice"])
def test_what_a_tool_waits_for_fails_as_the_tool_does(served, caller, others_answer, tool):
    """``sys.exit`` in a task of its own ends only the call.

    A tool that catches it is answered with the fallback.
    """
    url = functions(caller.document("/starting", "c-1"))[tool]["web_hook_url"]
    answer = caller.call(url, tool, {}, "c-1")

    assert answer == {"response": FALLBACK, "error_id": answer["error_id"]}
    others_answer()


@pytest.mark.parametrize(
    ("tool", "logged"),
    [
        ("leaves_a_task_that_exits", "tool leaves_a_task_that_exits of agent starting"),
        ("leaves_a_task_that_raises", "stumbled in a task"),
        ("leaves_a_thread_that_raises", "stumble_in_a_thread of agent starting"),
        ("leaves_a_thread_that_exits", ""),
    ],
)
def test_what_a_tool_leaves_behind_fails_alone(served, caller, others_answer, tool, logged):
    """The log names the agent, and the host goes on."""
    url = functions(caller.document("/starting", "c-1"))[tool]["web_hook_url"]

    assert caller.call(url, tool, {}, "c-1") == {"response": "begun"}
    others_answer()
    poll_until(lambda: logged in served.stderr)


@pytest.mark.parametrize(
    ("tool", "what"),
    [
        ("leaves_a_task_that_raises", "tool leaves_a_task_that_raises"),
        ("leaves_a_thread_that_raises", "stumble_in_a_thread"),
    ],
)
def test_what_a_tool_leaves_behind_is_counted(caller, tool, what):
    """As a failure of the agent, although nobody waited for it."""
    url = functions(caller.document("/starting", "c-1"))[tool]["web_hook_url"]
    caller.call(url, tool, {}, "c-1")

    line = f'agenthost_failures_total{{agent="starting",what="{what}"}}'
    poll_until(lambda: line in caller.ask("GET", "/metrics").body.decode())


@pytest.mark.parametrize("way", ["soon", "later", "done", "reader"])
@pytest.mark.parametrize(
    ("raises", "logged", "what"),
    [
        ("exit", "exit of agent starting, tried to end the process: SystemExit (e-", "exit"),
        ("interrupt", "interrupt of agent starting, tried to end the process: KeyboardInterrupt (e-", "interrupt"),
        ("stop", "a callback of the event loop, loop.stop(), stopped it (e-", "loop.stop()"),
        ("stumble", "callback that tool leaves_a_callback of agent starting left", "tool leaves_a_callback"),
    ],
)
def test_a_callback_that_a_tool_leaves_on_the_event_loop_fails_alone(
    served, caller, others_answer, way, raises, logged, what
):
    """It stops the loop, which is run on.

    The failure is counted for the agent if the stack shows it.
    """
    url = functions(caller.document("/starting", "c-1"))["leaves_a_callback"]["web_hook_url"]
    said, counted = served.stderr.count(logged), failures(caller, what)

    assert caller.call(url, "leaves_a_callback", {"way": way, "raises": raises}, "c-1") == {"response": "begun"}
    others_answer()
    poll_until(lambda: served.stderr.count(logged) == said + 1)
    poll_until(lambda: failures(caller, what) == counted + 1)


def failures(caller, what):
    """Return the counted failures of a part of the starting agent, or without an agent."""
    text = caller.ask("GET", "/metrics").body.decode()
    agent = "" if what == "loop.stop()" else "starting"
    found = re.search(rf'agenthost_failures_total\{{agent="{agent}",what="{re.escape(what)}"\}} (\d+)', text)
    return int(found[1]) if found else 0


def test_a_tool_that_computes_without_end_is_answered_for(caller, others_answer):
    """It is answered at its deadline, although it shares the interpreter.

    Isolation in processes does more.
    """
    url = functions(caller.document("/starting", "c-3"))["burn"]["web_hook_url"]
    answer = caller.call(url, "burn", {}, "c-3")

    assert answer.keys() == {"response", "error_id"}
    others_answer()


def test_an_agent_whose_tools_hang_is_busy_and_nobody_else_is(served, caller, others_answer):
    """Sixteen threads hang after their callers have been answered.

    The next call is refused at once.
    """
    tools = functions(caller.document("/stuck", "c-1"))
    hang = tool_call(tools["hang"]["web_hook_url"], "hang", {}, "c-1")
    connections = [Connection.to(served.url) for _ in range(16)]
    for connection in connections:
        connection.send(hang)
    others_answer()
    hung = []
    for connection in connections:
        with connection:
            hung.append(connection.answer().json)

    assert all("error_id" in answer for answer in hung)
    assert caller.call(tools["hang"]["web_hook_url"], "hang", {}, "c-1") == {
        "response": "I'm handling a lot of requests right now. Please try again in a moment."
    }
    assert served.once_logged("busy")
    assert functions(caller.document("/stuck", "c-1")).keys() == tools.keys()
    others_answer()


def test_a_hundred_failures_at_once_are_a_hundred_answers(served, caller, others_answer):
    tools = functions(caller.document("/failing", "c-1"))
    asked = [name for name in ("raises", "exits_async", "interrupts", "cancels_async") for _ in range(25)]
    connections = [Connection.to(served.url) for _ in asked]
    for name, connection in zip(asked, connections, strict=True):
        connection.send(tool_call(tools[name]["web_hook_url"], name, {}, "c-1"))
    others_answer()
    answers = []
    for connection in connections:
        with connection:
            answers.append(connection.answer())

    assert {answer.status for answer in answers} == {200}
    failed = [answer.json["error_id"] for answer in answers if "error_id" in answer.json]
    assert len({*failed}) == len(failed) >= 40
