"""What the deployment guide shows fits the host."""

from __future__ import annotations

import configparser

import pytest
from pages import DOCS, blocks

from agenthost._host.config import HostConfig, configured, variables
from agenthost._web.health import health_routes

_PAGE = DOCS / "how-to" / "deploy.md"


def test_the_unit_stops_later_than_the_host():
    """The unit waits longer than a worker may take to end; variables and options exist."""
    unit = configparser.ConfigParser(strict=False, delimiters="=")
    unit.optionxform = str
    unit.read_string(blocks(_PAGE, "ini")[0].text)
    service = unit["Service"]

    assert float(service["TimeoutStopSec"]) > HostConfig().drain_grace + HostConfig().drain_timeout + 5
    assert service["ExecStart"].endswith("/agenthost run")


def test_the_probes_ask_paths_that_are_served():
    """The manifest can be read, and its probes and times fit."""
    yaml = pytest.importorskip("yaml")
    pod = yaml.safe_load(blocks(_PAGE, "yaml")[0].text)["spec"]["template"]["spec"]
    [container] = pod["containers"]
    served = {path for handler in health_routes(None) for path in handler.paths}
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}

    assert asked == {"/startup", "/ready", "/live"}
    assert asked <= served
    assert container["ports"][0]["containerPort"] == HostConfig().port
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + HostConfig().drain_grace + HostConfig().drain_timeout + 5
    known = {variable for attribute in configured(HostConfig).values() for variable in variables(attribute)}
    assert {entry["name"] for entry in container["env"]} <= known
