"""Metrics: what stands on the page, what workers add up to, and what stays bounded."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from pages import DOCS, section
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agenthost._host.telemetry import metrics as module
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.metrics import Metrics
from agenthost._host.telemetry.prometheus.shared import SHARED, forget_process
from agenthost._host.telemetry.prometheus.together import Together

_PAGE = DOCS / "reference" / "metrics.md"
_WORKER = """
import sys
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.metrics import Metrics

metrics = Metrics()
metrics.answered("desk", "document", 200)
metrics.tool_ended(Owner("desk", "tool", "book"), "ok", 0.02)
metrics.count()
metrics.load({"desk": (2, 1)})
print("counted", flush=True)
sys.stdin.read()
"""


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    """Every sample by its name and its labels' values, in the order of their names."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def families() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Kind and labels of all that is counted, by name."""
    return {
        each._name: (type(each).__name__.lower(), each._labelnames)
        for each in Metrics().families
        if hasattr(each, "_name")
    }


def test_every_metric_is_described():
    """The page has exactly one row for each metric, with its labels and kind."""
    rows = re.findall(r"^\| `(agenthost_\w+)` \|([^|]*)\| (\w+)", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, labels, kind in rows} == families()
    assert len(rows) == len(families())


def test_what_one_process_says_of_itself_is_there_with_one_worker():
    """The process's own figures are the standard ones."""
    told = samples(Metrics().text())

    assert told["process_resident_memory_bytes",] > 0
    assert told["agenthost_workers",] == 1


def test_the_text_is_the_one_of_the_client_library():
    """Every line is as ``generate_latest`` writes it, except for dates of creation."""
    metrics = Metrics()
    metrics.answered('a "quoted"\\name\n', "document", 200)
    metrics.tool_ended(Owner("desk", "tool", "book"), "ok", 0.02)
    metrics.tool_ended(Owner("desk", "tool", "book"), "ok", 40.0)
    metrics.tool_ended(Owner("sales", "tool", "ask"), "failed", 0.0)
    metrics.process_memory("desk", 123456789)
    metrics.load({"desk": (2, 1)})
    metrics.stored("read", "ok", 0.0002)
    metrics.text()
    metrics.load({"sales": (0, 3)})
    told = metrics.text().decode()
    expected = generate_latest(metrics._counted.registry).decode()

    def lines(text):
        return [line for line in text.splitlines() if "_created" not in line and not line.startswith(("process", "# "))]

    assert lines(told) == lines(expected)
    assert [line for line in told.splitlines() if line.startswith("# TYPE")] == [
        line for line in expected.splitlines() if line.startswith("# TYPE") and "_created" not in line
    ]


def test_names_that_callers_choose_stay_few(monkeypatch):
    """After so many tools of one agent, all others are one."""
    monkeypatch.setattr(module, "_MOST_NAMES", 3)
    metrics = Metrics()
    for number in range(10):
        metrics.tool_ended(Owner("desk", "tool", f"tool{number}"), "ok", 0.1)
        metrics.count()
        metrics.busy(Owner("desk", "tool", f"x{number}"))
    metrics.tool_ended(Owner("desk", "tool", "tool1"), "ok", 0.1)
    told = samples(metrics.text())

    assert told["agenthost_tool_seconds_count", "desk", "ok", "tool1"] == 2
    assert told["agenthost_tool_seconds_count", "desk", "ok", "other"] == 8
    assert told["agenthost_busy_total", "desk", "other"] == 9


def test_names_of_all_agents_stay_few(monkeypatch):
    monkeypatch.setattr(module, "_MOST_IN_ALL", 5)
    metrics = Metrics()
    for number in range(10):
        metrics.failed(Owner(f"agent{number // 2}", "tool", f"tool{number}"))
    told = samples(metrics.text())

    assert sum(labels[0] == "agenthost_failures_total" for labels in told) == 5 + 3
    assert told["agenthost_failures_total", "agent4", "other"] == 2


def test_an_agent_that_is_gone_runs_nothing():
    """Its gauges go with it."""
    metrics = Metrics()
    metrics.load({"desk": (1, 0), "sales": (2, 3)})
    metrics.load({"sales": (0, 0)})
    told = samples(metrics.text())

    assert ("agenthost_running", "desk") not in told
    assert told["agenthost_waiting", "sales"] == 0


@pytest.mark.slow
def test_workers_add_up_and_those_that_ended_stay_counted(tmp_path, monkeypatch):
    """Sums include workers that have ended, and gauges do not.

    The files of ended workers are merged into one.
    """
    monkeypatch.setenv(SHARED, str(tmp_path))
    command = [sys.executable, "-c", _WORKER]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        for _ in range(3)
    ]
    try:
        for worker in workers:
            assert worker.stdout.readline() == b"counted\n"
        together = samples(Together(tmp_path).now())
        for worker in workers[:2]:
            worker.kill()
            worker.wait()
            forget_process(worker.pid)
            forget_process(worker.pid)
        left = samples(Together(tmp_path).now())
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()

    assert together["agenthost_requests_total", "desk", "document", "2xx"] == 3
    assert together["agenthost_running", "desk"] == 6
    assert together["agenthost_workers",] == 3
    assert left["agenthost_requests_total", "desk", "document", "2xx"] == 3
    assert left["agenthost_tool_seconds_count", "desk", "ok", "book"] == 3
    assert left["agenthost_tool_seconds_bucket", "desk", "0.025", "ok", "book"] == 3
    assert left["agenthost_tool_seconds_sum", "desk", "ok", "book"] == pytest.approx(0.06)
    assert left["agenthost_running", "desk"] == 2
    assert left["agenthost_waiting", "desk"] == 1
    assert left["agenthost_workers",] == 1
    assert sorted(path.name for path in tmp_path.iterdir() if "ended" in path.name) == [
        "counter_ended.db",
        "histogram_ended.db",
    ]
    assert not [path.name for path in tmp_path.iterdir() if str(workers[0].pid) in path.name]


def test_a_file_that_was_torn_is_left_out(tmp_path, monkeypatch):
    """The incomplete file of a killed worker does not stop the others' figures."""
    monkeypatch.setenv(SHARED, str(tmp_path))
    (tmp_path / "counter_4711.db").write_bytes(b"\xff\x00\x00\x00" + b"\x00" * 8)

    forget_process(4711)

    assert Together(tmp_path).now() == b""


def test_the_page_on_http_points_here():
    assert "metrics.md" in section(DOCS / "reference" / "http.md", "Metrics")
