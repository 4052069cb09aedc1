"""The one place through which agents are called: deadline, budget, loops, outcomes, cancellation, figures."""

from __future__ import annotations

import asyncio
import pickle
from contextlib import contextmanager

import pytest
from teams import Host, Leaf, hang, leaves, raising

from agenthost import AgentBase, BudgetSpent, ConversationRefused, Outcome, Reply, Sequential, Status, Turn, Unanswered
from agenthost._host.config.schema import TurnsConfig
from agenthost._host.telemetry import spans
from agenthost._host.text.agent_turn import complete
from agenthost._host.text.calling.outcomes import about
from agenthost.builtin.offline.model import OfflineModel
from agenthost.conversation.models import Message, ModelRequest, Usage
from agenthost.conversation.turns import Said

REQUEST = ModelRequest((Message("user", "?"),))


class Caller(Leaf):
    """Calls one agent, and keeps nothing: what became of it is in its reply's outcomes."""

    def __init__(self, agent, seconds=None, times=1):
        super().__init__("caller", self._ask)
        self._agent, self._seconds, self._times = agent, seconds, times

    async def _ask(self, turn, team):
        outcomes = [await team.call(self._agent, turn, seconds=self._seconds) for _ in range(self._times)]
        return Reply(team.workflow, "done", outcomes=tuple(outcomes))


def outcomes(*agents, seconds=None, times=1, limits=None, ask="leaf"):
    host = Host(Caller(ask, seconds, times), *agents, limits=limits)
    return host.run("caller").outcomes


def cancelled_by_itself(_turn, _team):
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ("well", Status.OK, None),
        (raising(ZeroDivisionError("secret")), Status.ERROR, "it failed (e-"),
        (raising(SystemExit(3)), Status.ERROR, "it failed (e-"),
        (raising(KeyboardInterrupt()), Status.ERROR, "it failed (e-"),
        (cancelled_by_itself, Status.ERROR, "it failed (e-"),
        (raising(TimeoutError("its own")), Status.ERROR, "it failed (e-"),
        (raising(Unanswered("nobody was there.")), Status.ERROR, "nobody was there"),
        (lambda *_: {"text": "no reply"}, Status.ERROR, "it failed (e-"),
        (hang, Status.TIMEOUT, "no answer within 0.0"),
    ],
    ids=["ok", "raises", "exits", "interrupts", "cancels", "timeout", "unanswered", "no-reply", "hangs"],
)
def test_whatever_an_agent_does_is_an_outcome(answer, status, reason):
    """Its exception's words stay in the log."""
    (outcome,) = outcomes(Leaf("leaf", answer), seconds=0.05 if answer is hang else None)

    assert outcome.status is status
    assert (outcome.reason or "").startswith(reason or "")
    assert "secret" not in str(outcome)
    assert (outcome.error_id is not None) == (status is Status.ERROR)
    assert (outcome.reply is not None) == (status is Status.OK)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0499, "0.05"), (0.497, "0.5"), (1.96, "2"), (7.54, "7.5"), (29.98, "30"), (125.4, "125")]
)
def test_times_are_told_as_people_say_them(seconds, told):
    """The message has the configured timeout, not the time that was left."""
    assert about(seconds) == told


def test_one_that_takes_no_notice_is_left_behind():
    """It times out, and can call neither an agent nor a model any more."""
    later = []

    async def deaf(turn, team):
        done = asyncio.Event()
        while not done.is_set():
            try:
                await asyncio.wait_for(done.wait(), 0.3)
            except (asyncio.CancelledError, TimeoutError):
                if team.remaining.seconds == 0.0:
                    done.set()
        later.append(await team.call("other", turn))
        try:
            await team.complete(REQUEST)
        except BudgetSpent as error:
            later.append(str(error))
        ended.set()
        return "late"

    host = Host(Caller("leaf", 0.05), Leaf("leaf", deaf), Leaf("other", "well"))

    ended = asyncio.Event()

    async def whole():
        reply = await host.say("caller", seconds=30)
        await ended.wait()
        return reply

    (outcome,) = asyncio.run(whole()).outcomes
    assert outcome.status is Status.TIMEOUT
    assert later[0] == Outcome("other", Status.SKIPPED, reason="the call of this workflow has been cut off")
    assert later[1] == "the call of leaf has been cut off."
    assert ("other", "ok") not in host.statuses


