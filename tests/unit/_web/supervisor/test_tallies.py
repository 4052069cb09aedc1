"""Counts of the supervisor reach the metrics of a worker."""

from __future__ import annotations

import pytest
from attrs import define, field

from agenthost._host.telemetry.metrics import Metrics
from agenthost._web.process.reload_report import logged
from agenthost._web.supervisor.tallies import Tallies
from agenthost.errors import PlanError


@define
class Recorder:
    """A worker that records its orders."""

    pid: int
    generation: int = 1
    orders: list = field(factory=list)

    def order(self, what, content):
        self.orders.append((what, content))


def test_counts_wait_for_a_worker():
    woken, first, second = [], Recorder(1), Recorder(2, generation=3)
    tallies = Tallies(lambda: woken.append(True))
    tallies.reloaded("refused")
    tallies.reloaded("refused")
    tallies.ended()
    tallies.hand_over([])
    tallies.hand_over([first, second])
    tallies.hand_over([first, second])

    assert len(woken) == 2
    assert first.orders == [("tallied", (2, {("reload", "refused"): 2, ("worker", ""): 1}))]

    tallies.hand_over([second])
    assert second.orders == [("tallied", (0, {}))]

    metrics = Metrics()
    metrics.tallied(*first.orders[0][1])
    text = metrics.text().decode()
    assert 'agenthost_reloads_total{outcome="refused"} 2.0' in text
    assert "agenthost_worker_ends_total 1.0" in text
    assert "agenthost_generation_skew 2.0" in text


@pytest.mark.parametrize(("failed", "outcome"), [([], "ok"), (["sales"], "partly"), (None, "refused")])
def test_each_reload_has_an_outcome(failed, outcome):
    def answer(_request, _tell):
        if failed is None:
            raise PlanError("no")
        return {"failed": failed}

    noted = []
    try:
        logged(answer, noted.append)({}, print)
    except PlanError:
        assert outcome == "refused"
    assert noted == [outcome]
