"""The turn of one agent in text: its prompt, its tools, and a language model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from agenthost._host.text.history import call_messages
from agenthost._host.text.model_calls import complete
from agenthost._host.text.offered_tools import Offered, new_call_id, opening
from agenthost._host.text.tool_effects import ToolEffects
from agenthost.agent.base import declared
from agenthost.agent.per_call import configure, tool_of
from agenthost.conversation.models import Completion, Message, ModelRequest, Usage
from agenthost.conversation.turns import ClientCalls, Reply, Said, ToolEnded, ToolStarted
from agenthost.errors import ModelNonsense, ModelRefused
from agenthost.prompt.placeholders import filled
from agenthost.swml.instructions import instructions
from agenthost.tools.call_sentences import explain_unknown
from agenthost.tools.swaig import MalformedRequest, ToolRequest, Unreadable, read_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.calls.tool_caller import ToolCaller
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.runtime.runtime import Runtime
    from agenthost._host.text.calling.budget import Meter
    from agenthost.conversation.models import ChatModel, ToolSpec, ToolUse
    from agenthost.conversation.turns import Listener, Turn
    from agenthost.results.tool_answer import ToolAnswer
    from agenthost.tools.tool import Tool

__all__ = ["AgentTurns"]

_CUT_SHORT = frozenset({"length", "content_filter"})
"""Reasons for which a model ends an answer early."""


@frozen
class _Prepared:
    """An agent prepared for one turn."""

    instructions: str
    tools: Mapping[str, Tool]
    global_data: Mapping[str, Any]


class AgentTurns:
    """Answers turns for single agents."""

    def __init__(self, runtime: Runtime, caller: ToolCaller) -> None:
        self._runtime = runtime
        self._caller = caller

    async def answer(
        self,
        plan: HostPlan,
        agent: Mounted,
        turn: Turn,
        listen: Listener | None = None,
        meter: Meter | None = None,
    ) -> Reply:
        """Answer a turn.

        The reply's text is exactly the streamed words. The number of rounds is limited: after the last, the model must
        answer without tools.

        Raises:
            ModelError: the model gives no usable answer.
            BaseException: the meter raised it.
        """
        model, rounds = plan.models.find(agent.model), self._runtime.config.conversation.rounds
        return await _Turn(self, plan, agent, turn, listen or _ignored, meter, model).answer(rounds)

    async def complete(
        self, plan: HostPlan, agent: Mounted, request: ModelRequest, say: Callable[[str], object] | None = None
    ) -> Completion:
        """Return the answer of an agent's language model to another request than a turn.

        Raises:
            ModelError: the model gives no usable answer.
        """
        return await complete(plan.models.find(agent.model), request, say)

    def has_model(self, plan: HostPlan, agent: Mounted) -> bool:
        """Return True if an agent has a language model."""
        return plan.models.is_real(agent.model)

    async def prepare(self, agent: Mounted, body: dict[str, Any]) -> _Prepared | None:
        """Prepare prompt and tools of a turn, or return None if the agent's code fails."""
        source, tools = agent.agent, agent.tools
        if agent.dynamic:
            run = partial(configure, agent.agent, {}, body, {})
            seconds = agent.limits.document_timeout
            done = await self._caller.attempt(agent, "document", run, seconds=seconds)
            if done.error_id is not None:
                return None
            source = done.result
            named = declared(source).draft.tools
            found = {name: tool_of(agent.agent, source, name) for name in named}
            tools = {name: tool for name, tool in found.items() if tool is not None}
        draft = declared(source).draft
        here = {name: tool for name, tool in tools.items() if tool.webhook_url is None}
        return _Prepared(instructions(draft), here, dict(draft.global_data))

    async def run(self, plan: HostPlan, agent: Mounted, tool: Tool, body: dict[str, Any]) -> ToolAnswer:
        """Run a tool, and return its answer."""
        stores = declared(agent.agent).stores or self._runtime.state.serving()
        request = ToolRequest.from_body(body, stores)
        return await self._caller.answer(agent, tool, request, lambda name: plan.sibling(name).key)


