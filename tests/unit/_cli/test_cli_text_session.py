"""``agenthost ask`` and ``agenthost chat`` with agents in a file.

The model is the offline one or a scripted one.
"""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
import sys
from contextlib import suppress

import pytest

from agenthost._cli import main
from agenthost.testing import Calls, Fails, Hangs, Says, ScriptedModel

SHOP = '''
from typing import Literal

from agenthost import AgentBase


class Shop(AgentBase):
    def __init__(self):
        super().__init__("shop", "/shop")

    @AgentBase.tool
    def price(self, product: Literal["basic", "pro"]) -> str:
        """Tell the price of a product."""
        return f"{product} costs $99."

    @AgentBase.tool
    def person(self):
        """Connect to a human being."""
        from agenthost import FunctionResult

        return FunctionResult("A person calls back.").connect("+15550100")
'''


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in the shop's directory, and return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")

    def run(*words, typed="", toml=None):
        if toml is not None:
            (tmp_path / "agenthost.toml").write_text(toml, encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["agenthost", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        monkeypatch.delitem(sys.modules, "shop", raising=False)
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def scripted(url, more=""):
    return f'[models]\ndefault = "openai"\n[models.openai]\nurl = "{url}"\nretries = 0\n{more}'


def test_ask_answers_and_says_how_to_configure_a_model(run):
    code, out, err = run("ask", "shop.py", "What does pro cost?")

    assert (code, out) == (0, "[offline model] pro costs $99.\n")
    assert "set OPENAI_API_KEY" in err
    assert "shop · price: pro costs $99." in err


def test_on_a_terminal_an_event_is_one_line(run, monkeypatch):
    """Its beginning, so that answers are not lost among what tools said."""
    monkeypatch.setenv("COLUMNS", "24")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, out, err = run("ask", "shop.py", "What does pro cost?")

    assert out == "[offline model] pro costs $99.\n"
    assert "  · shop · price: pro c…" in err


def test_ask_for_programs(run):
    code, out, _ = run("ask", "shop.py", "A human being, please", "--json", "--conversation", "c-1")

    told = json.loads(out)
    assert (code, told["agent"], told["conversation"]) == (0, "shop", "c-1")
    assert told["escalate"] == "person connects the caller to +15550100"
    assert [event["event"] for event in told["events"]] == ["tool_started", "tool_ended"]


def test_ask_goes_on_with_a_conversation_and_knows_what_it_is_told(run):
    with ScriptedModel(Says("Hello."), Says("Again.")) as model:
        run("ask", "shop.py", "One", "--conversation", "c-1", toml=scripted(model.url))
        code, out, err = run("ask", "shop.py", "Two", "--conversation", "c-1", "--context", '{"customer": "Ann"}')
        said = [message["content"] for message in model.requests[1]["messages"][1:]]

    assert (code, out, err) == (0, "Again.\n", "")
    assert (said[0], said[1], said[-1]) == ("One", "Hello.", "Two")
    assert '"customer": "Ann"' in said[2]


@pytest.mark.parametrize(
    ("step", "more", "told"),
    [
        (Fails(401, message="bad key"), "", "rejects the request (HTTP 401"),
        (Hangs(), "timeout = 0.3\n", "did not answer within 0.3 s"),
        (Hangs(), "[conversation]\ntimeout = 0.3\n", "0.3 s"),
    ],
    ids=["refused", "slow model", "slow turn"],
)
def test_ask_without_an_answer_says_why(run, step, more, told):
    with ScriptedModel(step) as model:
        code, out, err = run("ask", "shop.py", "Hello", "--json", toml=scripted(model.url, more))

    assert code == 1
    assert told in err or "took longer" in err
    assert json.loads(out)["error"] in err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("ask", "gone", "Hello"), 4, "there is no agent 'gone'"),
        (("ask", "shop.py", " "), 1, "the message is empty"),
        (("ask", "shop.py", "Hello", "--context", "[]"), 2, "--context must be a JSON object"),
        (("chat", "gone"), 4, "there is no agent 'gone'"),
    ],
)
def test_mistakes_are_one_sentence(run, words, code, told):
    found, _, err = run(*words)

    assert (found, told in err, "Traceback" in err) == (code, True, False)


