"""The status of a host while its workers are replaced."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from agenthost._web.supervisor.commands import Commands
from agenthost._web.supervisor.tallies import Tallies
from agenthost._web.supervisor.worker_slots import WorkerSlot

STATUS = {
    "ready": True,
    "status": "ok",
    "lag": 0.0,
    "memory": None,
    "agents": [],
    "plugins": [],
    "probes": [],
    "store": {"scheme": "memory", "ready": True, "problem": "", "agents": []},
    "sip_unmatched": {"total": 0, "users": []},
    "differing": [],
}


class Fake:
    """A worker that answers at once, if it serves."""

    gone = False

    def __init__(self, pid, *, serving):
        self.pid, self.serving = pid, serving
        self.generation, self.started = 1, 0.0
        self.commands = None

    def order(self, what, content):
        assert (what, self.serving) == ("status", True)
        answer = content[0], {**STATUS, "process": self.pid}
        threading.Thread(target=self.commands.receive, args=(self, "answer", answer)).start()


def test_the_old_worker_answers_until_its_successor_serves():
    """A reload is not a problem of the host."""
    old, new = Fake(1, serving=True), Fake(2, serving=False)
    slot = WorkerSlot(lambda _: None, new, old)

    def host():
        worker = {"process": slot.serving.pid, "generation": 1, "since": 0.0, "restarts": 0}
        return {"since": 0.0, "started": True, "generation": 1, "wanted_workers": 1, "workers": [worker], "held": []}

    commands = Commands(SimpleNamespace(answer=None), [slot], host, list, Tallies(lambda: None), logs=False)
    old.commands = new.commands = commands
    told = commands.answer({"command": "status"}, print)

    assert (told["status"], told["problems"], [each["process"] for each in told["workers"]]) == ("ok", [], [1])
    old.serving, new.serving, slot.leaving = False, True, None
    assert [each["process"] for each in commands.answer({"command": "status"}, print)["workers"]] == [2]


def test_the_log_is_that_of_older_generations_too():
    """A call in progress is served by one, and its lines are needed most."""

    class Keeper(Fake):
        def order(self, what, content):
            assert what == "logs"
            number, (wanted, seen) = content
            assert (wanted, seen) == ({"call": "c-1"}, {})
            line = {"timestamp": f"2026-11-30T06:00:0{self.pid}Z", "event": f"of {self.pid}"}
            answer = number, ([line], 7)
            threading.Thread(target=self.commands.receive, args=(self, "answer", answer)).start()

    serving, older = Keeper(2, serving=True), Keeper(1, serving=False)
    slot = WorkerSlot(lambda _: None, serving)
    commands = Commands(SimpleNamespace(answer=None), [slot], dict, lambda: [older], Tallies(lambda: None), logs=False)
    serving.commands = older.commands = commands
    told = commands.answer({"command": "logs", "wanted": {"call": "c-1"}}, print)

    assert [line["event"] for line in told["lines"]] == ["of 1", "of 2"]
    assert {"1", "2"} <= told["seen"].keys()
