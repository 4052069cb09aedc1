"""Teams for tests of workflows.

They are a host's plan of real agents, and leaves with fixed answers.
"""

from __future__ import annotations

import asyncio
import re
import time

import attrs
import plans

from agenthost import Reply, Turn, Workflow
from agenthost._host.config.schema import TurnsConfig
from agenthost._host.packages.stages import Extensions
from agenthost._host.plan.chosen_classifiers import Classifiers
from agenthost._host.text.calling.agent_calls import AgentCalls
from agenthost.builtin.state_memory import MemoryEntries
from agenthost.conversation.models import Completion, Usage
from agenthost.state import Stores


class Leaf(Workflow):
    """An agent whose answer comes from a function.

    The answer is a text, a reply, or an exception.

    Args:
        name: its name.
        answer: text, or a function of turn and team, which may be async.
    """

    def __init__(self, name, answer="", **options):
        super().__init__(name, ["nobody"], **{"description": "", **options})
        self.answer = answer

    @property
    def members(self):
        """It calls nobody."""
        return ()

    async def respond(self, turn, team):
        """Answer."""
        said = self.answer(turn, team) if callable(self.answer) else self.answer
        if asyncio.iscoroutine(said):
            said = await said
        return said if not isinstance(said, str) else Reply(team.workflow, said)


class Model:
    """A language model with given answers.

    Args:
        answers: texts in order, the last again and again; or a function of the request. Empty: there is no model.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    async def answer(self, plan, agent, turn, listen, meter):
        """An echo."""
        meter.begin()
        meter.spent(Usage(1, 1))
        return Reply(agent.key, f"{agent.key}: {turn.text}", path=(agent.key,))

    async def complete(self, plan, agent, request, say=None):
        """The next text."""
        self.requests.append(request)
        said = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if callable(said):
            said = said(request)
        for piece in re.findall(r"\S+\s*|\s+", said) if say is not None else ():
            say(piece)
        return Completion(said, usage=Usage(10, 5))

    def has_model(self, plan, agent):
        """Return True if there are answers."""
        return bool(self.answers)


class Counted:
    """The figures, as they came."""

    def __init__(self):
        self.outcomes = []
        self.taken_over = []

    def called(self, outcome, usage):
        """One call."""
        self.outcomes.append(outcome)

    def escalated(self, agent):
        """Record an escalation."""
        self.taken_over.append(agent)


def plan_of(*agents, detectors=(), **fields):
    """The plan of a host with these agents, and escalation detectors of a plugin."""
    extensions = Extensions(escalation_detectors=tuple(("test", each) for each in detectors))
    return attrs.evolve(plans.plan_of(*agents), **{"extensions": extensions, **fields})


def leaves(**answers):
    """Leaves by name."""
    return [Leaf(name, answer) for name, answer in answers.items()]


class Host:
    """A host in which agents call each other.

    Args:
        agents: its agents.
        model: the language model.
        entries: where state is kept.
        limits: of a turn.
        fields: further fields of the plan.
    """

    def __init__(self, *agents, model=None, entries=None, limits=None, **fields):
        if "classifiers" in fields:
            made = {each.name: each for each in fields["classifiers"]}
            fields["classifiers"] = Classifiers(made, next(iter(made)))
        self.plan = plan_of(*agents, **fields)
        assert not self.plan.failed, self.plan.failed
        self.figures = Counted()
        self.model = model or Model()
        self.stores = Stores(entries or MemoryEntries(time.monotonic))
        self.teams = AgentCalls(self.model, self.stores, self.figures, lambda: limits or TurnsConfig())
        self.events = []

    async def say(self, agent, text="?", *, conversation="c", seconds=30.0, **turn):
        """Return the reply of an agent."""
        found = self.plan.find(agent)
        budget = self.teams.budget(seconds)
        return await self.teams.reply(self.plan, found, Turn(conversation, text, **turn), budget, self.events.append)

    def run(self, agent, text="?", **options):
        """The same, from outside an event loop."""
        return asyncio.run(self.say(agent, text, **options))

    @property
    def statuses(self):
        """Return the status of each call, by agent, in the order of their ends."""
        return [(outcome.agent, outcome.status.value) for outcome in self.figures.outcomes]


def hang(_turn, _team):
    """Never answer."""
    return asyncio.Event().wait()


def raising(error):
    """Raise something."""

    def answer(_turn, _team):
        raise error

    return answer