def test_chat_answers_line_by_line(run):
    code, out, err = run("chat", "shop.py", typed="What does pro cost?\n\n/new\nAnd basic, its price?\n/quit\nnever\n")

    assert (code, out) == (0, "[offline model] pro costs $99.\n[offline model] basic costs $99.\n")
    assert err.count("set OPENAI_API_KEY") == 1
    assert err.count("conversation c-") == 2


def test_chat_shows_what_is_piped_in_and_turns_to_another_agent(run):
    """An agent that is not there leaves the conversation with the one that is."""
    code, out, err = run("chat", "shop.py", typed="Price of pro?\n/to nobody\n/to shop\nbasic, its price?\n")

    assert (code, out) == (0, "[offline model] pro costs $99.\n[offline model] basic costs $99.\n")
    assert [line for line in err.splitlines() if line.startswith("> ")] == [
        "> Price of pro?",
        "> /to nobody",
        "> /to shop",
        "> basic, its price?",
    ]
    assert err.count("agenthost: there is no agent 'nobody'. Installed: shop.") == 1
    assert err.count("shop with the model offline, conversation c-") == 2


@pytest.mark.slow
def test_a_terminal_has_the_keys_of_a_shell(run, tmp_path):
    """The arrow up recalls an earlier message.

    Ctrl-D ends the conversation.
    """
    pty = pytest.importorskip("pty")
    pytest.importorskip("readline")
    assert run("agents")[0] == 0  # which has made shop.py
    ours, theirs = pty.openpty()
    variables = os.environ | {"TERM": "vt100", "COLUMNS": "80", "PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-m", "agenthost", "chat", "shop.py"],
        cwd=tmp_path,
        env=variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as chat:
        os.close(theirs)
        shown = ""
        for keys in ("What does pro cost?\n", "\x1b[A\n", "\x04"):
            shown += until(ours, "> ")
            os.write(ours, keys.encode())
        shown += until(ours, None)
        assert chat.wait(20) == 0
    os.close(ours)

    assert shown.count("[offline model] pro costs $99.") == 2


def until(terminal, end):
    """Return the output of a terminal until it ends with ``end``.

    With None, read until the terminal is closed.
    """
    shown = b""
    with suppress(OSError):  # which is how the end of a terminal reads on Linux
        while end is None or not shown.endswith(end.encode()):
            assert select.select([terminal], [], [], 60)[0], shown
            if not (more := os.read(terminal, 65536)):
                break
            shown += more
    return shown.decode()


def test_a_command_that_chat_does_not_know_is_not_said_to_the_agent(run):
    """A path with words behind it is."""
    code, out, err = run("chat", "shop.py", typed="/nwe\n/to\n/pro or /basic: what is its price?\n")

    assert (code, out.count("costs $99.")) == (0, 1)
    assert "agenthost: /nwe is not a command. The commands are /new, /to NAME and /quit.\n" in err
    assert "agenthost: /to is not a command." in err


def test_chat_knows_what_it_is_told(run):
    with ScriptedModel(Says("Hello, Ann.")) as model:
        code, *_ = run("chat", "shop.py", "--context", '{"customer": "Ann"}', typed="Hi\n", toml=scripted(model.url))

    assert code == 0
    assert '"customer": "Ann"' in model.requests[0]["messages"][1]["content"]


def test_chat_goes_on_after_a_turn_that_fails(run):
    with ScriptedModel(Calls("price", {"product": "pro"}), Fails(500), Says("It is $99.")) as model:
        code, out, err = run("chat", "shop.py", typed="Pro?\nAgain?\n", toml=scripted(model.url))

    assert (code, out) == (0, "It is $99.\n")
    assert "agenthost: model openai is overloaded or failing (HTTP 500" in err
