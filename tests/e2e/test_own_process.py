"""Agents in processes of their own.

Whatever they do to their process, only the call that did it fails.
"""

import json
import os
import re
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from caller import Caller, functions, tool_call
from polling import poll_until
from ports import free_port
from raw_http import Connection

FALLBACK = "Let me connect you to the desk."
CONFIGURATION = """
[host]
breaker_failures = 0

[console]
enabled = true

[recording]
days = 1

[agents.wild]
isolation = "process"
memory_limit = 200_000_000
environment = ["WANTED"]

[agents.calm]
isolation = "process"
processes = 2
shared_state = ["desk"]
"""


@pytest.fixture(scope="module")
def served(desk):
    """A host with two isolated agents and a front desk.

    It stops as usual at the end, and leaves no process behind.
    """
    desk.install("own-process")
    place = desk.workplace()
    (place / "agenthost.toml").write_text(CONFIGURATION)
    with desk.serve(cwd=place, port=free_port(), variables={"WANTED": "yes", "UNWANTED": "yes"}) as served:
        yield served
        numbers = processes_of(served)
        assert len(numbers) >= 3
    assert served.process.returncode == 0
    poll_until(lambda: not any(lives(number) for number in numbers))


@pytest.fixture
def call(caller):
    """Calls a tool of an isolated agent."""

    def ask(function, arguments=None, route="/wild"):
        url = functions(caller.document(route, "c-1"))[function]["web_hook_url"]
        return caller.call(url, function, arguments or {}, "c-1")

    return ask


@pytest.fixture
def said(call):
    """Return a function that returns a tool's answer."""

    def ask(function, arguments=None, route="/wild"):
        answer = call(function, arguments, route)
        assert "error_id" not in answer
        return answer["response"]

    return ask


@pytest.fixture
def others_answer(caller):
    """Looks whether an agent in the host answers."""

    def ask():
        url = functions(caller.document("/sales", "c-2"))["get_pricing"]["web_hook_url"]
        answer = caller.call(url, "get_pricing", {"product": "basic"}, "c-2")
        assert answer == {"response": "basic is $99/month."}

    return ask


def lives(number):
    try:
        with open(f"/proc/{number}/stat", encoding="ascii") as file:  # noqa: PTH123 - not a file as others are
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def processes_of(served):
    """The processes of isolated agents that a host has, with their templates."""
    parents = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - as above
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii") as file:  # noqa: PTH123
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents[int(entry)] = parent
    found = [served.process.pid]
    for each in found:  # the list grows
        found += [child for child, parent in parents.items() if parent == each]
    return [each for each in found if b"agenthost agent" in command_line(each)]


def command_line(number):
    """Return the command line of a process, or nothing if it has ended."""
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


def test_it_lives_in_a_process_of_its_own_and_the_lists_say_so(served, said, desk):
    """``check --json`` and the banner show it.

    Its process is below the host, and yields to it.
    """
    number = int(said("pid"))

    assert number in processes_of(served)
    assert os.getpriority(os.PRIO_PROCESS, number) > os.getpriority(os.PRIO_PROCESS, served.process.pid)
    checked = json.loads(desk.run("agenthost", "check", "--json", cwd=served.directory).stdout)
    isolated = {row["agent"] for row in checked["agents"] if row["isolation"] == "process"}
    assert isolated == {"calm", "wild"}
    assert served.stdout.count("ready, own process") == 2
    listed = desk.run("agenthost", "agents", cwd=served.directory).stdout
    assert listed.count("enabled, own process") == 2


def test_it_sees_only_variables_that_are_its_own(said):
    """Neither the host's password nor where its state is, nor what others are given."""
    names = said("environment").split()

    assert "WANTED" in names
    assert not [name for name in names if name.startswith(("SWML_", "AGENTHOST_", "UNWANTED"))]


def test_what_it_writes_is_in_the_log(served, said):
    said("speak")

    for words in ("words on standard output", "words on standard error", "words in the log"):
        poll_until(lambda words=words: words in served.stderr, said=lambda words=words: words)


def test_its_lines_have_the_id_of_the_request(served, caller):
    """A request to the API has an ID, which the process's own lines have, too."""
    said = {"model": "wild", "messages": [{"role": "user", "content": "speak"}]}
    answer = caller.ask("POST", "/v1/chat/completions", said)
    name = dict(answer.headers)["x-request-id"]
    assert "spoken" in answer.body.decode()

    def found():
        lines = [line for line in served.stderr.splitlines() if "words in the log" in line]
        return any(name in line for line in lines)

    poll_until(found, said=lambda: served.stderr)


