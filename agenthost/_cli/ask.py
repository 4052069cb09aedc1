"""``agenthost ask``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts import completions
from agenthost._cli.parts.options import as_json, config_file, in_conversation, json_object
from agenthost._cli.parts.output import echo, print_json
from agenthost._cli.trials.tried_store import CONFIGURED
from agenthost._error_words import message_of
from agenthost.errors import ConversationRefused, ExitCode, ModelError, StateUnavailable

if TYPE_CHECKING:
    from agenthost.conversation.turns import Event

__all__ = ["command"]


@click.command("ask")
@click.argument("agent", shell_complete=completions.agents)
@click.argument("text")
@config_file
@in_conversation
@click.option(
    "--state", metavar="URL", default=CONFIGURED, show_default=True, help="The store; memory:// to try something."
)
@as_json
def command(
    agent: str, text: str, file: str | None, conversation: str | None, context: str | None, state: str, as_json: bool
) -> None:
    """Send AGENT one message in text, and print the answer.

    AGENT is an installed agent or workflow, or a file: path/to/file.py, path/to/file.py:Name. No server is needed.
    Tool calls and hand-offs are printed to stderr. Exit code 1: there is no answer.
    """
    known = json_object("--context", context)
    from agenthost._cli.trials.text_session import (
        OFFLINE_HINT,
        TOO_LONG,
        TextSession,
        event_line,
        print_event,
        print_note,
        reply_as_json,
    )
    from agenthost._host.text.conversations import new_conversation
    from agenthost.conversation.turns import event_as_json

    named = conversation or new_conversation()
    events: list[dict[str, Any]] = []

    def listen(event: Event) -> None:
        line = event_line(event)
        if not as_json and line is not None:
            print_event(line)
        if as_json and (happened := event_as_json(event))["event"] != "said":
            events.append(happened)

    try:
        with TextSession(file, agent, state=state) as talk:
            if talk.offline and not as_json:
                print_note(OFFLINE_HINT)
            reply = talk.say(named, text, known, listen)
    except (ConversationRefused, ModelError, StateUnavailable, TimeoutError) as error:
        said = message_of(error) or TOO_LONG
        if as_json:
            print_json({"error": said, "conversation": named, "events": events})
        echo(f"agenthost: {said}", err=True)
        sys.exit(ExitCode.FINDINGS)
    if as_json:
        print_json({**reply_as_json(named, reply), "events": events})
        return
    echo(reply.text)
    if reply.escalate is not None:
        print_note(f"  · escalated, a person should take over: {reply.escalate}")