def test_the_deadline_is_inherited():
    """A child never has longer than its parent, whatever it is given."""
    left = []

    def look(_turn, team):
        left.append(team.remaining.seconds)
        return "seen"

    Host(Caller("leaf", 1000), Leaf("leaf", look)).run("caller", seconds=5)
    Host(Caller("leaf", 1), Leaf("leaf", look)).run("caller", seconds=5)

    assert left[0] <= 5
    assert left[1] <= 1


def test_loops_end():
    """An agent that calls itself is skipped after several times.

    The others continue.
    """
    again = Leaf("again", lambda turn, team: team_call(turn, team, "again"))
    reply = Host(again).run("again")

    assert reply.path == ("again",) * 4
    assert depth(reply) == [Status.OK, Status.OK, Status.OK, Status.SKIPPED]
    (*_, last) = outcomes(Leaf("leaf", "x"), times=6)
    assert last.reason == "it has been called 4 times in this turn already"


async def team_call(turn, team, agent):
    outcome = await team.call(agent, turn)
    return Reply(team.workflow, "x", outcomes=(outcome,))


def depth(reply):
    """The statuses from the top down."""
    found = []
    while reply is not None and reply.outcomes:
        found.append(reply.outcomes[0].status)
        reply = reply.outcomes[0].reply
    return found


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (TurnsConfig(calls=3, visits=99), "the turn's budget of 3 calls is spent"),
        (TurnsConfig(tokens=3, visits=99), "the turn's budget of 3 tokens is spent"),
        (TurnsConfig(hops=1), "agents call each other more than 1 deep"),
        (TurnsConfig(visits=2), "it has been called 2 times in this turn already"),
    ],
)
def test_a_budget_that_is_spent(limits, reason):
    """Calls beyond the budget are skipped with a reason."""
    last = outcomes(AgentBase("leaf"), times=6, limits=limits)[-1]

    assert (last.status, last.reason) == (Status.SKIPPED, reason)


def test_the_model_is_counted_in_the_same_budget():
    """The tokens of a called agent count too.

    The turn's usage is the sum.
    """
    left = []

    async def ask(turn, team):
        await team.call("echo", turn)
        await team.complete(REQUEST)
        left.append(team.remaining)
        return "asked"

    host = Host(Leaf("asker", ask), AgentBase("echo"), limits=TurnsConfig(tokens=100, calls=10))
    host.model.answers = ["words"]
    reply = host.run("asker")

    assert reply.usage == Usage(11, 6)
    assert (left[0].tokens, left[0].calls) == (83, 8)


@pytest.mark.parametrize(
    ("name", "reason"), [("gone", "no agent of this name is installed"), ("bad", "quarantined: route")]
)
def test_nobody_of_this_name(name, reason):
    """It is skipped, and the reason is the plan's."""
    host = Host(Caller(name))
    broken = Host.__new__(Host)
    broken.__dict__ = host.__dict__
    if name == "bad":
        from teams import plan_of  # noqa: PLC0415

        broken.plan = plan_of(Caller(name), AgentBase("bad", "/health"))
    (outcome,) = broken.run("caller").outcomes

    assert outcome.status is Status.SKIPPED
    assert outcome.reason.startswith(reason)


def test_cancellation_reaches_the_last_one():
    """If the caller of a turn goes away, every agent in it is cancelled."""
    ended = []

    async def until_cancelled(_turn, _team):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("leaf")

    host = Host(Sequential("chain", ["inner"]), Sequential("inner", ["leaf"]), Leaf("leaf", until_cancelled))
    started = asyncio.Event()

    async def whole():
        task = asyncio.create_task(host.say("chain"))
        await started.wait()
        task.cancel()
        await asyncio.wait((task,))
        return task.cancelled()

    assert asyncio.run(whole())
    assert ended == ["leaf"]
    assert host.statuses == [("leaf", "cancelled"), ("inner", "cancelled"), ("chain", "cancelled")]


def test_who_took_part_stands_in_order():
    """The path has every agent, in the order of the calls."""
    host = Host(Sequential("outer", ["inner", "c"]), Sequential("inner", ["a", "b"]), *leaves(a="1", b="2", c="3"))

    assert host.run("outer").path == ("outer", "inner", "a", "b", "c")


