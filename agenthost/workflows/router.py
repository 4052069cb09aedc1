"""Router: sends each conversation to the agent in charge, in text and on calls."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import evolve, frozen

from agenthost._error_words import message_of
from agenthost.agent.base import declared
from agenthost.conversation.empty_words import says_nothing
from agenthost.conversation.matter import matter
from agenthost.conversation.turns import Decision, Escalated, Note, Reply, Routed, Said
from agenthost.errors import StateUnavailable, Unanswered
from agenthost.workflows.connecting import CONNECT, connect
from agenthost.workflows.explanation import Explanation
from agenthost.workflows.taking_over import handed_on, signal_after, signal_before
from agenthost.workflows.workflow import Workflow, names_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost.agent.base import AgentBase
    from agenthost.conversation.classifiers import Choice
    from agenthost.conversation.turns import Outcome, Turn
    from agenthost.results import FunctionResult
    from agenthost.tools.swaig import Call
    from agenthost.workflows.team import Team

__all__ = ["Router"]

_REMEMBERED = "router"
_ROLE = (
    "You receive people and connect each of them to the agent who can help. Find out what they need; if that is not "
    f"clear, ask one short question. Then call {CONNECT}. You do not answer their questions yourself."
)
_log = logging.getLogger("agenthost.workflows")


@frozen
class _Remembered:
    """The stored state of a conversation."""

    agent: str | None = None
    asked: str | None = None
    """The message to which the router answered with a question."""


@frozen
class _Others:
    """The agents that a router may call besides the chosen one, by key."""

    fallback: str | None
    """The agent that answers if none can be chosen, or the chosen one fails."""
    senior: str | None
    all: frozenset[str]

    @classmethod
    def of(cls, team: Team, fallback: str | None, senior: str | None) -> _Others:
        def key(name: str | None) -> str | None:
            return next((choice.agent for choice in team.choices([name])), None) if name is not None else None

        return cls(key(fallback), key(senior), frozenset(choice.agent for choice in team.choices()))


class Router(Workflow):
    """A workflow that sends each turn to the agent in charge.

    A classifier compares the message with the descriptions and examples of the agents. If it is not sure, the language
    model is used, if one is configured. Otherwise, the conversation stays with its agent, as it does at once if the
    message says nothing ("yes please"). Without one, the router asks one question. After that, and when an agent fails,
    the fallback agent answers.

    On a call, the router is an agent whose model finds out the caller's need, and whose tool hands the call over.

    Args:
        name: the router's name.
        agents: the agents to choose from.
        fallback_agent: the agent that answers if none can be chosen. Defaults to the best guess.
        escalate_to: the agent that takes over when an agent escalates or a detector has a signal.
        classifier: name of the classifier. Defaults to the host's choice.
        threshold: least confidence of the classifier: the least probability of being right, 0 to 1.
        margin: least distance to the second choice, 0 to 1.
        sticky: whether a conversation stays with its agent while the classifier is unsure.
        clarify: whether the router asks a question when no agent can be chosen. By default, it does unless it has a
            fallback agent, and no agent has examples: descriptions alone are too little for a confident choice.
        question: that question. Defaults to a sentence with the purposes of the agents.
        detectors: names of the escalation detectors, used with ``escalate_to``. None uses all.
        seconds: timeout of an agent, in seconds.
        options: options of ``AgentBase``.
    """

    takes_client_tools: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        agents: Sequence[str | AgentBase],
        *,
        fallback_agent: str | AgentBase | None = None,
        escalate_to: str | AgentBase | None = None,
        classifier: str | None = None,
        threshold: float = 0.5,
        margin: float = 0.15,
        sticky: bool = True,
        clarify: bool | None = None,
        question: str | None = None,
        detectors: Sequence[str] | None = None,
        seconds: float = 30.0,
        **options: Any,
    ) -> None:
        super().__init__(name, agents, **options)
        self.fallback_agent = None if fallback_agent is None else names_of(name, [fallback_agent])[0]
        self.escalate_to = None if escalate_to is None else names_of(name, [escalate_to])[0]
        self.classifier = classifier
        self.threshold = threshold
        self.margin = margin
        self.sticky = sticky
        self.clarify = clarify
        self.question = question
        self.detectors = None if detectors is None else tuple(detectors)
        self.seconds = seconds
        self._met: tuple[Any, ...] = ()

    @property
    def members(self) -> tuple[str, ...]:
        """Every agent that the router may call."""
        more = [agent for agent in (self.fallback_agent, self.escalate_to) if agent is not None]
        return tuple(dict.fromkeys((*self.agents, *more)))

    async def respond(self, turn: Turn, team: Team) -> Reply:
        """Choose the agent in charge, and return its answer."""
        choices = team.choices(self.agents)
        if not choices:
            raise Unanswered(f"none of the agents of {team.workflow} is served: {', '.join(self.agents)}")
        others = _Others.of(team, self.fallback_agent, self.escalate_to)
        before = await self._remembered(team)
        signal = None
        if others.senior is not None and before.agent != others.senior:
            signal = await signal_before(turn, team, self.detectors)
        if signal is not None and others.senior is not None:
            decision = Decision(others.senior, 1.0, 1.0, signal.detector, signal.reason)
            team.say(Escalated(team.workflow, before.agent or team.workflow, others.senior, signal.reason))
            turn = handed_on(turn, signal, agent=team.workflow)
        else:
            decision = await self._decision(turn, team, choices, before, others)
        if decision.agent is None:
            await self._remember(team, before, evolve(before, asked=turn.text))
            question = self.question or _question(choices)
            return Reply(team.workflow, question)
        reply, agent = await self._answer(turn, team, decision, others)
        await self._remember(team, before, _Remembered(agent if self.sticky else None))
        return reply

    async def explain(self, turn: Turn, team: Team) -> Explanation:
        """Return each step of the choice that ``respond`` would make, without an answer.

        Args:
            turn: the turn.
            team: the agents.

        Raises:
            Unanswered: none of the agents is served.
        """
        choices = team.choices(self.agents)
        if not choices:
            raise Unanswered(f"none of the agents of {team.workflow} is served: {', '.join(self.agents)}")
        others = _Others.of(team, self.fallback_agent, self.escalate_to)
        before = await self._remembered(team)
        tried: list[Decision] = []
        signal = None
        if others.senior is not None and before.agent != others.senior:
            signal = await signal_before(turn, team, self.detectors)
        if signal is not None and others.senior is not None:
            decision = Decision(others.senior, 1.0, 1.0, signal.detector, signal.reason)
        else:
            decision = await self._decision(turn, team, choices, before, others, tried)
        said = matter(turn.text)
        nothing = says_nothing(said, choices)
        return Explanation(
            decision, tuple(tried), choices, self.threshold, self.margin, said, nothing, before.agent, before.asked
        )

    async def _decision(
        self,
        turn: Turn,
        team: Team,
        choices: Sequence[Choice],
        before: _Remembered,
        others: _Others,
        tried: list[Decision] | None = None,
    ) -> Decision:
        """Choose the agent of a turn, or none if a question is needed.

        The decisions of classifiers are added to ``tried``.
        """
        keys = [choice.agent for choice in choices]
        named = next((key for key in keys if key.casefold() == turn.text.strip(" .!?¡¿\"'").casefold()), None)
        if named is not None:
            return Decision(named, 1.0, 1.0, "name", "named")
        if len(keys) == 1:
            return Decision(keys[0], 1.0, 1.0, "only", "the only agent")
        text = turn.text if before.asked is None else f"{before.asked}\n{turn.text}"
        current = before.agent if self.sticky and before.agent in (*keys, others.senior) else None
        if current is not None and says_nothing(matter(turn.text), choices):
            return Decision(
                current, 0.0, by="sticky", reason="it has the conversation, and the message names no matter"
            )
        decision = await self._classified(text, team, choices, tried)
        if decision.agent is not None:
            return decision
        if current is not None:
            return evolve(decision, agent=current, by="sticky", reason="it has the conversation")
        if before.asked is None and self._asks(choices, others):
            return decision
        guess = others.fallback or next((key for key, _ in decision.ranking if key in keys), keys[0])
        return evolve(decision, agent=guess, by="fallback", reason="no agent could be chosen")

    def _asks(self, choices: Sequence[Choice], others: _Others) -> bool:
        if self.clarify is not None:
            return self.clarify
        return others.fallback is None or any(choice.examples for choice in choices)

    async def _classified(
        self, text: str, team: Team, choices: Sequence[Choice], tried: list[Decision] | None = None
    ) -> Decision:
        """Return a classifier's confident decision, or one without an agent."""
        tools = team.classifier_tools()
        decision = Decision(None, 0.0)
        names = dict.fromkeys((self.classifier, *(("llm",) if tools.complete is not None else ())))
        for classifier in (team.classifier(name) or team.classifier() for name in names):
            if classifier is None or classifier.name == decision.by:
                continue
            try:
                async with asyncio.timeout(tools.seconds):
                    found = await classifier.classify(text, choices, tools)
            except Exception:  # noqa: BLE001 - a plugin's code
                _log.exception("classifier %s failed", classifier.name)
                continue
            if tried is not None:
                tried.append(found)
            sure = found.confidence >= self.threshold and found.margin >= self.margin
            if sure and any(choice.agent == found.agent for choice in choices):
                return found
            decision = evolve(found, agent=None)
        return decision

    async def _answer(self, turn: Turn, team: Team, decision: Decision, others: _Others) -> tuple[Reply, str]:
        """Return the answer, with the agent that has the conversation now.

        Raises:
            Unanswered: no agent answers.
        """
        agent: str = decision.agent or ""
        reason = decision.reason
        outcomes: list[Outcome] = []
        met: set[str] = set()
        words: list[str] = []
        sure = decision.confidence if decision.by not in ("sticky", "fallback") else None
        while True:
            team.say(Routed(team.workflow, agent, reason, sure))
            sure = None
            met.add(agent)
            outcome = await team.call(agent, turn, seconds=self.seconds, aloud=True)
            outcomes.append(outcome)
            reply = outcome.reply
            if others.senior is not None and others.senior not in met:
                signal = await signal_after(turn, outcome, team, self.detectors)
                if signal is not None:
                    team.say(Escalated(team.workflow, agent, others.senior, signal.reason))
                    turn, agent, reason = handed_on(turn, signal, outcome, agent), others.senior, signal.reason
                    continue
            if reply is None:
                following = others.fallback
                if following is None or following in met:
                    tried = "; ".join(f"{each.agent}: {each.reason}" for each in outcomes if each.reply is None)
                    raise Unanswered(f"no agent of {team.workflow} answered ({tried})")
                reason = f"{agent} gave no answer: {outcome.reason}"
                notes = (*turn.notes, *outcome.done, Note(agent, "reason", reason))
                turn, agent = evolve(turn, notes=notes), following
                continue
            if reply.text:
                words.append(reply.text)
            if reply.handed_to is None or reply.handed_to in met or reply.handed_to not in others.all:
                return _composed(reply, words, outcomes, others), agent
            if reply.text:
                team.say(Said(reply.agent, "\n\n"))
            reason = f"{agent} hands over"
            turn = evolve(turn, notes=(*turn.notes, *outcome.done, Note(agent, "answer", reply.text)))
            agent = reply.handed_to

    async def _remembered(self, team: Team) -> _Remembered:
        try:
            kept = await team.state.get(_REMEMBERED)
        except StateUnavailable as error:
            _log.warning("%s cannot read which agent has the conversation: %s", team.workflow, message_of(error))
            kept = None
        return _Remembered(kept.get("agent"), kept.get("asked")) if isinstance(kept, dict) else _Remembered()

    async def _remember(self, team: Team, before: _Remembered, now: _Remembered) -> None:
        if now == before:
            return
        try:
            await team.state.set(_REMEMBERED, {"agent": now.agent, "asked": now.asked})
        except StateUnavailable as error:
            _log.warning("%s cannot store which agent has the conversation: %s", team.workflow, message_of(error))

    def meet(self, choices: Sequence[Choice]) -> None:
        """Describe the agents to the model of the call, and add the connecting tool.

        They replace those of an earlier host.
        """
        if not choices:
            return
        draft = declared(self).draft
        sections = draft.prompt.sections.sections
        if self._met:
            sections[:] = [section for section in sections if all(section is not each for each in self._met)]
            draft.tools.pop(CONNECT, None)
        own = list(sections)
        if not draft.prompt.text and not draft.prompt.sections.sections:
            self.prompt_add_section("Role", _ROLE)
        self.prompt_add_section("Agents", bullets=[_line(choice) for choice in choices])
        self._met = tuple(section for section in sections if all(section is not each for each in own))
        self.define_tool(
            CONNECT,
            "Connect the caller to the agent who can help. Say nothing more afterwards.",
            _parameters(choices),
            self._connect,
            required=["agent", "reason"],
        )

    async def _connect(self, agent: str, reason: str, call: Call) -> FunctionResult:
        """Hand the live call over, unless it had too many hand-offs."""
        return await connect(self._declared.key or self.name, agent, reason, call, self.escalate_to)


