"""Imports change nothing that others rely on.

Each package here changes something else in the process that loads it.
"""

import json
import re
import shutil
import subprocess

import pytest
from caller import Caller, functions

AGENT = """
from agenthost import AgentBase


class A(AgentBase):
    def __init__(self):
        super().__init__(name={name!r}, route="/{name}")
        self.prompt_add_section("Role", "You are {name}.")
"""
FRAIL = (
    AGENT.format(name="frail")
    + '''
    @AgentBase.tool
    def fails(self) -> str:
        """Fail."""
        raise ValueError("no luck")
'''
)


@pytest.fixture
def put(env):
    """Return a function that installs a distribution as an installer does.

    It writes a module and its metadata.
    """
    written = []

    def put(name, code, entry_points=None, *, module=None, record=""):
        module = module or name.replace("-", "_")
        file = env.site_packages / f"{module}.py"
        info = env.site_packages / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        short = name.partition("-")[2]
        texts = {
            file: code,
            info / "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            info / "RECORD": record,
            info / "entry_points.txt": entry_points or f"[agenthost.agents]\n{short} = {module}:A\n",
        }
        for path, text in texts.items():
            path.write_text(text)
        written.extend((file, info))

    yield put
    for path in written:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def checked(env):
    """The agents of ``agenthost check --json`` by key, and its warnings and findings."""
    done = env.run("agenthost", "check", "--json")
    assert done.stdout, (done.returncode, done.stderr)
    told = json.loads(done.stdout)
    return {agent["agent"]: agent for agent in told["agents"]}, [*told["warnings"], *told["findings"]]


CHANGES = {
    "standard streams": "import os, sys\nsys.stdout = open(os.devnull, 'w')\n",
    "closed streams": "import sys\nsys.stdout.close()\n",
    "detached streams": "import sys\nsys.stdout.detach()\n",
    "warning filters": "import warnings\nwarnings.simplefilter('error')\n",
    "logging": "import logging\nlogging.disable(logging.CRITICAL)\n",
    "working directory": "import os\nos.chdir('/')\n",
    "variable AGENTHOST_PORT": "import os\nos.environ['AGENTHOST_PORT'] = '1'\n",
}


@pytest.mark.parametrize(("kind", "line"), CHANGES.items(), ids=CHANGES)
def test_what_an_import_changes_is_put_back_and_told(env, put, kind, line):
    """The neighbour that is loaded next notices nothing, and the report is whole."""
    put("aa-acts", line + AGENT.format(name="acts"))
    noticing = (
        "import logging, os, sys, warnings\n"
        "warnings.warn('an old spelling', DeprecationWarning)\n"
        "assert not sys.stdout.closed and os.getcwd() != '/' and 'AGENTHOST_PORT' not in os.environ\n"
        "assert logging.root.manager.disable == 0\n"
    )
    put("bb-innocent", noticing + AGENT.format(name="innocent"))
    agents, findings = checked(env)

    assert {key: agent["state"] for key, agent in agents.items()} == {"acts": "ready", "innocent": "ready"}
    what = "standard streams" if "streams" in kind else kind
    assert f"aa-acts 1.0 changed the process while it was loaded; the changes were undone: {what}" in findings


def test_variables_that_a_package_loads_stay(env, put):
    """Packages read ``.env`` files.

    Only variables with the host's own prefixes are restored.
    """
    put("aa-dotenv", "import os\nos.environ['SHOP_KEY'] = 'x'\n" + AGENT.format(name="dotenv"))
    put("bb-reads", "import os\nassert os.environ['SHOP_KEY'] == 'x'\n" + AGENT.format(name="reads"))

    agents, findings = checked(env)
    assert {agent["state"] for agent in agents.values()} == {"ready"}
    assert findings == []


def test_what_packages_print_is_not_in_the_output(env, put):
    """Standard output is only JSON.

    The words of packages go to standard error.
    """
    put("aa-chatty", 'print("loading 3 voices ...")\n' + AGENT.format(name="chatty"))
    for command in ("check --json", "agents --load --json", "routes --load --json", "swml chatty"):
        done = env.run("agenthost", *command.split())
        assert json.loads(done.stdout)
        assert "loading 3 voices ..." in done.stderr


