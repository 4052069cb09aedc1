"""The dashboard's queries and the alerts in a real Prometheus, which scrapes the host."""

from __future__ import annotations

import json
import shutil
import subprocess
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from pages import DOCS
from polling import poll_until
from ports import free_port

_RULES = DOCS / "how-to" / "agenthost.rules.yml"
_DASHBOARD = DOCS / "how-to" / "agenthost.dashboard.json"
_SCRAPES = 3
"""The scrapes after which rates are known."""
_NOT_DONE = (
    *("agenthost_busy_total", "agenthost_process_ends_total", "agenthost_reloads_total"),
    "agenthost_loop_blocked_seconds_total",
)
"""Metrics of which the host has no series, as it has not done anything of the kind."""
_CONFIGURATION = """
global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}
rule_files: [{rules}]
scrape_configs:
  - job_name: agenthost
    basic_auth: {{username: {user}, password: "{password}"}}
    static_configs: [{{targets: ["{target}"]}}]
"""


class Prometheus:
    """A Prometheus that listens on a port."""

    def __init__(self, port):
        self.api = f"http://127.0.0.1:{port}/api/v1"

    def get(self, path, **query):
        with urlopen(f"{self.api}/{path}?{urlencode(query)}", timeout=30) as answer:  # noqa: S310 - our own
            return json.load(answer)["data"]

    def values(self, query):
        """Return the values of an instant query."""
        return self.get("query", query=query)["result"]


@pytest.fixture(scope="module")
def prometheus(host, tmp_path_factory):
    """Debian's Prometheus, once it has scraped the host some times."""
    program = shutil.which("prometheus")
    assert program, "Prometheus is not installed. fix: apt-get install -y prometheus"
    place, port = tmp_path_factory.mktemp("prometheus"), free_port()
    user, password = host.credentials
    told = {"rules": _RULES, "user": user, "password": password, "target": host.url.removeprefix("http://")}
    (place / "prometheus.yml").write_text(_CONFIGURATION.format(**told), encoding="utf-8")
    options = (
        *(f"--config.file={place}/prometheus.yml", f"--storage.tsdb.path={place}/data"),
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with (place / "log").open("wb") as log:
        process = subprocess.Popen([program, *options], stdout=log, stderr=log)  # noqa: S603 - Debian's
    try:
        found = Prometheus(port)

        def scraped():
            try:
                [[_, number]] = [each["value"] for each in found.values("sum(count_over_time(agenthost_ready[1m]))")]
            except (OSError, ValueError):
                return False
            return int(number) >= _SCRAPES

        poll_until(scraped, 60, said=lambda: (place / "log").read_text()[-2000:])
        yield found
    finally:
        process.terminate()
        process.wait(30)


def queries():
    panels = json.loads(_DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def test_every_query_of_the_dashboard_returns_data(prometheus):
    """The host has done all of it, except for a few."""
    empty = [query for query in queries() if not prometheus.values(query)]

    assert [query for query in empty if not any(each in query for each in _NOT_DONE)] == []
    assert prometheus.values('agenthost_sip_decisions_total{rule="unmatched"} > 0')


def test_every_alert_is_evaluated(prometheus):
    """That of a package that is not served is about to fire."""

    def rules():
        [group] = prometheus.get("rules")["groups"]
        return group["rules"] if all(each["health"] != "unknown" for each in group["rules"]) else None

    told = {each["name"]: each for each in poll_until(rules, 60)}

    assert {each["health"] for each in told.values()} == {"ok"}, told
    assert told["AgentNotServed"]["state"] in ("pending", "firing")
