"""Agents that get into trouble, each in the way of its name.

One agent stays healthy. The functions below call them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen
from client import ask, post

if TYPE_CHECKING:
    from collections.abc import Mapping

    from client import Answer

__all__ = ["TROUBLES", "Trouble", "call_of", "installed", "tool_call"]

PROGRAM = Path(__file__).with_name("sides") / "troubled.py"
AGENTS = ("steady", "each", "failing", "sleeping", "raising", "burning", "blocking", "leaking", "crashing")
CALL_ID = "7c1fd0c4-6c2b-4d5e-9a53-0f6a7b1c2d3e"


@frozen
class Trouble:
    """One way to get into trouble.

    Args:
        what: its name in the table.
        agent: whose tool it is.
        tool: the tool that gets into it.
        callers: how many call it at once, again and again.
        a_second: calls of them all in a second; None for as many as are answered.
        most: how many times its quiet time a healthy agent may need; None where that is not bounded.
        isolated: whether its agent lives in a process of its own.
        brief: whether it is over at once.
    """

    what: str
    agent: str
    tool: str
    callers: int = 4
    a_second: float | None = 20
    most: float | None = None
    isolated: bool = False
    brief: bool = False


TROUBLES = (
    Trouble("60 calls that sleep", "sleeping", "sleep", callers=60, a_second=30, most=1.5),
    Trouble("1,000 exceptions a second", "raising", "fail", callers=8, a_second=1000, most=2),
    Trouble("four calls that burn CPU, in threads", "burning", "burn", a_second=None, most=8),
    Trouble("four calls that burn CPU, in a process", "burning", "burn", a_second=None, most=3, isolated=True),
    Trouble("a tool that calls `sys.exit`", "failing", "leave", brief=True),
    Trouble("a tool that raises `KeyboardInterrupt`", "failing", "interrupt", brief=True),
    Trouble("endless recursion", "failing", "recurse", brief=True),
    Trouble("an answer of NaN", "failing", "count", brief=True),
    Trouble("an answer of 50 MB", "failing", "talk"),
    Trouble("a task that calls `sys.exit`", "failing", "leave_in_a_task", brief=True),
    Trouble("a coroutine that ignores its deadline", "failing", "stay"),
    Trouble("a coroutine that blocks the event loop for 0.3 s", "blocking", "block", callers=1, a_second=1),
    Trouble("a segmentation fault, in a process", "crashing", "crash", a_second=2, isolated=True),
    Trouble("a leak of 20 MB per call, in a process with a limit", "leaking", "leak", a_second=10, isolated=True),
)


def installed(directory: Path) -> Path:
    """Install the agents as a distribution, in the form that an installer leaves."""
    metadata = directory / "troubled-1.0.dist-info"
    metadata.mkdir(parents=True)
    (directory / "troubled.py").write_text(PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    lines = [f"{name} = troubled:{name.title()}\n" for name in AGENTS]
    (metadata / "entry_points.txt").write_text("[agenthost.agents]\n" + "".join(lines), encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.4\nName: troubled\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "RECORD").write_text("", encoding="utf-8")
    return directory


def tool_call(port: int, agent: str, tool: str, arguments: Mapping[str, object]) -> bytes:
    """Return a tool call, with the address in the agent's document."""
    document = ask(port, post(f"/{agent}", {"call": {"call_id": CALL_ID}}, signed=True))
    return call_of(document, tool, arguments, CALL_ID)


def call_of(answer: Answer, tool: str, arguments: Mapping[str, object], call_id: str) -> bytes:
    """Return a tool call, with the address in a document."""
    document = answer.json
    [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    [url] = [each["web_hook_url"] for each in ai["SWAIG"]["functions"] if each["function"] == tool]
    parts = urlsplit(url)
    body = {
        "function": tool,
        "argument": {"parsed": [arguments], "raw": json.dumps(arguments)},
        "call_id": call_id,
        "version": "2.0",
    }
    return post(f"{parts.path}?{parts.query}", body)