@pytest.mark.parametrize("function", ["fail", "large", "hand_over_to_nobody"])
def test_a_call_that_fails_fails_alone(served, call, said, function):
    """The answer is the agent's sentence, and the process goes on."""
    number = said("pid")
    answer = call(function)

    assert answer == {"response": FALLBACK, "error_id": answer["error_id"]}
    assert served.once_logged(answer["error_id"])
    assert said("pid") == number


def test_its_own_traceback_is_in_the_log(served, call):
    """With the first of the failures that are alike, whichever test that was."""
    call("fail")

    logged = served.stderr
    assert "ValueError: the calendar is on fire" in logged
    assert 'agenthost_test_own_process.py", line' in logged


@pytest.mark.parametrize(("function", "how"), [("segfault", "was ended by SIGSEGV"), ("leave", "exit status 7")])
def test_a_crash_fails_that_call_and_the_next_one_is_answered(served, call, said, others_answer, function, how):
    number = said("pid")
    answer = call(function)
    others_answer()

    assert answer == {"response": FALLBACK, "error_id": answer["error_id"]}
    assert served.once_logged(how)
    assert said("pid") != number


@pytest.mark.parametrize("function", ["hang", "burn_in_a_thread", "burn"])
def test_a_call_that_never_ends_costs_its_process(served, call, said, others_answer, function):
    """It is answered at its deadline, and so are calls in between.

    Its process is replaced after a while.
    """
    number = int(said("pid"))
    answer = call(function)
    others_answer()

    assert answer == {"response": FALLBACK, "error_id": answer["error_id"]}
    poll_until(lambda: not lives(number))
    assert int(said("pid")) != number


def test_a_coroutine_that_can_be_cancelled_costs_nothing(call, said):
    number = said("pid")

    assert "error_id" in call("sleep")
    assert said("pid") == number


def test_calls_share_a_process_and_one_that_hangs_takes_none_with_it(served, caller, call, said):
    """A running call ends in its process, even if another call there hangs."""
    number = said("pid")
    wait = functions(caller.document("/wild", "c-1"))["wait"]["web_hook_url"]
    with Connection.to(served.url) as connection:
        connection.send(tool_call(wait, "wait", {"seconds": 2}, "c-1"))
        assert served.once_logged("wait has begun")
        assert "error_id" in call("hang")
        assert connection.answer().json == {"response": f"waited in {number}"}
    assert said("pid") != number


def test_a_leak_costs_its_process_and_no_call(served, said):
    """A process above its memory limit is replaced.

    Calls continue.
    """
    number = int(said("leak", {"mebibytes": 250}))

    poll_until(lambda: int(said("pid")) != number)
    poll_until(lambda: not lives(number))
    assert served.once_logged("bytes in memory")


def test_more_than_there_can_be_is_an_error_of_that_call(call, said):
    """A single allocation far beyond the limit raises ``MemoryError`` there.

    Nothing else happens.
    """
    number = said("pid")

    assert "error_id" in call("grab", {"mebibytes": 4000})
    assert said("pid") == number


def test_its_state_is_kept_by_the_host(call, said):
    """It is available in threads and coroutines.

    It survives the process.
    """
    assert [said("count"), said("count_in_a_thread")] == ["1", "2"]
    call("segfault")
    assert said("count") == "3"


def test_what_it_changes_is_in_the_picture_of_the_call(caller, said):
    for tool in ("count", "count_in_a_thread"):
        said(tool)
    events = caller.ask("GET", "/-/call.json?id=c-1").json["events"]
    changes = [each for each in events if each["text"].startswith("set calls of agent wild: ")]

    assert {each["begin"] for each in changes} == {"count", "count_in_a_thread"}


def test_it_hands_calls_over(call, caller, served):
    answer = call("hand_over")
    [action] = answer["action"]

    dest = action["SWML"]["sections"]["main"][0]["transfer"]["dest"]
    assert urlsplit(dest).path == "/calm"
    assert dest.startswith("http://tester:")


