"""Every Python block of the documentation runs.

Its agents are built, mounted and asked for their documents.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
from pathlib import Path

import attrs
import httpx
import pytest
from asking import ask
from pages import DOCS, PAGES, blocks, every, write
from plugin_option import PLUGIN_OPTION

import agenthost
from agenthost import AgentBase, AgentServer, ConfigurationError, DefinitionError, hookspecs
from agenthost._discovery import AGENTS, PLUGINS, Candidate
from agenthost._host.config.author_settings import build_settings
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import Config
from agenthost._host.plan.load import load
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.start import make_runtime, with_secrets
from agenthost._web.front import Front

_ALL = every("python")
_ALONE = [block for block in _ALL if not block.is_test]
_TESTED = [page for page in PAGES if any(block.is_test for block in blocks(page))]
_PASSWORD = "good for tests"


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    """No file, no state directory: nothing of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", _PASSWORD)
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", _PASSWORD)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))


def run(block, monkeypatch):
    """Run a block as a module of its own."""
    name = f"page_{abs(hash(block.name))}"
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, None))
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(block.text, block.name, "exec"), vars(module))  # noqa: S102 - that a page's text runs is the point
    return module


def defined(module, kind):
    """The classes of a kind that a module defines itself."""
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, kind)]
    return [value for value in found if value.__module__ == module.__name__]


def hooks(module):
    return [value for value in vars(module).values() if hasattr(value, f"{hookspecs.PROJECT}_impl")]


def document(app, route):
    answer = ask(app, "GET", route, auth=("agenthost", _PASSWORD))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("block", _ALONE, ids=[block.name for block in _ALONE])
def test_blocks_run_and_their_agents_serve(block, monkeypatch):
    """Tests below build agents whose settings have no defaults.

    The same holds for agents of plugins.
    """
    module = run(block, monkeypatch)
    for cls in defined(module, AgentBase):
        settings = getattr(cls, "Settings", None)
        if hooks(module) or (settings and any(field.default is attrs.NOTHING for field in attrs.fields(settings))):
            continue
        server = AgentServer()
        agent = cls(settings()) if settings else cls()
        server.register(agent, "/asked")
        for name in getattr(agent, "members", ()):  # a workflow is served with its agents
            server.register(AgentBase(name, f"/{name}"))

        [answer, model, *_] = document(server.app, "/asked")["sections"]["main"]
        assert (answer, list(model)) in [({"answer": {}}, ["ai"]), ({"answer": {}}, ["amazon_bedrock"])]


@pytest.mark.slow
def test_tests_that_pages_show_pass(tmp_path):
    """Each page's files are in a folder of its own.

    pytest runs once over all of them.
    """
    for page in _TESTED:
        folder = tmp_path / "pages" / page.stem
        folder.mkdir(parents=True)
        write(page, folder)
    sources = (str(folder) for folder in tmp_path.glob("pages/*/src"))
    path = {"PYTHONPATH": os.pathsep.join([str(Path(agenthost.__file__).parents[1]), *sources])}
    options = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=.", *PLUGIN_OPTION]
    command = [sys.executable, "-m", "pytest", *options, "pages"]
    done = subprocess.run(  # noqa: S603 - a command of our own
        [*command, *PLUGIN_OPTION, "pages"],
        cwd=tmp_path,
        env=os.environ | path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_with_tests_are_found():
    assert {"first-agent", "test-an-agent"} <= {page.stem for page in _TESTED}


_PLUGINS = [block for block in _ALONE if "@hookimpl" in block.text]


@pytest.mark.parametrize("block", _PLUGINS, ids=[block.name for block in _PLUGINS])
def test_plugins_are_loaded_and_do_something(block, monkeypatch, tmp_path):
    """The plugins of a page load, and the host serves their additions."""
    module = run(block, monkeypatch)
    config = with_secrets(load_config(None, {"AGENTHOST_PASSWORD": _PASSWORD, "AGENTHOST_STATE_DIR": str(tmp_path)}))
    loaded = load(config, [Candidate(PLUGINS, "shown", module.__name__, "page", "1", "")])
    [plugin] = loaded.plugins
    assert (plugin.state, plugin.diagnosis) == ("ready", None)

    front = Front(make_runtime(config))
    plan = front.assemble(make_plan(config, loaded))
    front.publish(plan)
    assert plan.problems == 0
    for agent in plan.agents:
        assert document(front, agent.route)
    paths = {route.path for route in front.behind.litestar.routes}
    assert bool(plan.agents) == ("agents" in plugin.hooks)
    assert bool(paths - {"/live", "/startup", "/ready", "/ready/{agent}", "/health", "/health/{agent}"}) >= (
        "configure_app" in plugin.hooks
    )


def test_what_the_guide_on_skills_promises(monkeypatch, tmp_path):
    """The skill is found by its entry point, and works for its agent.

    It refuses invalid parameters.
    """
    page = DOCS / "how-to" / "write-a-skill.md"
    _, skill, _ = blocks(page, "python")
    metadata = tmp_path / "agenthost_tides-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.4\nName: agenthost-tides\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[agenthost.skills]\ntides = agenthost_tides:TidesSkill\n")
    (tmp_path / "agenthost_tides.py").write_text(skill.text)
    agent = AgentBase("pilot").add_skill("tides", {"place": "lighthouse"})
    assert agent.on_function_call("high_tide", {}).to_dict() == {"response": "The tide is high at 06:30 and 18:55."}
    assert agent.prompt_has_section("Tides")
    with pytest.raises(DefinitionError, match="there are no tides for 'moon'"):
        AgentBase("lost").add_skill("tides", {"place": "moon"})


