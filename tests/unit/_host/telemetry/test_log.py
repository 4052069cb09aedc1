"""The log: one form for everybody's lines, with fields, without secrets."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given, strategies as st

from agenthost._host.config.schema import AgentConfig, Config, HostConfig, ModelsConfig, StateConfig
from agenthost._host.telemetry.call_log import EndedCall
from agenthost._host.telemetry.current_call import Owner, calling, requesting, running
from agenthost._host.telemetry.log import JsonLines, TextLines
from agenthost._host.telemetry.secrets.redactor import NO_SECRETS, SecretRedactor
from agenthost.secret import Secret

_PASSWORD = 'p"ss wörd/1'
_CONFIG = Config(
    host=HostConfig(password=Secret(_PASSWORD), signing_keys=(Secret("first-key"), Secret("second-key"))),
    agents={"desk": AgentConfig(settings={"calendar": {"tokens": [Secret("deep-token")]}})},
    models=ModelsConfig(settings={"openai": {"api_key": Secret("sk-model-key")}}),
    state=StateConfig(url=Secret("redis://user:st%2Fore@store.example:6379/0")),
)
_PROGRAM = """
import logging, sys, warnings
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.log import start_log
from agenthost._host.config.schema import Config, HostConfig
from agenthost.secret import Secret
import structlog

start_log(Config(host=HostConfig(log_format=sys.argv[1], password=Secret("tell-nobody"))))
logging.getLogger("uvicorn.error").warning("a library's line")
logging.getLogger("author").info("an author's %s", "line", extra={"visit": 7})
structlog.get_logger("author").info("by structlog", visit=8, name="taken")
warnings.warn("a warning")
try:
    raise ValueError("broken, and tell-nobody")
except ValueError:
    logging.getLogger("author").exception("failed")
logging.getLogger("author").debug("not shown")
"""


def record(message="words", *arguments, logger="author", **extra):
    made = logging.LogRecord(logger, logging.WARNING, "", 0, message, arguments, None)
    vars(made).update(extra)
    return made


@pytest.fixture
def lines():
    return JsonLines(SecretRedactor(_CONFIG))


@pytest.mark.slow
def test_every_line_of_a_program_is_one_object():
    """Entries of libraries, authors, structlog and warnings have one form.

    A traceback is one field.
    """
    done = subprocess.run([sys.executable, "-c", _PROGRAM, "auto"], capture_output=True, text=True, check=True)  # noqa: S603
    library, author, by_structlog, warning, failed = map(json.loads, done.stderr.splitlines())

    assert (library["logger"], library["level"], library["event"]) == ("uvicorn.error", "warning", "a library's line")
    assert (author["event"], author["visit"]) == ("an author's line", 7)
    assert (by_structlog["event"], by_structlog["visit"], by_structlog["name_"]) == ("by structlog", 8, "taken")
    assert (warning["logger"], "UserWarning: a warning" in warning["event"]) == ("py.warnings", True)
    assert failed["exception"].startswith("Traceback (most recent call last):\n")
    assert failed["exception"].endswith("ValueError: broken, and ***")
    assert done.stderr.count("tell-nobody") == 0


@pytest.mark.slow
def test_an_agent_may_import_structlog_after_the_log_has_started():
    """Installed packages do.

    A program that writes its own log keeps its structlog.
    """
    program = """
import logging, sys
from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.telemetry.log import join_structlog, start_log
if sys.argv[1] == "own":
    logging.basicConfig()
start_log(Config(host=HostConfig(log_format="json")))
assert "structlog" not in sys.modules
import structlog
join_structlog()
structlog.get_logger("author").warning("by structlog", visit=8)
"""
    ours, own = (
        subprocess.run([sys.executable, "-c", program, whose], capture_output=True, text=True, check=True)  # noqa: S603
        for whose in ("ours", "own")
    )

    assert (json.loads(ours.stderr)["visit"], ours.stdout) == (8, "")
    assert (own.stderr, "by structlog" in own.stdout) == ("", True)


@pytest.mark.slow
def test_text_is_for_people():
    """With fields behind the words, and the traceback below."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM, "text"], capture_output=True, text=True, check=True)  # noqa: S603
    told = [line.partition(" ")[2] for line in done.stderr.splitlines()]

    assert told[:2] == ["WARNING uvicorn.error: a library's line", "INFO author: an author's line visit=7"]
    assert "ValueError: broken, and ***" in done.stderr