def _composed(reply: Reply, words: Sequence[str], outcomes: Sequence[Outcome], others: _Others) -> Reply:
    """Join the last agent's reply to the words of agents that handed over."""
    return evolve(
        reply,
        text="\n\n".join(words),
        handed_to=None if reply.handed_to in others.all else reply.handed_to,
        path=(),
        outcomes=tuple(outcomes) if len(outcomes) > 1 else reply.outcomes,
    )


def _question(choices: Sequence[Choice]) -> str:
    """Return a question that names the purposes of the agents."""
    matters = [(choice.description or choice.agent).strip().rstrip(".") for choice in choices]
    lines = "\n".join(f"- {matter}" for matter in matters)
    return f"I want to send you to the right place. What is it about?\n{lines}"


def _line(choice: Choice) -> str:
    """Return a line about an agent for the prompt."""
    said = [example for examples in choice.examples.values() for example in examples[:2]][:4]
    shown = f" For example: {'; '.join(said)}" if said else ""
    return f"{choice.agent}: {choice.description or 'no description'}{shown}"


def _parameters(choices: Sequence[Choice]) -> Mapping[str, Any]:
    return {
        "agent": {
            "type": "string",
            "enum": [choice.agent for choice in choices],
            "description": "Whose matter it is",
        },
        "reason": {"type": "string", "description": "What the caller needs, in one sentence, for the next agent"},
    }
