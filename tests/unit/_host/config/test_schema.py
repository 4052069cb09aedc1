"""Tables: each key declared once."""

from __future__ import annotations

import attrs
import pytest

from agenthost._host.config.declaration import LIVE, PROCESS, RESTART, Table, keys_of
from agenthost._host.config.host_table import HostConfig
from agenthost._host.config.limits import Limits
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.config.sip_rules import RuleConfig

TABLES = [
    *(type(each) for each in attrs.asdict(Config(), recurse=False).values() if isinstance(each, Table)),
    AgentConfig,
    RuleConfig,
]


@pytest.mark.parametrize("cls", TABLES)
def test_a_key_is_declared_in_full(cls):
    """Each has a sentence for the docs, an effect, and two values that are accepted."""
    for key in keys_of(cls).values():
        assert key.doc
        assert key.effect in (LIVE, PROCESS, RESTART)
        assert key.kind.example != key.kind.other != ""


def test_an_agent_overrides_what_the_host_allows():
    """The keys of ``[host]`` that an agent may override have the same kind there."""
    allowed = {name: key.kind for name, key in keys_of(HostConfig).items() if key.per_agent}
    own = {name: key.kind for name, key in keys_of(AgentConfig).items() if key.doc.startswith("As in `[host]`")}

    assert own == allowed
    assert {each.name for each in attrs.fields(Limits)} - {"busy"} < allowed.keys()