class _Turn:
    """One turn of one agent in progress."""

    def __init__(
        self,
        conversing: AgentTurns,
        plan: HostPlan,
        agent: Mounted,
        turn: Turn,
        listen: Listener,
        meter: Meter | None,
        model: ChatModel,
    ) -> None:
        self._conversing = conversing
        self._plan = plan
        self._agent = agent
        self._turn = turn
        self._listen = listen
        self._meter = meter
        self._model = model
        self._usage = Usage()
        self._finish, self._refused = "stop", False
        self._words: list[str] = []
        self._begun = True
        self._data: dict[str, Any] = {}
        self._results: list[ToolEffects] = []

    async def answer(self, rounds: int) -> Reply:
        body = {
            "call_id": f"text:{self._turn.thread}",
            "conversation": self._turn.conversation,
            "channel": "text",
        }
        prepared = await self._conversing.prepare(self._agent, {**body, "global_data": dict(self._turn.context)})
        if prepared is None:
            self._say(self._agent.fallback)
            return self._reply(escalate="the agent could not be configured for this conversation")
        if self._meter is not None and (notes := self._meter.done_before.notes(self._agent.key)):
            self._turn = evolve(self._turn, notes=(*self._turn.notes, *notes))
        self._data = {**prepared.global_data, **self._turn.context}
        offered = Offered.of(self._turn.options, prepared.tools)
        done = self._done_before(prepared.tools)
        messages = [*opening(filled(prepared.instructions, self._data), self._turn), *done]
        begun = len(messages) - len(done) - len(self._turn.resumed)
        for left in range(rounds, -1, -1):
            self._begun = False  # a blank line separates the words of rounds
            specs, choice = offered.in_round(rounds - left, left)
            completion = await self._ask(messages, specs, choice)
            uses = completion.tool_uses if left or choice != "auto" else ()
            if choice != "auto" and not any(choice in ("required", use.name) for use in uses):
                raise ModelNonsense(f"model {self._model.name} does not call the tool that tool_choice requires.")
            if not uses:
                break
            uses = tuple(evolve(use, id=new_call_id()) if use.name in offered.clients else use for use in uses)
            messages.append(Message("assistant", completion.text, uses))
            theirs = await self._run(prepared, offered, uses, body, messages)
            if any(result.handed_to for result in self._results):
                break
            if theirs:
                return self._reply(client_calls=ClientCalls(theirs, tuple(messages[begun:]), self._turn.notes))
        if not self._words:
            gone = next((result for result in reversed(self._results) if result.handed_to and result.text), None)
            self._say(gone.text if gone else self._agent.fallback)
        return self._reply()

    def _done_before(self, tools: Mapping[str, Tool]) -> list[Message]:
        """Return the tool calls of earlier attempts that are not made again."""
        every = self._meter.done_before.of(self._agent.key) if self._meter is not None else ()
        runs = [run for run in every if not run.safe_again(tools.get(run.tool))]
        self._results += map(ToolEffects.again, runs)  # a model that sees the result does not call the tool again
        pairs = (
            call_messages(f"done_{number}", run.tool, run.arguments, run.result) for number, run in enumerate(runs)
        )
        return [message for pair in pairs for message in pair]

    async def _ask(self, messages: list[Message], tools: tuple[ToolSpec, ...], choice: str) -> Completion:
        if self._meter is not None:
            self._meter.begin()
            self._meter.store_soon()
        options = self._turn.options
        request = ModelRequest(
            tuple(messages),
            tools,
            options.temperature,
            options.max_tokens,
            options.answer_schema,
            options.stop,
            options.seed,
            choice,
            options.parallel,
            options.counts_reasoning,
        )
        try:
            completion = await complete(self._model, request, self._say)
        except ModelRefused:
            if request.answer_schema is None or self._words:
                raise
            completion = await complete(self._model, evolve(request, answer_schema=None), self._say)
        self._usage += completion.usage
        self._finish = completion.finish if completion.finish in _CUT_SHORT else "stop"
        self._refused = completion.refused
        if self._meter is not None:
            self._meter.spent(completion.usage)
        return completion

    async def _run(
        self,
        prepared: _Prepared,
        offered: Offered,
        uses: tuple[ToolUse, ...],
        body: dict[str, Any],
        messages: list[Message],
    ) -> tuple[ToolUse, ...]:
        """Run the agent's tools that a model calls, and return the calls of the client's.

        Results are added to the messages.
        """
        theirs: list[ToolUse] = []
        for number, use in enumerate(uses):
            why = offered.why_not(number)
            if why is None and use.name in offered.clients:
                theirs.append(use)
                continue
            result = await self._use(prepared, use, body, why)
            self._results.append(result)
            messages.append(Message("tool", result.text, (), use.id))
            for words in result.says:
                self._say(words, apart=True)
        return tuple(theirs)

    async def _use(self, prepared: _Prepared, use: ToolUse, body: dict[str, Any], why_not: str | None) -> ToolEffects:
        """Run a model's tool call.

        The checks are the same as on a call, and the model gets the reason of a refusal.
        """
        if why_not is not None and self._turn.options.tool_choice == "none":
            return ToolEffects(why_not, failed=True)
        given = read_arguments(use.arguments)
        arguments = {} if isinstance(given, Unreadable) else given
        self._listen(ToolStarted(self._agent.key, use.name, arguments))
        tool = prepared.tools.get(use.name)
        if why_not is not None:
            result = ToolEffects(why_not, failed=True)
        elif tool is None:
            result = ToolEffects(explain_unknown(use.name, prepared.tools), failed=True)
        else:
            written = {"parsed": [arguments] if arguments else [], "raw": use.arguments}
            sent = {**body, "function": use.name, "argument": written, "global_data": dict(self._data)}
            result = await self._result(tool, arguments, sent)
        self._listen(ToolEnded(self._agent.key, use.name, result.text, result.failed))
        if self._meter is not None and (kept := result.kept):
            self._meter.had_effects(kept)
        return result

    async def _result(self, tool: Tool, arguments: Mapping[str, Any], sent: dict[str, Any]) -> ToolEffects:
        """Run a tool, unless an earlier attempt at this turn has made the same call."""
        if self._meter is not None:
            done = self._meter.done_before.take(self._agent.key, tool.name, arguments)
            if done is not None and not done.safe_again(tool):
                return ToolEffects(done.result, done.failed)
            await self._meter.store()
        try:
            answer = await self._conversing.run(self._plan, self._agent, tool, sent)
            return ToolEffects.of(tool.name, answer, self._data)
        except MalformedRequest as error:
            return ToolEffects(f"The tool {tool.name} was not run: {error}.", failed=True)

    def _say(self, text: str, *, apart: bool = False) -> None:
        if not text:
            return
        if self._words and (apart or not self._begun):
            text = f"\n\n{text}"
        self._begun = True
        self._words.append(text)
        self._listen(Said(self._agent.key, text))

    def _reply(self, escalate: str | None = None, client_calls: ClientCalls | None = None) -> Reply:
        reasons = (result.escalate for result in reversed(self._results) if result.escalate)
        handed = (result.handed_to for result in reversed(self._results) if result.handed_to)
        return Reply(
            agent=self._agent.key,
            text="".join(self._words),
            usage=self._usage,
            escalate=escalate or next(reasons, None),
            handed_to=next(handed, None),
            path=(self._agent.key,),
            finish=self._finish if client_calls is None else "tool_calls",
            refused=self._refused,
            client_calls=client_calls,
            actions=tuple(action for result in self._results for action in result.actions),
        )


def _ignored(_: object) -> None:
    """Ignore an event."""
