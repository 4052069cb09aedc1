"""A platform that repeats a tool call reaches the first run, on whichever worker."""

import time

import pytest
from caller import Caller, functions, tool_call
from polling import poll_until
from raw_http import Connection


@pytest.fixture(scope="module")
def served(desk):
    desk.install("slow-tools")
    with desk.serve("--workers", "2") as served:
        yield served


@pytest.mark.parametrize("seconds", [4, 1.5], ids=["while it runs", "after its end"])
def test_a_repeat_of_a_cut_off_call_does_not_run_the_tool_again(served, seconds):
    """Either worker may receive the repeat."""
    caller = Caller.of(served)
    call = f"c-{seconds}"
    url = functions(caller.document("/slow-tools", call))["wait"]["web_hook_url"]
    begun = served.stderr.count("wait has begun")
    with Connection.to(served.url) as connection:
        connection.send(tool_call(url, "wait", {"seconds": seconds}, call))
        poll_until(lambda: served.stderr.count("wait has begun") > begun)
        time.sleep(0.5)
    time.sleep(1.5)

    assert caller.call(url, "wait", {"seconds": seconds}, call) == {"response": "waited"}
    assert served.stderr.count("wait has begun") == begun + 1