@pytest.mark.slow
def test_a_terminal_gets_colours():
    """Automatically, where standard error is one."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with contextlib.closing(os.fdopen(ours, "rb", buffering=0)) as terminal:
        subprocess.run([sys.executable, "-c", _PROGRAM, "auto"], stderr=theirs, check=True)  # noqa: S603
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # which is how the end of a terminal reads on Linux
            while more := terminal.read(65536):
                shown += more

    assert b"\x1b[" in shown
    assert b"an author's line" in shown
    assert b"tell-nobody" not in shown


def test_fields_stand_beside_the_words(lines):
    """Those of the host, never in place of what every line has."""
    told = json.loads(lines.format(record(logger="agenthost.tools", fields={"agent": "desk", "level": "none"})))

    assert told.pop("timestamp").endswith("Z")
    assert told == {"level": "warning", "logger": "agenthost.tools", "event": "words", "agent": "desk"}


def test_an_agents_own_line_says_whose_it_is(lines):
    """Agent, tool and call, as far as there are any."""
    owner, call = running.set(Owner("desk", "tool", "book")), calling.set("c-1")
    try:
        told = json.loads(lines.format(record()))
        ours = json.loads(lines.format(record(logger="agenthost.web")))
    finally:
        running.reset(owner)
        calling.reset(call)

    assert (told["agent"], told["tool"], told["call"]) == ("desk", "book", "c-1")
    assert "agent" not in ours


@pytest.mark.parametrize(
    "line",
    [
        _PASSWORD,
        repr(_PASSWORD),
        json.dumps({"password": _PASSWORD}),
        "https://agenthost:p%22ss%20w%C3%B6rd%2F1@host.example",
        "Basic YWdlbnRob3N0OnAic3Mgd8O2cmQvMQ==",
        "first-key and second-key",
        "deep-token",
        "sk-model-key",
        "redis://user:st%2Fore@store.example",
        "the password st/ore",
    ],
)
@pytest.mark.parametrize("form", [JsonLines, lambda hidden: TextLines(hidden, colors=False)], ids=["json", "text"])
def test_no_secret_is_written(form, line):
    """A secret is redacted in any form, such as JSON, a URL or a header.

    It may be in words, an argument, a field or a traceback.
    """
    hidden = SecretRedactor(_CONFIG)
    try:
        raise ValueError(line)  # noqa: TRY301
    except ValueError:
        failed = record("failed")
        failed.exc_info = sys.exc_info()
    written = [form(hidden).format(each) for each in (record(line), record("%s", line), record(extra=line), failed)]

    for each in written:
        assert "***" in each
        assert not any(part in each for part in ("ss w", "ss%20w", "-key", "deep", "st/ore", "st%2F", "YWdlb"))


def test_a_short_word_and_an_address_are_no_secrets():
    """Redacting a short word would hide other words.

    In a URL, only the password is secret.
    """
    hidden = SecretRedactor(
        Config(host=HostConfig(password=Secret("abc")), state=StateConfig(url=Secret("sqlite:///a.db")))
    )

    assert hidden.redacted("abc in sqlite:///a.db") == "abc in sqlite:///a.db"


class _Broken:
    def __repr__(self):
        raise RuntimeError("no words")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(_Broken),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(st.text(), _VALUES)
def test_whatever_is_logged_is_one_line_of_json(words, value):
    """Invalid UTF-8, invalid numbers and objects with a broken ``repr`` are logged."""
    line = JsonLines(SecretRedactor(Config())).format(record("%s", words, extra=value))

    assert "\n" not in line
    assert json.loads(line)["logger"] == "author"


HOSTILE = "booked\n2026-11-21T13:00:00.123Z INFO agenthost: forged\x1b[2J\x1b]0;title\x07\u202e\x9b\x7f"


@pytest.mark.parametrize("colors", [False, True], ids=["plain", "colors"])
def test_text_cannot_forge_a_line_or_move_a_cursor(colors):
    """Neither words, nor fields and their names, nor a logger's name, nor an exception's words."""
    try:
        raise ValueError(HOSTILE)  # noqa: TRY301
    except ValueError:
        made = record("%s", HOSTILE, logger=f"author{HOSTILE}", **{f"extra{HOSTILE}": HOSTILE})
        made.exc_info = sys.exc_info()
    form = TextLines(SecretRedactor(Config()), colors=colors)

    first, *trace = form.format(made).split("\n")

    assert all(line.startswith("    ") for line in trace)
    assert trace[-1].endswith("INFO agenthost: forged\\u001b[2J\\u001b]0;title\\u0007\\u202e\\u009b\\u007f")
    left = "\n".join([first, *trace])
    left = re.sub(r"\x1b\[[0-9;]*m", "", left) if colors else left
    assert "booked\\n2026" in left
    assert not any(each in left for each in "\x1b\x07\u202e\x9b\x7f\r")


def test_json_holds_nothing_that_a_terminal_acts_on(lines):
    """The output is for people who follow a journal.

    Programs decode the same text.
    """
    line = lines.format(record("%s", HOSTILE))

    assert not any(each in line for each in "\x1b\x07\u202e\x9b\x7f")
    assert json.loads(line)["event"] == HOSTILE


@pytest.mark.slow
def test_calls_are_logged_together_before_what_comes_after_them():
    """Each has a line of its own.

    A program with its own log gets records.
    """
    program = """
