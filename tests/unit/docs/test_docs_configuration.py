"""The reference page of the configuration matches the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import Factory

from agenthost._host.config.declaration import keys_of
from agenthost._host.config.load import load_config, variables
from agenthost._host.config.schema import (
    AgentConfig,
    ClassifiersConfig,
    ConsoleConfig,
    ConversationConfig,
    HealthConfig,
    HostConfig,
    KeyConfig,
    ModelsConfig,
    PeerConfig,
    PluginsConfig,
    RecordingConfig,
    SipConfig,
    StateConfig,
    TelemetryConfig,
    TurnsConfig,
    WorkflowConfig,
)
from agenthost._host.config.sip_rules import RouteConfig, RuleConfig

_SECTIONS = (
    HostConfig,
    HealthConfig,
    TelemetryConfig,
    StateConfig,
    ConversationConfig,
    RecordingConfig,
    ConsoleConfig,
    ModelsConfig,
    ClassifiersConfig,
    TurnsConfig,
    WorkflowConfig,
    PeerConfig,
    SipConfig,
    RuleConfig,
    KeyConfig,
    AgentConfig,
    RouteConfig,
    PluginsConfig,
)
_PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
_COLUMNS = ("key", "value", "default", "unit", "takes effect", "meaning")
_EFFECTS = {"live": "at once", "process": "new process", "restart": "restart"}
_TEXT = _PAGE.read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"```toml\n(.*?)```", _TEXT, re.DOTALL)
_EXAMPLE_ENVIRON = {
    "HOST_PASSWORD": "p",
    "OLD_KEY": "o",
    "CALENDAR_TOKEN": "t",
    "STATE_URL": "redis://r",
    "MONITORING_KEY": "m",
    "EAST_KEY": "e",
}


def _default(key):
    if isinstance(key.default, Factory):
        return "see below"
    return "" if key.default is None or key.default == () else f"`{key.example}`"


def rows(cls):
    """Return the lines of the table that describes the keys of one section."""
    return [
        "| "
        + " | ".join(
            (
                f"`{name}`",
                key.kind.name,
                _default(key),
                key.unit,
                *([" ".join(f"`{each}`" for each in variables(key))] if cls is HostConfig else []),
                _EFFECTS[key.effect],
                key.doc + ("; an agent may have its own" if key.per_agent else ""),
            )
        )
        + " |"
        for name, key in keys_of(cls).items()
    ]


@pytest.mark.parametrize("cls", _SECTIONS)
def test_every_key_is_described(cls):
    """Each section has a table with one line per key, in the code's order."""
    columns = [*_COLUMNS[:4], *(["variables"] if cls is HostConfig else []), *_COLUMNS[4:]]
    table = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *rows(cls)]

    assert "\n".join(["", *table, ""]) in _TEXT


def test_nothing_else_is_described():
    """A line for a key that is gone is gone too."""
    known = {row for cls in _SECTIONS for row in rows(cls)}

    assert {line for line in _TEXT.splitlines() if line.startswith("| `") and line.count(" | ") > 2} == known


@pytest.mark.parametrize("example", _EXAMPLES)
def test_examples_are_read(example, tmp_path, monkeypatch):
    """Each example can be pasted into agenthost.toml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.key").write_text("k", encoding="utf-8")
    (tmp_path / "agenthost.toml").write_text(example, encoding="utf-8")
    (tmp_path / "agenthost.toml").chmod(0o600)

    assert load_config(None, _EXAMPLE_ENVIRON).warnings == ()
