"""The console of a host with two workers."""

import json
import re

import pytest
from caller import Caller, functions
from polling import poll_until


@pytest.fixture
def place(desk):
    place = desk.workplace()
    (place / "agenthost.toml").write_text("[host]\nworkers = 2\n[console]\nenabled = true\n")
    return place


def test_any_worker_answers_for_all(desk, place):
    """Also for their calls, which each counts itself."""
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)

        def seen():
            """Return the workers and the calls that one of the workers shows."""
            told = caller.ask("GET", "/-/overview.json").json
            assert caller.ask("GET", "/-/").status == 200
            [billing] = [each for each in told["agents"] if each["agent"] == "billing"]
            return [each["process"] for each in told["workers"] if each["ready"]], billing["calls"]

        poll_until(lambda: len(seen()[0]) == 2)
        balance = functions(caller.document("/billing", "call-1"))["get_balance"]["web_hook_url"]
        for _ in range(20):
            caller.call(balance, "get_balance", {"account_id": "B-1"}, "call-1")
        port = served.url.rpartition(":")[2]
        status = json.loads(desk.run("agenthost", "status", "--port", port, "--json", cwd=place).stdout)
        workers = [each["process"] for each in status["workers"]]

        poll_until(
            lambda: [seen() for _ in range(6)] == [(workers, 20)] * 6, said=lambda: str((seen(), workers))
        )  # by whichever worker


def test_the_traceback_of_a_failure(desk, place):
    """One click from the overview, by whichever worker."""
    with desk.having("failing-tools"), desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        url = functions(caller.document("/failing", "call-7"))["raises"]["web_hook_url"]
        caller.call(url, "raises", {}, "call-7")

        def links():
            return re.findall(r'href="\./errors/(e-[0-9a-f]{12})"', caller.ask("GET", "/-/").body.decode())

        [error_id] = set(poll_until(links))
        pages = [caller.ask("GET", f"/-/errors/{error_id}") for _ in range(6)]

        assert {page.status for page in pages} == {200}
        assert all(b"ValueError: the calendar is on fire" in page.body for page in pages)
        assert all(b"call-7" in page.body for page in pages)


def test_the_calls_of_all_workers(desk, place):
    """Any worker lists them, and shows each."""
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        balance = functions(caller.document("/billing", "call-1"))["get_balance"]["web_hook_url"]
        for number in range(10):
            caller.call(balance, "get_balance", {"account_id": "B-1"}, f"call-{number}")

        def listed():
            return sorted(each["id"] for each in caller.ask("GET", "/-/calls.json").json["recent"])

        every = [f"call-{number}" for number in range(10)]
        poll_until(lambda: [listed() for _ in range(6)] == [every] * 6, said=lambda: str(listed()))
        for number in range(10):
            page = caller.ask("GET", f"/-/call?id=call-{number}")

            assert page.status == 200
            assert b"get_balance" in page.body
