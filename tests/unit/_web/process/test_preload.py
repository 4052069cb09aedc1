"""Preparation of workers by the template process."""

from __future__ import annotations

import sys

import pytest

from agenthost._discovery import Candidate
from agenthost._host.config.load import load_config
from agenthost._host.packages.builtin_plugins import BUILT_IN
from agenthost._web.process import preload as room
from agenthost._web.process.preload import preload
from agenthost.tools import named_agents
from agenthost.tools.named_agents import constants_given

_MODULE = """
from agenthost import AgentBase, McpServer

SERVER = McpServer("ahead", print, imports=("read_ahead_protocol", "no_such_module"))

class Desk(AgentBase):
    @AgentBase.tool
    def book(self, day: str):
        '''Book a visit.'''
"""


@pytest.fixture
def preloaded(tmp_path, monkeypatch):
    """Return a package that is preloaded."""
    (tmp_path / "read_ahead_desk.py").write_text(_MODULE)
    (tmp_path / "read_ahead_protocol.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    offer = Candidate("agenthost.agents", "desk", "read_ahead_desk:Desk", "agenthost-desk", "1.0", "")
    decided = room.decided_packages(load_config(None, {"HOME": str(tmp_path)}))
    monkeypatch.setattr(room, "decided_packages", lambda _: room.evolve(decided, candidates=(offer,)))
    config = load_config(None, {"HOME": str(tmp_path), "AGENTHOST_STATE_DIR": str(tmp_path / "state")})
    found = preload(config, {}, None)
    yield found
    sys.meta_path.remove(found.late_imports)
    del sys.modules["read_ahead_desk"]
    sys.modules.pop("read_ahead_protocol", None)


def test_everything_that_workers_share_is_there(preloaded):
    """The modules of workers and of plugins, the application, and the signatures of tools."""
    (desk,) = preloaded.packages.candidates
    book = sys.modules[desk.value.partition(":")[0]].Desk.book

    assert {*BUILT_IN, "read_ahead_protocol"} <= sys.modules.keys()
    assert {"/live", "/ready"} <= {route.path for route in preloaded.app.routes}
    assert [*book.__agenthost_signature__] == ["book"]


def test_the_code_of_agents_is_read_once(preloaded):
    """Each worker finds the names in it without another look."""
    (desk,) = preloaded.packages.candidates
    before = named_agents._given.cache_info().misses

    constants_given(sys.modules[desk.value.partition(":")[0]].Desk.book, "hand_over")

    assert named_agents._given.cache_info().misses == before
