"""``agenthost tool`` and ``agenthost swml`` with an agent in a file, without a server."""

from __future__ import annotations

import json
import re
import sys

import pytest

from agenthost._cli import main

LIBRARY = '''
from enum import Enum

from agenthost import AgentBase, Call, DataMap, FunctionResult


class LibraryAgent(AgentBase):
    def __init__(self):
        super().__init__(name="library", route="/library", fallback="The shelves are closed.")
        self.prompt_add_section("Role", "You answer the phone of a library.")
        self.set_param("wait", 1)
        self.define_tool("plain", "Say what came", {}, lambda args, raw_data: str([args, raw_data["function"]]))
        self.define_tool("fail", "Fail", {}, fail)
        self.define_tool("elsewhere", "Ask elsewhere", {}, webhook_url="https://elsewhere.example/x")
        self.register_swaig_function(DataMap("platform").purpose("Ask").fallback_output(FunctionResult("x")))

    @AgentBase.tool
    async def renew(self, title: str, weeks: int = 2, borrowed_by: str = "") -> FunctionResult:
        """Renew a book."""
        result = FunctionResult(f"{title}: {weeks} more weeks{borrowed_by and ' for ' + borrowed_by}.")
        return result.update_global_data({"title": title})

    @AgentBase.tool
    def order(self, titles: list[str], shelves: list[int], extra: dict | None = None, urgent: bool = False) -> str:
        """Order books."""
        return str([titles, shelves, extra, urgent])

    @AgentBase.tool
    def body(self, body: str, raw: bool = False) -> str:
        """Its arguments are called like options."""
        return str([body, raw])

    @AgentBase.tool
    def caller(self, call: Call) -> str:
        """Tell who calls."""
        return f"{call.caller_number} in {call.id}"


def fail(args):
    raise ConnectionError("the shelves are on fire")
'''
GUESTS = """
from agenthost import AgentBase


class GuestsAgent(AgentBase):
    def __init__(self):
        super().__init__(name="guests", route="/guests", fallback="The guest book is closed.")
        self.prompt_add_section("Role", "You greet guests.")
        self.add_per_call_config(self.configure)

    async def configure(self, query, body, headers, agent):
        if query.get("guest") == "trouble":
            raise RuntimeError("the guest book is on fire")
        guest = query.get("guest") or body.get("guest")
        if guest:
            agent.define_tool("greet", "Greet", {}, lambda args: f"Hello, {guest}.")
        if not query.get("forgotten"):
            agent.add_swaig_query_params({"guest": guest} if guest else {})
"""
SEVERAL = """
from agenthost import AgentBase


class One(AgentBase):
    def __init__(self):
        super().__init__(name="one")


two = One()
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A directory with agents in files, and no state of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", "for tests")
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "for tests")
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, text in {"library": LIBRARY, "guests": GUESTS, "several": SEVERAL, "json": SEVERAL}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "nothing.py").write_text("answer = 42\n")
    (tmp_path / "broken.py").write_text("def broken(:\n")
    (tmp_path / "exits.py").write_text("import sys\nsys.exit(3)\n")
    modules = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in sys.modules[name].__file__:
            del sys.modules[name]


@pytest.fixture
def agenthost(monkeypatch, capsys):
    """Run a command line, and return exit code, stdout and stderr."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["agenthost", *words])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def tool(agenthost):
    """Run a tool of the library, and return exit code and stdout."""
    return lambda *words: agenthost("tool", "library.py", *words)[:2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["renew", "--title", "Emma", "--weeks", "3"], "Emma: 3 more weeks."),
        (["renew", "--title=Emma", "--weeks=3"], "Emma: 3 more weeks."),
        (["renew", "--title", "Emma", "--weeks", "3", "--unheard", "of"], "Emma: 3 more weeks."),
        (["renew", "--title", "a=b", "--borrowed-by", "Ann"], "a=b: 2 more weeks for Ann."),
        (["renew", "--title", "-1", "--borrowed_by", "--me"], "-1: 2 more weeks for --me."),
        (["renew", "--title", "Ümläut ☎"], "Ümläut ☎: 2 more weeks."),
        (["renew", "--weeks", "3"], "title is missing; it must be text"),
        (["renew", "--title", "Emma", "--weeks", "many"], "weeks must be an integer"),
        (["order", "--titles", '["a", "b"]', "--shelves", "[1]"], "[['a', 'b'], [1], None, False]"),
        (["order", "--titles", "a", "--titles", "b c", "--shelves", "1"], "[['a', 'b c'], [1], None, False]"),
        (["order", "--titles=a", "--shelves=1", "--shelves=2", "--urgent"], "[['a'], [1, 2], None, True]"),
        (["order", "--urgent", "--titles=a", "--shelves=1"], "[['a'], [1], None, True]"),
        (["order", "--urgent", "no", "--titles=a", "--shelves=1"], "urgent must be true or false"),
        (["order", "--urgent=false", "--titles=a", "--shelves=1"], "[['a'], [1], None, False]"),
        (["order", "--titles=a", "--shelves=1", "--extra", '{"x": 1}'], "[['a'], [1], {'x': 1}, False]"),
        (["order", "--titles=a", "--shelves=1", "--extra", "[1]"], "extra must be an object"),
        (["body", "--", "--body", "heavy", "--raw"], "['heavy', True]"),
        (["plain", "--any", "5"], "[{'any': '5'}, 'plain']"),
        (["plain"], "[{}, 'plain']"),
        (["caller", "--call-id", "c-1", "--body", '{"caller_id_num": "+15550100"}'], "+15550100 in c-1"),
        (["caller", "--body", '{"call_id": "c-2"}'], "None in c-2"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_tool_says_what_it_would_say_to_the_platform(tool, words, said):
    """Arguments may have types, be lists, objects or booleans.

    Refused arguments are an answer, not a failure.
    """
    code, printed = tool(*words)

    assert (code, printed.splitlines()[0]) == (0, said)


def test_actions_follow(tool):
    assert tool("renew", "--title", "Emma") == (
        0,
        'Emma: 2 more weeks.\n  action: {"set_global_data": {"title": "Emma"}}\n',
    )


def test_raw_shows_both_sides(tool):
    code, printed = tool("renew", "--title", "Emma", "--raw", "--call-id", "c-1")

    assert (code, json.loads(printed)) == (
        0,
        {
            "request": {
                "function": "renew",
                "argument": {"parsed": [{"title": "Emma"}], "raw": '{"title": "Emma"}'},
                "call_id": "c-1",
            },
            "response": {
                "response": "Emma: 2 more weeks.",
                "action": [{"set_global_data": {"title": "Emma"}}],
            },
        },
    )


def test_curl_is_one_line_for_a_shell(tool, monkeypatch):
    """It has the public address if there is one.

    The tool does not run.
    """
    code, local = tool("fail", "--curl")
    monkeypatch.setenv("SWML_PROXY_URL_BASE", "https://agents.example")
    _, public = tool("fail", "--curl")

    request = r"""-H 'content-type: application/json' -d '\{"function": "fail", .*\}'\n"""
    token = r"/library/swaig/\?__token=[\w.]+"
    assert code == 0
    assert re.fullmatch(rf"curl 'http://agenthost:for%20tests@127\.0\.0\.1:3000{token}' {request}", local)
    assert re.fullmatch(rf"curl 'https://agenthost:for%20tests@agents\.example{token}' {request}", public)


def test_a_tool_that_fails(agenthost, caplog):
    """The caller's sentence is printed, the error is logged, and the exit code is 1."""
    code, printed, beside = agenthost("tool", "library.py", "fail")

    error_id = re.search(r"e-[0-9a-f]{12}", beside)[0]
    assert (code, printed) == (1, "The shelves are closed.\n")
    assert beside == f"The tool failed ({error_id}, see above): the caller hears this fallback.\n"
    assert f"tool fail of agent library failed ({error_id})" in caplog.text
    assert "the shelves are on fire" in caplog.text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["library.py", "lend"],
            2,
            "agent 'library' has no tool 'lend'. It has: renew, order, body, caller, plain, fail, ",
        ),
        (["library.py", "platform"], 2, "tool 'platform' of agent 'library' runs on the platform."),
        (["library.py", "elsewhere"], 2, "is answered by https://elsewhere.example/x, not by this host."),
        (["library.py", "renew", "Emma"], 2, "'Emma': write the tool's arguments as --name value."),
        (["library.py", "renew", "--title"], 2, "--title needs a value."),
        (["library.py", "order", "--extra", "{"], 2, "--extra must be JSON: "),
        (["library.py", "order", "--titles", "[1"], 2, "--titles must be JSON: "),
        (["library.py", "order", "--shelves", "first"], 2, "--shelves must be JSON: "),
        (["library.py", "plain", "--body", "{"], 2, "--body is not JSON: "),
        (["library.py", "plain", "--body", "[]"], 2, "--body must be a JSON object."),
        (["library.py", "plain", "--body", '{"call": 5}'], 2, "--body: call must be an object."),
        (["library.py", "plain", "--query", "guest"], 2, "--query guest: write it as --query name=value."),
        (["library.py:Nobody", "x"], 4, "library.py: there is no agent 'Nobody' in it. Agents there: LibraryAgent."),
        (["several.py", "x"], 4, "several.py: there are several agents in it: One, "),
        (["nothing.py", "x"], 4, "nothing.py: there is no agent in it, neither a subclass of"),
        (["missing.py", "x"], 4, "missing.py: there is no such Python file."),
        (["broken.py", "x"], 4, "broken.py: SyntaxError: invalid syntax (broken.py, line 1)"),
        (["exits.py", "x"], 4, "exits.py: SystemExit: 3"),
        (["nobody", "x"], 4, "there is no agent 'nobody'. "),
        (["library.py", "renwe"], 2, "agent 'library' has no tool 'renwe'. Did you mean renew? It has: renew, order"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_mistakes_are_told(agenthost, words, code, said):
    """In a sentence, without a traceback."""
    ended, printed, beside = agenthost("tool", *words)

    assert (ended, printed) == (code, "")
    assert said in " ".join(beside.split())
    assert "Traceback" not in beside


def test_one_of_several_agents_is_named(agenthost):
    """A class or an object may be named.

    The file may have the name of a module of Python.
    """
    for name in ("several.py:One", "several.py:two", "json.py:One"):
        code, printed, _ = agenthost("swml", name)
        assert (code, json.loads(printed)["sections"]["main"][0]) == (0, {"answer": {}})


STORED = """
from agenthost import AgentBase


class CounterAgent(AgentBase):
    def __init__(self):
        super().__init__(name="counter")

    @AgentBase.tool
    async def count(self) -> str:
        return str(await self.state.incr("count"))
"""


class TestStores:
    @pytest.fixture
    def count(self, agenthost, place):
        (place / "counter.py").write_text(STORED, encoding="utf-8")
        (place / "agenthost.toml").write_text('[host]\nstate_dir = "state"\n', encoding="utf-8")
        return lambda *words: agenthost("tool", "counter.py", "count", *words)

    def test_nothing_is_kept(self, count, place):
        """The store of the host is not even created."""
        for _ in range(2):
            code, printed, beside = count()
            assert (code, printed) == (0, "1\n")
            assert beside.endswith("used a store in memory, which ends here. --state configured uses the host's.\n")
        assert not list(place.glob("state/*.db"))

    def test_the_one_of_the_configuration(self, count, place):
        first, second = count("--state", "configured"), count("--state", "configured")
        assert [first[1], second[1]] == ["1\n", "2\n"]
        assert second[2] == "The agent used the store sqlite://.\n"
        assert [path.name for path in place.glob("state/*.db")] == ["state.db"]

    def test_another_one(self, count, place):
        count("--state", "sqlite:///other.db")
        assert count("--state", "sqlite:///other.db")[1] == "2\n"
        assert [path.name for path in place.glob("state/*.db")] == ["other.db"]

    def test_none_at_all(self, count):
        code, _, beside = count("--state", "other")
        assert (code, "--state: it is not the URL of a store" in beside) == (2, True)


class TestDescriptions:
    def test_of_all_tools(self, agenthost):
        """The list has the names of the arguments, and those of tools that run elsewhere."""
        code, printed, _ = agenthost("tool", "library.py")
        words = " ".join(printed.split())

        assert code == 0
        assert "renew --title TEXT [--weeks INTEGER] [--borrowed-by TEXT] Renew a book." in words
        assert "platform Ask (runs: on the platform)" in words
        assert "elsewhere Ask elsewhere (runs: https://elsewhere.example/x)" in words

    def test_of_one(self, agenthost):
        code, printed, _ = agenthost("tool", "library.py", "order", "--help")
        words = " ".join(printed.split())

        assert code == 0
        assert words.startswith("Usage: agenthost tool library order --titles JSON --shelves JSON [--extra JSON]")
        assert "--titles JSON [required]" in words
        assert "--urgent" in words

    def test_as_data(self, agenthost):
        listed = json.loads(agenthost("tool", "library.py", "--json")[1])
        [renew] = [tool for tool in listed if tool["tool"] == "renew"]

        assert (renew["description"], renew["runs"]) == ("Renew a book.", "here")
        assert renew["parameters"]["required"] == ["title"]
        assert json.loads(agenthost("tool", "library.py", "renew", "--help", "--json")[1]) == renew

    def test_of_one_call(self, agenthost):
        assert agenthost("tool", "guests.py") == (0, "agent 'guests' has no tools.\n", "")
        assert agenthost("tool", "guests.py", "--query", "guest=ann")[1] == "greet  Greet\n"
        assert agenthost("tool", "guests.py", "--query", "guest=trouble")[0] == 4

    def test_of_the_command(self, agenthost):
        code, printed, _ = agenthost("tool", "--help")
        assert (code, printed.startswith("Usage: agenthost tool [OPTIONS] [AGENT] [TOOL]")) == (0, True)


@pytest.mark.parametrize("command", ["ask", "chat", "simulate", "state", "swml"])
def test_a_command_without_its_agent_lists_the_candidates(agenthost, monkeypatch, command):
    monkeypatch.setattr("agenthost._cli.parts.completions.installed_agents", lambda: ["clinic", "desk"])

    code, _, beside = agenthost(command)

    assert (code, beside.endswith("'. Installed: clinic, desk.\n")) == (2, True)


def test_an_answer_as_data(tool):
    code, printed = tool("renew", "--title", "Emma", "--json")

    assert (code, json.loads(printed)["response"]) == (0, "Emma: 2 more weeks.")


# -- agents that are configured for each call -------------------------------------------------------------------------


def test_a_tool_of_one_call(agenthost):
    """The tool's address contains the query of the document, as on the platform."""
    assert agenthost("tool", "guests.py", "greet", "--query", "guest=ann ß") == (0, "Hello, ann ß.\n", "")
    assert "guest=ann" in agenthost("tool", "guests.py", "greet", "--query", "guest=ann", "--curl")[1]


@pytest.mark.parametrize("words", [[], ["--query", "guest=ann", "--query", "forgotten=1"]])
def test_a_tool_of_another_call_is_not_there(agenthost, words):
    """Nor is the tool of an agent without the state to find it.

    The platform would find neither.
    """
    code, _, beside = agenthost("tool", "guests.py", "greet", *words)

    assert code == 2
    assert "agent 'guests' has no tool 'greet'. It has: none." in beside


def test_a_configuration_that_fails(agenthost):
    code, _, beside = agenthost("tool", "guests.py", "greet", "--query", "guest=trouble")
    assert (code, "agent 'guests' cannot make its document for this call (e-" in beside) == (4, True)

    code, printed, beside = agenthost("swml", "guests.py", "--query", "guest=trouble")
    assert json.loads(printed)["sections"]["main"][1] == {"play": {"url": "say:The guest book is closed."}}
    assert (code, "this is its fallback document" in beside) == (1, True)


def test_the_document_of_one_call(agenthost):
    def tools(*words):
        [ai] = [verb["ai"] for verb in json.loads(agenthost("swml", "guests.py", *words)[1])["sections"]["main"][1:]]
        return [function["function"] for function in ai.get("SWAIG", {}).get("functions", ())]

    assert tools() == []
    assert tools("--query", "guest=ann") == tools("--body", '{"guest": "ann"}') == ["greet"]


# -- swml --validate --------------------------------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "required": ["version", "sections"],
    "properties": {
        "sections": {
            "properties": {
                "main": {"items": {"properties": {"ai": {"properties": {"params": {"additionalProperties": False}}}}}}
            }
        }
    },
}


