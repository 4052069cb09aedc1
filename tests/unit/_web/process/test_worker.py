"""A worker's side of its connection to the supervisor."""

from types import SimpleNamespace

import pytest

from agenthost._host.access.open_calls import OpenCalls
from agenthost._host.generations.channel import channel_pair
from agenthost._host.generations.orders import WorkerOrder
from agenthost._web.process import worker as worker_module
from agenthost._web.process.worker import _Worker


@pytest.fixture
def worker(monkeypatch):
    """A worker with many calls in progress, and the supervisor's end of its channel."""
    monkeypatch.setattr(worker_module, "_REPORTED_WITHIN", 0.2)
    monkeypatch.setattr(worker_module.os, "kill", lambda *_: None)
    calls = OpenCalls()
    calls.begun.update({("/desk", f"call-{number:050}"): 100 for number in range(9000)})
    ours, theirs = channel_pair()
    runtime = SimpleNamespace(watched=True)
    yield _Worker(theirs, runtime, WorkerOrder(None), SimpleNamespace(calls=calls)), ours
    ours.close()
    theirs.close()


def test_a_replaced_worker_ends_even_if_its_report_is_not_read(worker):
    """The host may stop meanwhile, and the report does not fit into the channel."""
    worker, supervisor = worker
    worker._carry_out("leave", None)

    worker.report_calls()

    (kind, report), _ = supervisor.receive()
    assert (kind, len(report.open)) == ("calls", 9000)


def test_a_worker_of_a_host_that_stops_reports_no_calls(worker):
    worker, supervisor = worker
    worker.report_calls()
    worker.send("closed", None)

    assert supervisor.receive() == (("closed", None), [])
