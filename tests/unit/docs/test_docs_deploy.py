"""The guides to deployment match the output of ``agenthost export`` and the host."""

from __future__ import annotations

import pytest
from pages import DOCS, blocks

from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.operations.exports.deployment import Deployment
from agenthost._host.operations.exports.kubernetes import kubernetes_files
from agenthost._host.operations.exports.systemd import systemd_files
from agenthost._web.app import health_routes

_PLAIN = Deployment.of(Config(), {}, 1)


def test_the_unit_that_is_shown_is_the_one_that_is_written():
    """The unit contains each line of the guide.

    Its stop timeout exceeds the time that a worker may take to end.
    """
    written = systemd_files(_PLAIN)["agenthost.service"].splitlines()
    shown = blocks(DOCS / "how-to" / "systemd.md", "ini")[0].text.splitlines()

    assert set(shown) <= set(written)
    assert _PLAIN.patience > HostConfig().drain_grace + HostConfig().drain_timeout + 5
    assert f"TimeoutStopSec={_PLAIN.patience}" in shown


def test_the_probes_that_are_shown_are_those_that_are_written():
    """The guide shows a part of the pod, and its probes use served paths."""
    yaml = pytest.importorskip("yaml")
    shown = yaml.safe_load(blocks(DOCS / "how-to" / "kubernetes.md", "yaml")[0].text)
    manifest = {each["kind"]: each for each in yaml.safe_load_all(kubernetes_files(_PLAIN, "i")["agenthost.yaml"])}
    pod = manifest["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    served = {path for handler in health_routes() for path in handler.paths}

    assert shown.pop("terminationGracePeriodSeconds") == pod["terminationGracePeriodSeconds"]
    assert shown
    assert {kind: probe | container[kind] for kind, probe in shown.items()} == {kind: container[kind] for kind in shown}
    assert {probe["httpGet"]["path"] for probe in shown.values()} <= served
    assert container["ports"][0]["containerPort"] == HostConfig().port