def test_a_document_without_findings(agenthost, place):
    (place / "schema.json").write_text(json.dumps(SCHEMA))

    code, printed, beside = agenthost("swml", "guests.py", "--validate", "schema.json")

    assert (code, list(json.loads(printed)), beside) == (0, ["version", "sections"], "")


def test_findings_are_questions(agenthost, place):
    """Each says where, and the last line says what a finding is worth."""
    (place / "schema.json").write_text(json.dumps(SCHEMA))

    code, printed, beside = agenthost("swml", "library.py", "--validate", "schema.json")

    [finding, lag] = beside.splitlines()
    assert (code, list(json.loads(printed))) == (1, ["version", "sections"])
    assert finding.startswith("sections/main/1/ai/params: False schema does not allow 1")
    assert lag.startswith("A published schema of SWML usually lags behind the platform")


def test_a_finding_is_about_the_verb_that_is_meant(agenthost, place):
    """It is about the verb that is present, of all that the schema allows.

    Its length is limited.
    """
    ai = {"properties": {"SWAIG": {"type": "string"}, "params": {"maxProperties": 0}}}
    verbs = [
        {"properties": {name: schema}, "required": [name], "additionalProperties": False}
        for name, schema in {"answer": {}, "play": {"type": "object"}, "ai": ai}.items()
    ]
    schema = {"properties": {"sections": {"properties": {"main": {"items": {"anyOf": verbs}}}}}}
    (place / "schema.json").write_text(json.dumps(schema))

    _, _, beside = agenthost("swml", "library.py", "--validate", "schema.json")

    [_, swaig, params] = sorted(beside.splitlines())
    assert swaig.startswith("sections/main/1/ai/SWAIG: {")
    assert params.startswith("sections/main/1/ai/params: ")
    assert max(map(len, beside.splitlines())) < 250