def test_its_document_its_callbacks_and_its_summary_are_its_own(caller, said):
    """Configuration for a call, routing callbacks and ``on_summary`` run in the process.

    Shared state is shared.
    """
    document = caller.document("/calm", "c-1")
    [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    summary = urlsplit(ai["post_prompt_url"])
    tenant = caller.ask("POST", "/calm?tenant=acme", {"call_id": "c-1"}).json
    whose = caller.ask("POST", "/calm/swaig?tenant=acme", {"function": "whose", "call_id": "c-1"}).json
    routed = caller.ask("POST", "/calm/choose", {"wild": True}).json
    told = caller.ask(
        "POST", f"{summary.path}?{summary.query}", {"call_id": "c-1", "post_prompt_data": {"raw": "all is well"}}
    )

    assert "acme" in json.dumps(tenant)
    assert "acme" not in json.dumps(document)
    assert whose == {"response": "of acme"}
    assert routed == caller.document("/wild") or "calmly" not in json.dumps(routed)
    assert told.json == {"success": True}
    assert said("desk", {}, "/calm") == "all is well"
    assert said("tenant", {}, "/calm") == "nobody, opened: True"


def test_its_probes_are_asked_there(caller):
    """The lifespan, which has begun in its process, is what the probe sees."""
    poll_until(lambda: caller.ask("GET", "/health/calm").json["probes"][0]["status"] == "ok")


def test_what_fails_by_itself_is_counted(served, caller, said):
    assert said("leave_a_task") == "begun"

    def counted():
        text = caller.ask("GET", "/metrics").body.decode()
        return re.search(r'agenthost_failures_total\{agent="wild",what="tool leave_a_task"\} 1\.0', text)

    poll_until(counted)
    assert served.once_logged("stumbled in a task")


def test_a_callback_that_exits_leaves_the_process_alone(served, caller, said):
    """The event loop is run on, so other calls continue.

    The failure is logged and counted.
    """
    number = said("leave_a_callback")

    poll_until(lambda: "of agent wild tried to end the process: SystemExit (e-" in served.stderr)
    assert said("pid") == number
    line = 'agenthost_failures_total{agent="wild",what="a callback of the event loop"} 1.0'
    poll_until(lambda: line in caller.ask("GET", "/metrics").body.decode())


def test_metrics_tell_what_became_of_processes(caller, call):
    call("leave")
    text = caller.ask("GET", "/metrics").body.decode()

    assert re.search(r'agenthost_process_ends_total\{agent="wild",reason="crash"\} [1-9]', text)
    memory = re.compile(r'agenthost_process_memory_bytes\{agent="calm"\} [1-9]')
    poll_until(lambda: memory.search(caller.ask("GET", "/metrics").body.decode()))


def test_a_reload_gives_it_new_processes(served, desk, said):
    """Its section about them has changed, and calls go to the new ones at once."""
    number = said("pid")
    (served.directory / "agenthost.toml").write_text(CONFIGURATION.replace("200_000_000", "300_000_000"))
    done = desk.run("agenthost", "reload", "--port", served.url.rpartition(":")[2], cwd=served.directory)

    assert "rebuilt: wild" in done.stdout
    assert said("pid") != number


def test_workers_have_processes_each(desk):
    """A failure in one worker's process does not affect the other's.

    None is left when the workers end.
    """
    place = desk.workplace()
    (place / "agenthost.toml").write_text('[agents.wild]\nisolation = "process"\n')
    with desk.serve("--workers", "2", cwd=place) as served:
        caller = Caller.of(served)
        url = functions(caller.document("/wild", "c-1"))["pid"]["web_hook_url"]
        numbers = set()
        end = time.monotonic() + 30
        while len(numbers) < 2 and time.monotonic() < end:
            numbers.add(caller.call(url, "pid", {}, "c-1")["response"])
    assert len(numbers) == 2
    poll_until(lambda: not any(lives(number) for number in numbers))


def test_commands_that_serve_nothing_run_it_too(served, desk):
    """A tool and a document, each in a process that ends with the command."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text(CONFIGURATION)
    shown = desk.run("agenthost", "tool", "wild", "pid", cwd=place)
    document = desk.run("agenthost", "swml", "calm", "--query", "tenant=acme", cwd=place)

    assert shown.returncode == document.returncode == 0
    assert shown.stdout.strip().isdigit()
    assert "acme" in document.stdout


def test_nobody_outlives_a_host_that_is_killed(desk):
    """Even one whose code never gives up the interpreter."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text(CONFIGURATION)
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        tools = functions(caller.document("/wild", "c-1"))
        url = tools["burn"]["web_hook_url"]
        with Connection.to(served.url) as connection:
            connection.send(tool_call(url, "burn", {}, "c-1"))
            numbers = processes_of(served)
            os.kill(served.process.pid, signal.SIGKILL)
            assert served.process.wait(30) == -signal.SIGKILL
    assert len(numbers) == 5  # two agents, one with two processes, each with its template
    poll_until(lambda: not any(lives(number) for number in numbers))