def test_what_the_guide_on_tools_promises(monkeypatch):
    """Arguments are converted or explained, and injected ones are hidden.

    A failure has the tool's own sentence.
    """
    page = DOCS / "how-to" / "write-tools.md"
    typed, quick, plain = (run(block, monkeypatch) for block in blocks(page, "python"))
    server = AgentServer()
    server.register(typed.DentalAgent())
    server.register(quick.DeskAgent())
    server.register(plain.SalesAgent())
    functions = {
        entry["function"]: entry
        for route in ("/dental", "/sales")
        for entry in document(server.app, route)["sections"]["main"][1]["ai"]["SWAIG"]["functions"]
    }

    assert quick.DeskAgent()._declared.draft.tools["hours"].on_loop

    async def call(route, tool, arguments):
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", auth=("agenthost", _PASSWORD)
        ) as client:
            found = (await client.get(route, params={"call_id": "c"})).json()["sections"]["main"][1]["ai"]["SWAIG"]
            url = next(entry for entry in found["functions"] if entry["function"] == tool).get("web_hook_url")
            body = {"function": tool, "call_id": "c", "caller_id_num": "+15550100", "arguments": arguments}
            return (await client.post(url or found["defaults"]["web_hook_url"], json=body)).json()

    assert list(functions["book_visit"]["parameters"]["properties"]) == ["day", "reason", "minutes"]
    booked = asyncio.run(call("/dental", "book_visit", {"day": "MON", "minutes": "30", "unheard": "of"}))
    assert booked == {
        "response": "Booked for mon, 30 minutes.",
        "action": [{"set_global_data": {"day": "mon", "patient": "+15550100", "reason": "check-up"}}],
    }
    for arguments in ({"day": "fri"}, {"day": "mon", "minutes": "many"}):
        said = asyncio.run(call("/dental", "book_visit", arguments))["response"]
        assert f"`{said}`" in page.read_text(encoding="utf-8").replace("\n", " ")
    assert asyncio.run(call("/dental", "opening_hours", {})) == {"response": "Monday to Wednesday, 8 to 5."}
    assert asyncio.run(call("/sales", "get_pricing", {"product": "pro"})) == {"response": "pro costs $199/month."}


def test_an_agent_gets_its_settings(monkeypatch, tmp_path):
    """The page's file fills the page's class.

    The error on the page is the real one.
    """
    page = DOCS / "how-to" / "agent-settings.md"
    [code, *_] = blocks(page, "python")
    [section, *_] = blocks(page, "toml")
    module = run(code, monkeypatch)
    (tmp_path / "agenthost.toml").write_text(section.text, encoding="utf-8")
    config = load_config(None, {"CALENDAR_TOKEN": "opens the calendar"})

    loaded = load(config, [Candidate(AGENTS, "dental", f"{module.__name__}:DentalAgent", "page", "1", "")])
    [built] = loaded.built
    assert built.agent._token == "opens the calendar"
    assert "there are 3 rooms" in str(built.agent._declared.draft.prompt.to_dict("dental"))

    values = {**config.agents["dental"].settings, "rooms": 0}
    with pytest.raises(ConfigurationError) as refused:
        build_settings(module.DentalSettings, values, config.place("agents", "dental"))
    assert blocks(page, "text")[0].text.strip() == str(refused.value)


def test_mistakes_in_the_file_read_as_the_guide_says(tmp_path):
    """The guide's error is what a misspelt key gives."""
    (tmp_path / "agenthost.toml").write_text("[host]\nprot = 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_config(None, {})

    told = blocks(DOCS / "how-to" / "configure.md", "text")[0].text.strip()
    assert told.endswith(", …")  # and all others
    assert f"agenthost: {refused.value}".startswith(told.removesuffix("…"))
    assert Config().host.port == 3000
