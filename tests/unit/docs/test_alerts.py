"""Alerts and the dashboard: known metrics, and a fault for each alert."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from pages import DOCS

from agenthost._host.telemetry.metrics import Metrics

_RULES = DOCS / "how-to" / "agenthost.rules.yml"
_DASHBOARD = DOCS / "how-to" / "agenthost.dashboard.json"
_NOT_OURS = {"up", "job", "instance", "le"}
_HEALTHY = {
    'up{job="agenthost",instance="a"}': "1+0x60",
    'agenthost_ready{instance="a"}': "1+0x60",
    'agenthost_agents{instance="a",state="ready"}': "3+0x60",
    'agenthost_agents{instance="a",state="quarantined"}': "0+0x60",
    'agenthost_agents{instance="a",state="disabled"}': "1+0x60",
    'agenthost_quarantined_plugins{instance="a"}': "0+0x60",
    'agenthost_reloads_total{instance="a",outcome="ok"}': "0+1x60",
    'agenthost_reloads_total{instance="a",outcome="refused"}': "0+0x60",
    'agenthost_worker_ends_total{instance="a"}': "0+0x60",
    'agenthost_process_ends_total{instance="a",agent="desk",reason="crash"}': "0+0x60",
    'agenthost_probe_up{instance="a",agent="",probe="store"}': "1+0x60",
    'agenthost_failed_logins_total{instance="a"}': "0+1x60",
    'agenthost_generation_skew{instance="a"}': "0 1 0+0x58",
    'agenthost_tool_seconds_count{instance="a",agent="desk",tool="book",outcome="ok"}': "0+100x60",
    'agenthost_tool_seconds_count{instance="a",agent="desk",tool="book",outcome="failed"}': "0+1x60",
    'agenthost_tool_seconds_bucket{instance="a",agent="desk",tool="book",outcome="ok",le="0.1"}': "0+100x60",
    'agenthost_tool_seconds_bucket{instance="a",agent="desk",tool="book",outcome="ok",le="5.0"}': "0+100x60",
    'agenthost_tool_seconds_bucket{instance="a",agent="desk",tool="book",outcome="ok",le="+Inf"}': "0+100x60",
    'agenthost_busy_total{instance="a",agent="desk",what="tool book"}': "0+0x60",
    'agenthost_breaker_open{instance="a",agent="desk"}': "0+0x60",
    'agenthost_loop_blocked_total{instance="a",agent="desk",what="tool book"}': "0+0x60",
    'agenthost_store_seconds_count{instance="a",operation="put",outcome="ok"}': "0+50x60",
    'agenthost_store_seconds_count{instance="a",operation="probe",outcome="failed"}': "0+0x60",
    'agenthost_sip_decisions_total{instance="a",rule="alias"}': "0+5x60",
    'agenthost_sip_decisions_total{instance="a",rule="unmatched"}': "0+0x60",
}
"""The series of a healthy host, at one sample a minute. One reload has replaced its workers."""
_FAILED = 'agenthost_tool_seconds_count{instance="a",agent="desk",tool="book",outcome="failed"}'
_FAULTS = {
    "AgentHostDown": {'up{job="agenthost",instance="a"}': "0+0x60"},
    "AgentHostAbsent": {'up{job="agenthost",instance="a"}': None},
    "AgentHostNotReady": {'agenthost_ready{instance="a"}': "0+0x60"},
    "AgentNotServed": {'agenthost_agents{instance="a",state="quarantined"}': "1+0x60"},
    "PluginQuarantined": {'agenthost_quarantined_plugins{instance="a"}': "1+0x60"},
    "ReloadRefused": {'agenthost_reloads_total{instance="a",outcome="refused"}': "0+0x50 1+0x9"},
    "WorkersEnd": {'agenthost_worker_ends_total{instance="a"}': "0+1x60"},
    "AgentProcessesEnd": {'agenthost_process_ends_total{instance="a",agent="desk",reason="crash"}': "0+1x60"},
    "ProbeFails": {'agenthost_probe_up{instance="a",agent="",probe="store"}': "0+0x60"},
    "FailedLogins": {'agenthost_failed_logins_total{instance="a"}': "0+100x60"},
    "GenerationSkew": {'agenthost_generation_skew{instance="a"}': "1+0x60"},
    "AgentBurnsBudgetFast": {_FAILED: "0+30x60"},
    "AgentBurnsBudgetSlowly": {_FAILED: "0+5x60"},
    "AgentSlow": {
        'agenthost_tool_seconds_bucket{instance="a",agent="desk",tool="book",outcome="ok",le="0.1"}': "0+50x60"
    },
    "AgentBusy": {'agenthost_busy_total{instance="a",agent="desk",what="tool book"}': "0+1x60"},
    "AgentBreakerOpen": {'agenthost_breaker_open{instance="a",agent="desk"}': "1+0x60"},
    "EventLoopBlocked": {'agenthost_loop_blocked_total{instance="a",agent="desk",what="tool book"}': "0+1x60"},
    "StoreFails": {'agenthost_store_seconds_count{instance="a",operation="probe",outcome="failed"}': "0+1x60"},
    "SipCallersUnknown": {'agenthost_sip_decisions_total{instance="a",rule="unmatched"}': "0+1x60"},
}
"""The series that differ on a host with each fault; None where Prometheus has none."""
_TOGETHER = {"AgentBurnsBudgetFast": ("AgentBurnsBudgetSlowly",)}
"""Alerts that the fault of another one causes, too."""


def families() -> dict[str, tuple[str, ...]]:
    """Labels of all that is counted, by name."""
    return {each._name: each._labelnames for each in Metrics().families if hasattr(each, "_name")}


def rules():
    yaml = pytest.importorskip("yaml")
    [group] = yaml.safe_load(_RULES.read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def queries() -> list[tuple[str, str]]:
    """Every query of the dashboard, with its panel's title."""
    panels = json.loads(_DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", ())]


def unknown_in(expression: str) -> list[str]:
    """Return the metrics and labels of an expression that are not counted."""
    known, found = families(), []
    labels = {label for each in known.values() for label in each} | _NOT_OURS
    for name, wanted in re.findall(r"(agenthost_\w+)(?:\{([^}]*)\})?", expression):
        bare = name if name in known else re.sub(r"_(total|count|bucket|sum)$", "", name)
        if bare not in known:
            found.append(name)
            continue
        used = re.findall(r"(\w+)\s*[=!]", wanted)
        found += [f"{name}{{{label}}}" for label in used if label not in {*known[bare], *_NOT_OURS}]
    grouped = re.findall(r"by \(([^)]*)\)", expression)
    return found + [label for each in grouped for label in re.split(r",\s*", each) if label not in labels]


def run_promtool(*arguments: object) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run([promtool, *arguments], check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_uses_known_metrics():
    """The alerts' expressions and summaries use names and labels that are counted."""
    for rule in rules():
        assert not unknown_in(rule["expr"]), rule["alert"]
        shown = set(re.findall(r"labels\.(\w+)", rule["annotations"]["summary"]))
        by = {label for each in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in re.split(r",\s*", each)}
        assert shown <= by or not by, rule["alert"]


def test_every_alert_has_a_fault():
    """The faults cover the alerts, and change series of a healthy host."""
    assert [rule["alert"] for rule in rules()] == list(_FAULTS)
    assert all(series.keys() <= _HEALTHY.keys() for series in _FAULTS.values())


def test_every_query_of_the_dashboard_uses_known_metrics():
    """The dashboard's queries use names and labels that are counted."""
    found = queries()

    assert found
    for title, query in found:
        assert not unknown_in(query), title


def test_the_dashboard_has_what_grafana_requires():
    """Panels have different ids and places, and every panel asks the chosen data source."""
    dashboard = json.loads(_DASHBOARD.read_text(encoding="utf-8"))
    panels = dashboard["panels"]

    assert dashboard["uid"] == "agenthost"
    assert dashboard["schemaVersion"] >= 36
    assert dashboard["templating"]["list"][0]["query"] == "prometheus"
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.slow
def test_prometheus_understands_the_alerts_and_the_dashboard(tmp_path):
    """The rules, and each query of the dashboard as a rule, pass ``promtool check rules``."""
    recorded = [{"record": f"panel:{number}", "expr": query} for number, (_, query) in enumerate(queries())]
    file = tmp_path / "dashboard.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": recorded}]}), encoding="utf-8")

    run_promtool("check", "rules", _RULES, file)


@pytest.mark.slow
def test_each_alert_fires_on_its_fault_alone(tmp_path):
    """No alert fires for a healthy host, and those of each fault for it."""
    file = tmp_path / "faults.json"
    file.write_text(
        json.dumps(
            {
                "rule_files": [str(_RULES)],
                "evaluation_interval": "1m",
                "tests": [_case("", {}), *(_case(alert, series) for alert, series in _FAULTS.items())],
            }
        ),
        encoding="utf-8",
    )

    run_promtool("test", "rules", file)


def _case(alert: str, differing: dict[str, str | None]) -> dict[str, object]:
    """Return a test of promtool after an hour.

    ``alert`` is empty for a healthy host.
    """
    fired = [alert, *_TOGETHER.get(alert, ())] if alert else []
    series = {name: values for name, values in (_HEALTHY | differing).items() if values is not None}
    return {
        "name": alert or "healthy",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "1h",
                "exp_samples": [{"labels": f'{{alertname="{each}"}}', "value": 1} for each in fired],
            }
        ],
    }
