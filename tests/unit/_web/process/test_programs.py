"""Programs that workers import."""

import sys

import pytest

from agenthost._host.config.load import load_config
from agenthost._host.runtime.start import with_secrets
from agenthost._web.process.programs import first_plan, front_of
from agenthost.errors import PlanError

SERVER = """
from agenthost import AgentBase, AgentServer

server = AgentServer("other.example", 1)
server.register(AgentBase("desk", "/desk"))
agent = AgentBase("alone")
"""


@pytest.fixture
def config(tmp_path):
    """The configuration of a worker."""
    return with_secrets(load_config(None, {"AGENTHOST_STATE_DIR": str(tmp_path / "state")}, {"port": 4000}))


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes the module ``a_shop``."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield (tmp_path / "a_shop.py").write_text
    sys.modules.pop("a_shop", None)


def test_a_program_is_served_by_the_worker_s_configuration(write, config):
    """The address of its ``AgentServer`` is for ``run``."""
    write(SERVER)
    front = front_of("a_shop:server", config)
    plan = first_plan(front)

    assert front.runtime.config == config
    assert [agent.key for agent in plan.agents] == ["desk"]
    assert sys.modules["a_shop"].server.port == 4000


def test_handlers_that_were_added_during_the_import_are_served(write, config):
    write(SERVER + "@server.app.get('/hours')\ndef hours():\n    return 'nine to five'\n")

    assert front_of("a_shop:server", config) is sys.modules["a_shop"].server.app


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (SERVER, "servers", "a_shop:servers: AttributeError"),
        (SERVER, "agent", r"is not an AgentServer: its type is AgentBase. fix: agenthost run a_shop.py:agent"),
        (SERVER + "make = lambda: server", "make", "is not an AgentServer: its type is function. fix: "),
        ("import gone_module", "server", "No module named 'gone_module'"),
        ("raise RuntimeError('no oven')", "server", r"RuntimeError: no oven \(a_shop.py:1\)"),
        ("import sys\nsys.exit(3)", "server", r"it called sys.exit\(3\) while loading"),
        (SERVER + "server.run()", "server", r"run\(\) is called while the module is imported. fix: write it below"),
        (SERVER + "agent.run()", "server", r"run\(\) is called while the module is imported"),
    ],
    ids=["no name", "agent", "function", "no module", "raises", "exits", "run", "run of an agent"],
)
def test_what_is_no_program_is_rejected(write, config, text, name, words):
    """The reason and the fix end the start, or the reload."""
    write(text)

    with pytest.raises(PlanError, match=words):
        front_of(f"a_shop:{name}", config)


def test_a_plan_that_cannot_be_served_is_rejected(write, config):
    write(SERVER + "agent.define_contexts()\nserver.register(agent)\n")

    with pytest.raises(PlanError, match=r"alone: .*context"):
        first_plan(front_of("a_shop:server", config))


def test_a_server_that_has_started_itself_is_rejected(write, config):
    write(SERVER + "server.app.start()\n")

    with pytest.raises(PlanError, match="has started its server while it was imported"):
        first_plan(front_of("a_shop:server", config))
