"""The identity of turns: which entry of the store a request repeats."""

import asyncio

import pytest

from agenthost._host.identity import turn_identity as module
from agenthost._host.identity.turn_identity import Identity, Kind, TurnIdentities
from agenthost.builtin.state_memory import memory_provider
from agenthost.errors import ConversationRefused, TurnTakenOver
from agenthost.state import Scope, StateOptions, Store

FIRST = Identity("f")
MARKED = Identity("f", retry=True)
OUTCOME = {"reply": {"text": "Ordered."}}


@pytest.fixture
def run(monkeypatch):
    """Run a test with the identities of turns, and a clock that it sets."""
    clock = [1_000.0]
    monkeypatch.setattr(module.time, "time", lambda: clock[0])

    def go(test):
        async def main():
            entries = await memory_provider().open("memory://", StateOptions())
            await test(TurnIdentities(Store(entries, Scope("host", "turns")), 60.0), clock)

        asyncio.run(main())

    return go


async def failed(identities, identity=FIRST, turn=1, *, left=False):
    """A turn that failed after a tool."""
    claim = await identities.claim(identity, "c-1")
    await identities.tool_begins(claim, turn)
    await identities.ended(claim, {"error": "ModelUnavailable"}, answered=False, left=left)
    return claim


async def answered(identities, identity=FIRST, *, left=False):
    claim = await identities.claim(identity, "c-1")
    await identities.ended(claim, OUTCOME, answered=True, left=left)
    return claim


@pytest.mark.parametrize(("later", "kind"), [(0, Kind.CONTINUES), (59, Kind.CONTINUES), (61, Kind.NEW)])
def test_the_same_words_repeat_a_failed_turn_for_a_minute(run, later, kind):
    async def test(identities, clock):
        await failed(identities)
        clock[0] += later
        assert (await identities.claim(FIRST, "c-2")).kind is kind

    run(test)


@pytest.mark.parametrize(("later", "kind"), [(599, Kind.STORED), (601, Kind.NEW)])
def test_a_marked_retry_repeats_any_turn_for_ten_minutes(run, later, kind):
    async def test(identities, clock):
        first = await answered(identities)
        clock[0] += later
        claim = await identities.claim(MARKED, "c-2")
        assert (claim.kind, claim.id == first.id) == (kind, kind is Kind.STORED)
        assert claim.outcome == (OUTCOME if kind is Kind.STORED else {})

    run(test)


def test_an_attempt_that_continues_counts_itself_and_those_before_it(run):
    async def test(identities, _):
        await failed(identities, turn=1)
        second = await failed(identities, turn=2)
        third = await identities.claim(FIRST, "c-9")
        assert (second.turns, third.turns, third.conversation) == ((1,), (1, 2), "c-1")

    run(test)


def test_a_turn_that_failed_without_effects_is_forgotten(run):
    async def test(identities, _):
        claim = await identities.claim(FIRST, "c-1")
        await identities.ended(claim, {"error": "ModelUnavailable"}, answered=False, left=False)
        assert (await identities.claim(MARKED, "c-2")).kind is Kind.NEW

    run(test)


def test_one_repeat_takes_a_turn_up(run):
    """The next one is another customer's."""

    async def test(identities, _):
        await answered(identities, left=True)
        kinds = [(await identities.claim(FIRST, "c-2")).kind for _ in range(2)]
        assert kinds == [Kind.STORED, Kind.NEW]

    run(test)


def test_another_address_repeats_nothing_unmarked(run):
    async def test(identities, _):
        await failed(identities)
        assert (await identities.claim(Identity("f", client="192.0.2.1"), "c-2")).kind is Kind.NEW

    run(test)


def test_a_retry_that_could_be_of_either_customer_is_a_new_turn(run):
    async def test(identities, _):
        for _ in range(2):
            assert (await identities.claim(FIRST, "c-1")).kind is Kind.NEW
        assert (await identities.claim(MARKED, "c-2")).kind is Kind.NEW

    run(test)