@pytest.mark.parametrize("text", [None, "{", '{"type": "nothing"}'])
def test_a_schema_that_is_none(agenthost, place, text):
    if text is not None:
        (place / "schema.json").write_text(text)

    code, _, beside = agenthost("swml", "library.py", "--validate", "schema.json")

    assert (code, beside.startswith("agenthost: schema.json: not a JSON Schema: ")) == (3, True)


def test_a_stable_document(agenthost, monkeypatch):
    """It is the same with another password, address and call."""
    first = agenthost("swml", "library.py", "--stable")[1]
    monkeypatch.setenv("AGENTHOST_PASSWORD", "another")
    monkeypatch.setenv("SWML_PROXY_URL_BASE", "http://agents.example")
    second = agenthost("swml", "library.py", "--stable", "--call-id", "c-2")[1]

    assert first == second
    assert "http://USER:PASSWORD@HOST/library/swaig/?__token=TOKEN" in first


class TestCompletion:
    @pytest.fixture
    def complete(self, monkeypatch, capsys):
        """Ask for completions as bash does, and return them."""

        def completed(*words):
            monkeypatch.setenv("_AGENTHOST_COMPLETE", "bash_complete")
            monkeypatch.setenv("COMP_WORDS", " ".join(["agenthost", *words]))
            monkeypatch.setenv("COMP_CWORD", str(len(words)))
            monkeypatch.setattr(sys, "argv", ["agenthost"])
            with pytest.raises(SystemExit):
                main()
            return [line.partition(",")[2] for line in capsys.readouterr().out.split()]

        return completed

    def test_of_agents(self, complete):
        """Files of the folder are agents, too."""
        assert complete("tool", "lib") == ["library.py"]
        assert {"guests.py", "library.py"} <= set(complete("swml", ""))

    def test_of_tools(self, complete):
        assert complete("tool", "library.py", "re") == ["renew"]
        assert complete("tool", "library.py", "x") == []

    def test_of_an_agent_that_cannot_be_built(self, complete):
        """The shell gets nothing, and no error."""
        assert complete("tool", "broken.py", "") == []

    def test_of_a_project(self, complete, place):
        """A project that is not there changes nothing."""
        entry_points = '[project.entry-points."agenthost.agents"]\nlibrary = "library:LibraryAgent"\n'
        (place / "pyproject.toml").write_text(f'[project]\nname = "library"\n{entry_points}')

        assert complete("--project", ".", "tool", "libr") == ["library", "library.py"]
        assert complete("--project", ".", "tool", "library", "re") == ["renew"]
        assert complete("--project", "nowhere", "tool", "libr") == ["library.py"]
        assert complete("--project", "nowhere", "tool", "library", "") == []

    def test_of_targets(self, complete):
        """The shell completes files and folders itself."""
        assert [complete(command, "li") for command in ("check", "dev", "run")] == [["li"]] * 3


SETTINGS = """
from attrs import frozen

from agenthost import AgentBase


@frozen
class DeskSettings:
    hours: str{default}


class DeskAgent(AgentBase):
    Settings = DeskSettings

    def __init__(self, settings: DeskSettings) -> None:
        super().__init__("desk", "/desk")
        self._hours = settings.hours

    @AgentBase.tool
    def opening_hours(self) -> str:
        \"\"\"Tell the hours.\"\"\"
        return self._hours
"""


def test_an_agent_in_a_file_has_the_defaults_of_its_settings(agenthost, tmp_path):
    for name, default in (("desk.py", ' = "nine to five"'), ("unset.py", "")):
        (tmp_path / name).write_text(SETTINGS.replace("{default}", default))

    assert agenthost("tool", str(tmp_path / "desk.py"), "opening_hours")[:2] == (0, "nine to five\n")
    code, printed, beside = agenthost("tool", str(tmp_path / "unset.py"), "opening_hours")
    assert (code, printed) == (4, "")
    assert "unset.py: hours: it is missing" in " ".join(beside.split())