class TestAtTheTop:
    def test_a_workflow_without_an_answer_says_its_fallback(self):
        """And why somebody else should take over."""
        host = Host(Sequential("chain", ["leaf"], fallback="Later, please."), Leaf("leaf", raising(OSError())))
        reply = host.run("chain")

        assert reply.text == "Later, please."
        assert reply.escalate.startswith("0 of 1 agents answered")
        assert [event.text for event in host.events if isinstance(event, Said)] == ["Later, please."]

    def test_a_turn_whose_time_is_up(self):
        """The caller of the turn gets the error."""
        with pytest.raises(TimeoutError, match=r"no answer within 0\.0\d s"):
            Host(Leaf("leaf", hang)).run("leaf", seconds=0.05)

    def test_a_single_agent_s_error_is_the_asker_s(self):
        """The error of its model is raised unchanged."""
        host = Host(AgentBase("echo"), limits=TurnsConfig(tokens=1))

        async def twice():
            budget = host.teams.budget(5)
            await host.teams.reply(host.plan, host.plan.find("echo"), Turn("c", "a"), budget)
            await host.teams.reply(host.plan, host.plan.find("echo"), Turn("c", "b"), budget)

        with pytest.raises(BudgetSpent, match="budget of 1 tokens is spent"):
            asyncio.run(twice())


@pytest.fixture
def told():
    """The spans that a tracer hears of: name and attributes."""
    spans_of_the_test = []

    class Span:
        def __init__(self, name, attributes):
            self.attributes = dict(attributes)
            spans_of_the_test.append((name, self.attributes))

        def set_attribute(self, name, value):
            self.attributes[name] = value

    spans.set_tracer(contextmanager(lambda name, attributes: iter([Span(name, attributes)])))
    yield spans_of_the_test
    spans.set_tracer(None)


def test_a_tracer_hears_of_each_answer_of_a_model(told):
    """The tracer gets the model, the finish reason and the usage."""
    asyncio.run(complete(OfflineModel(), ModelRequest((Message("user", "Good morning, everybody"),))))

    [(name, attributes)] = told
    assert name == "chat offline"
    assert attributes.pop("gen_ai.usage.output_tokens") > 0
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "offline",
        "gen_ai.response.model": "offline",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 5,
    }


def test_a_tracer_hears_of_each_call(told):
    """By the names of the conventions for generative AI."""
    outcomes(AgentBase("leaf"))

    assert [name for name, _ in told] == ["invoke_agent caller", "invoke_agent leaf"]
    assert told[1][1] == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "leaf",
        "gen_ai.conversation.id": "c",
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 1,
    }


class Recorder:
    """Steps as an engine of durable turns stores them, which survive their process."""

    def __init__(self):
        self.stored = []
        self.attempt = iter(())

    def again(self):
        """Begin an attempt that finds what earlier ones have stored."""
        self.attempt = iter([*self.stored])
        return self

    async def __call__(self, name, work):
        found = next(self.attempt, None)
        if found is None:
            found = name, pickle.dumps(await work())
            self.stored.append(found)
        assert found[0] == name
        return pickle.loads(found[1])  # noqa: S301 - written above


def test_an_agent_that_has_answered_does_not_answer_again():
    """Another attempt has the same answer, words and tokens, from the stored steps."""
    recorder = Recorder()

    def attempt():
        host = Host(Sequential("line", ["one", "two"]), AgentBase("one", "/one"), AgentBase("two", "/two"))

        async def main():
            budget = host.teams.budget(30.0)
            found = host.plan.find("line")
            turn = Turn("c", "Hello")
            return await host.teams.reply(
                host.plan, found, turn, budget, host.events.append, steps=recorder.again()
            ), host

        return asyncio.run(main())

    first, host = attempt()
    again, other = attempt()

    assert [name for name, _ in recorder.stored] == ["call one", "call two"]
    assert again == first
    assert other.events == host.events
    assert (host.statuses, other.statuses) == ([("one", "ok"), ("two", "ok"), ("line", "ok")], [("line", "ok")])


def test_a_refused_option_is_not_stored():
    recorder = Recorder()
    host = Host(Caller("leaf"), AgentBase("leaf", "/leaf"))

    async def refuse(*_):
        raise ConversationRefused("tools: no.", "tools")

    host.model.answer = refuse

    async def main():
        found, budget = host.plan.find("caller"), host.teams.budget(30.0)
        await host.teams.reply(host.plan, found, Turn("c", "Hello"), budget, steps=recorder.again())

    with pytest.raises(ConversationRefused):
        asyncio.run(main())
    assert recorder.stored == []
