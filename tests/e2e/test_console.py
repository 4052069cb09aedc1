"""The console of a host with two workers."""

import json

import pytest
from caller import Caller
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

        def told():
            return caller.ask("GET", "/-/overview.json").json

        poll_until(lambda: all(told()["status"] == "ok" for _ in range(6)))  # each keeps its own for a second
        for _ in range(20):
            assert caller.ask("POST", "/billing", {}).status == 200
        port = served.url.rpartition(":")[2]
        status = json.loads(desk.run("agenthost", "status", "--port", port, "--json", cwd=place).stdout)

        for _ in range(6):  # by whichever worker
            shown = told()
            assert shown["status"] == status["status"] == "ok"
            assert [each["process"] for each in shown["workers"]] == [each["process"] for each in status["workers"]]
            assert [each["agent"] for each in shown["agents"]] == [each["agent"] for each in status["agents"]]
            assert caller.ask("GET", "/-/").status == 200
