"""Preparation of workers by the template process."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import pytest

from agenthost import AgentServer
from agenthost._discovery import Candidate
from agenthost._host.config.load import load_config
from agenthost._host.packages.builtin_plugins import BUILT_IN
from agenthost._host.plan import reach
from agenthost._web.process import preload as room
from agenthost._web.process.preload import preload
from agenthost.agent.base import declared

_MODULE = """
from agenthost import AgentBase, FunctionResult, McpServer

SERVER = McpServer("ahead", print, imports=("read_ahead_protocol", "no_such_module"))

class Desk(AgentBase):
    @AgentBase.tool
    def book(self, day: str):
        '''Book a visit.'''
        return FunctionResult("One moment.").hand_over("nobody")
"""


_WORKER = """
import os, sys
from agenthost._host.config.load import load_config
from agenthost._host.runtime.start import installed_plan, start_logging, with_secrets
from agenthost._web.process import template
config = with_secrets(load_config(None, os.environ))
template.start_logging(config)
preloaded = template.preload(config, {}, None)
known = {*sys.modules}
from agenthost._web.process import worker
front = worker._front(config, preloaded)
plan = front.assemble(installed_plan(config, packages=preloaded.packages, serving=True))
worker.remember(config, plan)
print(*({*sys.modules} - known))
"""


@pytest.fixture
def preloaded(tmp_path, monkeypatch):
    """Return a package that is preloaded."""
    (tmp_path / "read_ahead_desk.py").write_text(_MODULE)
    (tmp_path / "read_ahead_protocol.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    offer = Candidate("agenthost.agents", "desk", "read_ahead_desk:Desk", "agenthost-desk", "1.0", "")
    decided = room.decided_packages(load_config(None, {"HOME": str(tmp_path)}))
    monkeypatch.setattr(room, "decided_packages", lambda *_, **__: room.evolve(decided, candidates=(offer,)))
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


@pytest.mark.slow
def test_workers_import_nothing(tmp_path):
    """Each would have a copy of its own."""
    environ = {
        "HOME": str(tmp_path),
        "AGENTHOST_STATE_DIR": str(tmp_path / "state"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(  # noqa: S603 - this test's own program
        [sys.executable, "-c", _WORKER], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, check=True
    )
    assert done.stdout.decode().split() == []


def test_the_code_of_agents_is_read_once(preloaded, monkeypatch):
    """Workers need not look at it, which would copy its memory."""
    (desk,) = preloaded.packages.candidates
    cls = sys.modules[desk.value.partition(":")[0]].Desk
    server = AgentServer()
    server.register(cls("desk"), "/desk")
    monkeypatch.setattr(reach, "constants_given", pytest.fail)

    assert any("'nobody', which is not served" in each for each in server._first_plan().warnings)


def test_signatures_of_tools_are_read_once(preloaded, monkeypatch):
    (desk,) = preloaded.packages.candidates
    cls = sys.modules[desk.value.partition(":")[0]].Desk
    monkeypatch.setattr(inspect, "signature", pytest.fail)

    assert [*declared(cls("desk")).draft.tools] == ["book"]