def test_standard_input_is_left_to_the_command(env, put):
    """A package that reads it finds it empty.

    The chat gets every line.
    """
    put("aa-asks", "key = input('key: ')\n" + AGENT.format(name="asks"))
    put("bb-quiet", AGENT.format(name="quiet"))
    place = env.workplace()
    done = subprocess.run(  # noqa: S603
        [env.bin / "agenthost", "chat", "quiet"],
        cwd=place,
        env=env._variables(place, None),
        input="one\ntwo\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert re.findall(r"^> (.*)$", done.stdout + done.stderr, re.MULTILINE) == ["one", "two"]


TAKING_OVER = {
    "disable": "import logging\nlogging.disable(logging.CRITICAL)\n",
    "dictConfig": "import logging.config\nlogging.config.dictConfig({'version': 1})\n",
    "basicConfig": "import logging\nlogging.basicConfig(level=logging.DEBUG, force=True, format='mine: %(message)s')\n",
}


@pytest.mark.parametrize("line", TAKING_OVER.values(), ids=TAKING_OVER)
def test_the_log_of_the_host_goes_on(env, put, line):
    """A failure is logged in the host's form, with the caller's error id."""
    put("aa-takes", line + AGENT.format(name="takes"))
    put("bb-frail", FRAIL)
    with env.serve(variables={"AGENTHOST_LOG_FORMAT": "json"}) as served:
        caller = Caller.of(served)
        [tool] = functions(caller.document("/frail", "call-1")).values()
        answer = caller.call(tool["web_hook_url"], "fails", {}, "call-1")
        served.once_logged(answer["error_id"])
        lines = [json.loads(each) for each in served.stderr.splitlines() if each.startswith("{")]
        assert any(each.get("error_id") == answer["error_id"] for each in lines)
        assert "mine: " not in served.stderr
        assert served.credentials[1] not in served.stderr


@pytest.mark.parametrize("ending", ["os._exit(7)", "import signal; signal.raise_signal(11)"])
def test_check_survives_a_package_that_ends_the_process(env, put, ending):
    """At the first try, and with a report of all others."""
    put("aa-ends", f"import os\n{ending}\n" + AGENT.format(name="ends"))
    put("bb-quiet", AGENT.format(name="quiet"))
    agents, _ = checked(env)

    assert agents["quiet"]["state"] == "ready"
    assert agents["ends"]["reason"].startswith("aa-ends 1.0 ended the process while it was loaded (")


MAIN_THREAD = {
    "signal": "import signal\nsignal.signal(signal.SIGTERM, print)\n",
    "loop": "import asyncio\nasyncio.get_event_loop()\n",
}


@pytest.mark.parametrize("line", MAIN_THREAD.values(), ids=MAIN_THREAD)
def test_what_needs_the_main_thread_gets_a_fix_that_helps(env, put, line):
    put("aa-main", line + AGENT.format(name="main"))
    [agent] = checked(env)[0].values()

    if agent["state"] != "ready":
        assert agent["remedy"] == '[agents.main] isolation = "process" loads it in a main thread of its own'


def test_a_module_of_another_distribution_is_refused(env, put):
    """Two distributions contain ``agent.py``.

    The one whose file was overwritten does not serve the other's agent.
    """
    put("aa-amber", AGENT.format(name="amber"), module="agent", record=f"agent.py,sha256={'A' * 43},1\n")
    put("bb-basalt", AGENT.format(name="basalt"), module="agent")
    agents, _ = checked(env)

    assert agents["basalt"]["state"] == "ready"
    assert agents["amber"]["reason"] == "its module agent.py is that of bb-basalt, which has one of the same name"


def test_a_group_that_is_misspelt_is_told(env, put):
    """``check`` reports the group, because its agent is missing."""
    put("aa-near", AGENT.format(name="near"), "[agenthost.agent]\nnear = aa_near:A\n")
    done = env.run("agenthost", "check")

    expected = "aa-near: A111 has entry points in the group 'agenthost.agent', which the host does not read. "
    assert f"warning: {expected}fix: write 'agenthost.agents'" in done.stderr
    assert done.returncode == 1


def test_entry_points_of_other_programs_are_left_alone(env, put):
    """Their values have no effect."""
    put(
        "aa-other",
        AGENT.format(name="other"),
        "[other.program]\nx = not a reference!\n[agenthost.agents]\nother = aa_other:A\n",
    )
    agents, findings = checked(env)

    assert (agents["other"]["state"], findings) == ("ready", [])


def test_a_quarantined_plugin_is_not_nothing(env):
    """Although no agent is installed."""
    env.install("plugin-raises")
    done = env.run("agenthost", "check")

    assert "No agent is installed" not in done.stdout
    assert "agenthost-test-plugin-raises" in done.stdout
    assert done.returncode == 1
