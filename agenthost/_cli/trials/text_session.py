"""Talk to an agent without a server, for ``chat`` and ``ask``."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import evolve

from agenthost._cli.parts.options import configuration
from agenthost._cli.parts.output import echo
from agenthost._cli.trials.tried_store import CONFIGURED, with_store
from agenthost._error_words import one_line
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import TracebackType

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost.conversation.turns import Event, Listener, Reply

__all__ = ["TextSession", "event_line", "print_event", "print_note", "reply_as_json"]

T = TypeVar("T")

OFFLINE_HINT = (
    "No language model is configured: the offline model picks tools by keywords.\n"
    "For a language model, set OPENAI_API_KEY, and write\n"
    '  [models]\n  default = "openai"\n'
    "in agenthost.toml. For a server of your own, set url in [models.openai]."
)
TOO_LONG = "the turn took longer than timeout in [conversation] allows."
_MOST_SHOWN = 200


class TextSession:
    """A conversation with an agent, open while a block runs.

    Raises:
        PlanError: no such agent, or it cannot be served.
        ConfigurationError: the configuration cannot be used.
    """

    def __init__(
        self,
        file: str | None,
        agent: str,
        find: Callable[[Config, str], tuple[HostPlan, Mounted]] | None = None,
        *,
        state: str = CONFIGURED,
    ) -> None:
        from agenthost._host.calls.tool_caller import ToolCaller
        from agenthost._host.runtime.find_agent import find_agent
        from agenthost._host.runtime.start import make_runtime, start_logging, with_secrets
        from agenthost._host.text.conversations import Conversations

        config = with_store(configuration(file), state)
        start_logging(config, for_people=True)
        self._plan, self._agent = (find or find_agent)(config, agent)
        self._runtime = make_runtime(with_secrets(config))
        self._runtime.give_state(self._plan)
        self.conversations = Conversations(self._runtime, ToolCaller())
        self._running = AsyncExitStack()
        self._runner = asyncio.Runner()
        self.key = self._agent.key
        self.model = self._agent.model or self._plan.models.default

    @property
    def offline(self) -> bool:
        """True if the offline model answers."""
        from agenthost._host.plan.chosen_models import OFFLINE

        return self.model == OFFLINE

    def __enter__(self) -> Self:
        try:
            self._runner.run(self._open())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._running.aclose())
        self._runner.close()

    def say(self, conversation: str, text: str, context: Mapping[str, Any], listen: Listener) -> Reply:
        """Take one turn, as ``Conversations.say`` does."""
        saying = self.conversations.say(self._plan, self.key, conversation, text, context, listen)
        return self._runner.run(saying)

    def served(self) -> tuple[HostPlan, Mounted, str]:
        """Return the plan, the agent in it, and the principal of its conversations.

        Raises:
            PlanError: the agent is not served.
        """
        self.turn_to(self.key)
        agent = self._plan.find(self.key) or self._agent
        return self._plan, agent, self._runtime.reach.principal(agent)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine while the session is open."""
        return self._runner.run(work)

    def turn_to(self, agent: str) -> None:
        """Switch to another agent.

        Raises:
            PlanError: there is no such agent, or it is not served.
        """
        from agenthost._host.runtime.find_agent import why_not

        found = self._plan.find(agent)
        if found is None:
            raise PlanError(why_not(self._plan, agent))
        self.key = found.key
        self.model = found.model or self._plan.models.default

    async def _open(self) -> None:
        from agenthost._host.runtime.find_agent import why_not

        await self._running.enter_async_context(self._runtime.state.opened())
        await self._running.enter_async_context(self._runtime.figures.stored_regularly())
        await self._running.enter_async_context(self._plan.models.opened())
        await self._running.enter_async_context(self._plan.classifiers.opened())
        self._running.push_async_callback(self._runtime.lifespans.close)
        extensions = evolve(self._plan.extensions, lifespan=())  # lifespans of plugins belong to a host
        self._plan = await self._runtime.begin(evolve(self._plan, extensions=extensions))
        if self._plan.find(self.key) is None:
            raise PlanError(why_not(self._plan, self.key))


def event_line(event: Event) -> str | None:
    """Format an event as a line for people, or return None if it has none."""
    from agenthost.conversation.turns import event_as_json

    told = event_as_json(event)
    kind = told.pop("event")
    if kind in ("said", "tool_started"):
        return None
    if kind == "tool_ended":
        return f"  · {event.agent} · {told['tool']}: {_short(told['result'])}"
    if kind == "routed":
        sure = "" if told.get("confidence") is None else f", {told['confidence']:.0%} sure"
        return f"  · {told['workflow']} → {told['agent']} ({told['reason']}{sure})"
    if kind == "escalated":
        return f"  · {told['agent']} ↑ {told['to']} ({told['reason']})"
    return f"  · {kind}: " + ", ".join(f"{name} {_short(value)}" for name, value in told.items() if value is not None)


def reply_as_json(conversation: str, reply: Reply) -> dict[str, Any]:
    """Return a reply as JSON."""
    return {
        "agent": reply.agent,
        "text": reply.text,
        "conversation": conversation,
        "path": list(reply.path),
        "handed_to": reply.handed_to,
        "escalate": reply.escalate,
        "confidence": reply.confidence,
        "usage": {"input_tokens": reply.usage.input_tokens, "output_tokens": reply.usage.output_tokens},
        "outcomes": [
            {"agent": each.agent, "status": each.status.value, "reason": each.reason, "seconds": round(each.seconds, 3)}
            for each in reply.outcomes
        ],
    }


def print_event(line: str) -> None:
    """Print an event to standard error, cut to the width of a terminal."""
    import shutil

    most = shutil.get_terminal_size().columns if sys.stderr.isatty() else len(line)
    print_note(line if len(line) <= most else f"{line[: most - 1]}…")


def print_note(line: str) -> None:
    """Print a line to standard error."""
    echo(line, err=True, dim=True)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return one_line(text, _MOST_SHOWN)
