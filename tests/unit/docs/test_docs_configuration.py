"""The reference page of the configuration says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import Factory

from agenthost._host.config.load import load_config, variables
from agenthost._host.config.schema import (
    AgentConfig,
    ClassifiersConfig,
    ConversationConfig,
    HealthConfig,
    HostConfig,
    ModelsConfig,
    PluginsConfig,
    SipConfig,
    StateConfig,
    TelemetryConfig,
    TurnsConfig,
    WorkflowConfig,
    configured,
)
from agenthost._host.config.sip_rules import RuleConfig

_SECTIONS = (
    HostConfig,
    HealthConfig,
    TelemetryConfig,
    StateConfig,
    ConversationConfig,
    ModelsConfig,
    ClassifiersConfig,
    TurnsConfig,
    WorkflowConfig,
    SipConfig,
    RuleConfig,
    AgentConfig,
    PluginsConfig,
)
_PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"```toml\n(.*?)```", _TEXT, re.DOTALL)
_EXAMPLE_ENVIRON = {"HOST_PASSWORD": "p", "OLD_KEY": "o", "CALENDAR_TOKEN": "t", "STATE_URL": "redis://r"}


def _default(attribute):
    default = attribute.default
    if isinstance(default, Factory):
        return "see below"
    if default is None or default == ():
        return ""
    written = (
        str(default).lower() if isinstance(default, bool) else f"{default:g}" if isinstance(default, float) else default
    )
    return f'`"{written}"`' if isinstance(default, str) else f"`{written}`"


def rows(cls):
    """Return the lines of the table that describes the keys of one section."""
    return [
        "| "
        + " | ".join(
            (
                f"`{name}`",
                attribute.metadata["kind"].name,
                _default(attribute),
                attribute.metadata["unit"],
                *([" ".join(f"`{each}`" for each in variables(attribute))] if cls is HostConfig else []),
                attribute.metadata["doc"],
            )
        )
        + " |"
        for name, attribute in configured(cls).items()
    ]


@pytest.mark.parametrize("cls", _SECTIONS)
def test_every_key_is_described(cls):
    """Each section's table has one line for each key, in the order of the code."""
    described = [line for line in _TEXT.splitlines() if line in rows(cls)]

    assert described == rows(cls)


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