import logging, sys
from agenthost._host.telemetry.call_log import call_ended, write_now
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.log import start_log
from agenthost._host.config.schema import Config, HostConfig
if sys.argv[1] == "own":
    logging.basicConfig(level="INFO", format="%(name)s %(message)s %(fields)s")
start_log(Config(host=HostConfig(log_format="json")))
for number in range(3):
    call_ended(Owner("desk", "tool", "book"), f"c-{number}", 0.25, "failed", "e-1")
logging.getLogger("agenthost.web").warning("after") if sys.argv[1] == "ours" else write_now()
call_ended(Owner("desk", "tool", "book"), "c-last", 0.25, "ok", None)
"""
    ours, own = (
        subprocess.run([sys.executable, "-c", program, form], capture_output=True, text=True, check=True).stderr  # noqa: S603
        for form in ("ours", "own")
    )
    first, *_, after, last = map(json.loads, ours.splitlines())

    assert {name: first[name] for name in ("level", "logger", "agent", "tool", "call", "outcome", "error_id")} == {
        "level": "info",
        "logger": "agenthost.calls",
        "agent": "desk",
        "tool": "book",
        "call": "c-0",
        "outcome": "failed",
        "error_id": "e-1",
    }
    assert first["event"] == "tool book of agent desk: failed in 250.0 ms"
    assert (after["event"], last["call"], "error_id" in last) == ("after", "c-last", False)
    assert own.splitlines()[0].startswith(
        "agenthost.calls tool book of agent desk: failed in 250.0 ms {'agent': 'desk'"
    )


@given(
    names=st.tuples(st.text(), st.text(), st.text()),
    seconds=st.floats(0, 1e4),
    error_id=st.none() | st.just("e-1f3a"),
    request=st.sampled_from(["", "req_1"]),
)
def test_the_line_of_a_call_is_the_same_without_a_record(names, seconds, error_id, request):
    agent, tool, call = names
    ended = EndedCall(1e9, Owner(agent or "sales", "tool", tool), call, seconds, "ok", error_id, request)
    form = JsonLines(NO_SECRETS)

    assert json.loads(form.waited(ended)) == pytest.approx(json.loads(form.line(ended.record(), live=False)), abs=1e-6)


def test_lines_of_a_request_have_its_id():
    """A delayed line has only the ID of its own request."""
    form, record = JsonLines(NO_SECRETS), logging.makeLogRecord({"name": "agenthost.conversations", "msg": "slow"})
    before = requesting.set("req_1")
    try:
        assert json.loads(form.format(record))["request_id"] == "req_1"
        assert "request_id='req_1'" in TextLines(NO_SECRETS, colors=False).format(record)
        assert "request_id" not in json.loads(form.waited(EndedCall(1e9, Owner("a", "tool"), "c", 0.1, "ok", None)))
    finally:
        requesting.reset(before)
    assert "request_id" not in json.loads(form.format(record))


def test_a_failed_tool_is_shown_without_the_frames_of_the_host():
    """People read the text. JSON is complete."""
    lines = TextLines(SecretRedactor(Config()), colors=False)
    try:
        json.loads("{")
    except ValueError:
        record = logging.LogRecord("agenthost.tools", logging.ERROR, "", 0, "tool failed", (), sys.exc_info())
    told = lines.format(record).splitlines()

    [place] = [line for line in told if "File " in line]
    assert "test_log.py" in place
    assert told[-1].strip().startswith("json.decoder.JSONDecodeError: Expecting")


@pytest.mark.parametrize(("kind", "tool"), [("tool", "book"), ("rendering", "document"), ("summary", "on_summary")])
def test_each_kind_of_call_is_named_in_json(kind, tool):
    """A document and a summary have no name of their own."""
    line = EndedCall(0.0, Owner("desk", kind, "book" if kind == "tool" else ""), "c", 0.1, "ok", None)

    assert json.loads(JsonLines(SecretRedactor(Config())).waited(line))["tool"] == tool
