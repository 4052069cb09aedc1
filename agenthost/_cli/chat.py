"""``agenthost chat``."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts import completions
from agenthost._cli.parts.options import config_file, in_conversation, json_object
from agenthost._cli.parts.output import echo
from agenthost._error_words import message_of
from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from agenthost._cli.trials.text_session import TextSession
    from agenthost.conversation.turns import Event

__all__ = ["command"]

_QUIT = ("/quit", "/exit")
_TO = "/to "
_COMMAND = re.compile("/[a-z]+")


@click.command("chat")
@click.argument("agent", shell_complete=completions.agents)
@config_file
@in_conversation
def command(agent: str, file: str | None, conversation: str | None, context: str | None) -> None:
    """Talk to AGENT in text, line by line.

    AGENT is an installed agent or workflow, or a file: path/to/file.py, path/to/file.py:Name. No server is needed.

    Answers are streamed; tool calls and hand-offs are printed to stderr. /new starts a new conversation, /to NAME
    starts one with another agent, Ctrl-C stops an answer, and /quit or the end of the input ends the chat.
    """
    known = json_object("--context", context)
    from agenthost._cli.trials.text_session import OFFLINE_HINT, TextSession, print_note
    from agenthost._host.text.conversations import new_conversation
    from agenthost.errors import PlanError

    named = conversation or new_conversation()
    with TextSession(file, agent) as talk:
        if talk.offline:
            print_note(OFFLINE_HINT)
        print_note(f"{talk.key} with the model {talk.model}, conversation {named}. /new starts another, /quit ends.")
        while (line := _line()) is not None and line not in _QUIT:
            if line == "/new":
                named = new_conversation()
                print_note(f"conversation {named}")
            elif line.startswith(_TO):
                try:
                    talk.turn_to(line.removeprefix(_TO).strip())
                except PlanError as error:
                    echo(f"agenthost: {error}", err=True)
                    continue
                named = new_conversation()
                print_note(f"{talk.key} with the model {talk.model}, conversation {named}")
            elif _COMMAND.fullmatch(line):
                echo(f"agenthost: {line} is not a command. The commands are /new, /to NAME and /quit.", err=True)
            elif line:
                _turn(talk, named, line, known)


def _line() -> str | None:
    """Read the next line of the person, or None at the end of the input.

    A terminal shows a prompt; input from a pipe is echoed.
    """
    terminal = sys.stdin.isatty()
    if terminal and sys.stdout.isatty():
        return _edited_line()
    if terminal:
        echo("> ", nl=False, err=True)
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        return None
    if line.strip() and not terminal:
        echo(f"> {line.strip()}", err=True)
    return line.strip() if line else None


def _edited_line() -> str | None:
    """Read a line with arrow keys, history and search, where the system has readline."""
    with suppress(ImportError):
        import readline  # noqa: F401 - for what it does to input()
    try:
        return input("> ").strip()
    except (EOFError, KeyboardInterrupt):
        echo()
        return None


def _turn(talk: TextSession, conversation: str, text: str, known: dict[str, Any]) -> None:
    """Take one turn and print it.

    An answer that fails or is stopped leaves the conversation unchanged.
    """
    from agenthost._cli.trials.text_session import TOO_LONG, event_line, print_event, print_note
    from agenthost.conversation.turns import Said

    middle = False

    def listen(event: Event) -> None:
        nonlocal middle
        if isinstance(event, Said):
            echo(event.text, nl=False)
            middle = not event.text.endswith("\n")
        elif (line := event_line(event)) is not None:
            if middle:
                echo()
                middle = False
            print_event(line)

    try:
        reply = talk.say(conversation, text, known, listen)
    except KeyboardInterrupt:
        echo()
        print_note("  · stopped")
        return
    except (AgentHostError, TimeoutError) as error:
        if middle:
            echo()
        echo(f"agenthost: {message_of(error) or TOO_LONG}", err=True)
        return
    if middle:
        echo()
    if reply.escalate is not None:
        print_note(f"  · escalated, a person should take over: {reply.escalate}")