def test_a_retry_is_of_the_customer_who_left(run):
    async def test(identities, _):
        first = await identities.claim(FIRST, "c-1")
        await identities.claim(FIRST, "c-2")
        await identities.left(first)
        claim = await identities.claim(MARKED, "c-3")
        assert (claim.kind, claim.id) == (Kind.JOINS, first.id)

    run(test)


def test_a_turn_whose_process_died_continues(run):
    """One without effects is a new turn."""

    async def test(identities, clock):
        begun = await identities.claim(FIRST, "c-1")
        await identities.tool_begins(begun, 1)
        other = Identity("g")
        idle = await identities.claim(other, "c-2")
        clock[0] += 66
        assert await identities.look(begun) is None
        assert (await identities.claim(FIRST, "c-3")).turns == (1,)
        assert (await identities.claim(other, "c-4")).id != idle.id

    run(test)


def test_a_key_names_one_request(run):
    async def test(identities, clock):
        first = await answered(identities, Identity("f", key="k"))
        clock[0] += 3600
        claim = await identities.claim(Identity("f", key="k"), "c-2")
        assert (claim.kind, claim.id) == (Kind.STORED, first.id)
        with pytest.raises(ConversationRefused, match="another request"):
            await identities.claim(Identity("g", key="k"), "c-3")

    run(test)


def test_an_answer_that_is_too_large_is_made_again(run):
    async def test(identities, _):
        claim = await identities.claim(Identity("f", key="k"), "c-1")
        await identities.ended(claim, {"reply": "x" * 300_000}, answered=True, left=False)
        assert (await identities.claim(Identity("f", key="k"), "c-2")).kind is Kind.CONTINUES

    run(test)


def test_entries_of_one_fingerprint_are_bounded(run):
    async def test(identities, _):
        claims = [await identities.claim(FIRST, "c-1") for _ in range(20)]
        assert await identities.look(claims[0]) is None
        assert (await identities.look(claims[-1])).kind is Kind.JOINS

    run(test)


def test_a_turn_whose_process_died_is_resumed_once(run):
    async def test(identities, clock):
        claim = await identities.claim(FIRST, "c-1")
        await identities.tool_begins(claim, 3)
        clock[0] += 50
        resumed = await identities.resume(claim, 2)
        assert (resumed.kind, resumed.id, resumed.turns) == (Kind.CONTINUES, claim.id, (3,))
        clock[0] += 50
        assert (await identities.look(claim)).kind is Kind.JOINS
        await identities.ended(resumed, OUTCOME, answered=True, left=False)
        assert await identities.resume(claim, 3) is None

    run(test)


def test_a_tool_of_an_attempt_that_was_replaced_does_not_begin(run):
    async def test(identities, _):
        claim = await identities.claim(FIRST, "c-1")
        await identities.tool_begins(claim, 1)
        resumed = await identities.resume(claim, 2)
        with pytest.raises(TurnTakenOver):
            await identities.tool_begins(claim, 1)
        with pytest.raises(TurnTakenOver):
            await identities.resume(claim, 1)
        await identities.tool_begins(resumed, 2)
        assert (await identities.resume(claim, 3)).turns == (1, 2)

    run(test)


def test_an_attempt_that_was_only_slow_does_not_end_the_turn(run):
    async def test(identities, _):
        claim = await identities.claim(FIRST, "c-1")
        await identities.tool_begins(claim, 1)
        resumed = await identities.resume(claim, 2)
        await identities.ended(claim, {"error": "TimeoutError"}, answered=False, left=False)
        assert (await identities.look(claim)).kind is Kind.JOINS
        await identities.ended(resumed, OUTCOME, answered=True, left=False)
        assert (await identities.look(claim)).outcome == OUTCOME

    run(test)


def test_a_turn_that_a_request_has_continued_is_not_resumed(run):
    async def test(identities, clock):
        claim = await identities.claim(FIRST, "c-1")
        await identities.tool_begins(claim, 1)
        clock[0] += 66
        assert (await identities.claim(FIRST, "c-2")).kind is Kind.CONTINUES
        assert await identities.resume(claim, 2) is None

    run(test)
