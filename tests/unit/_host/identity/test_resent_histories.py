"""Records of resent histories in the store."""

import asyncio

import pytest

from agenthost import Message
from agenthost._host.identity import resent_histories as module
from agenthost._host.identity.resent_histories import ResentHistories, history_key
from agenthost.builtin.state_memory import memory_provider
from agenthost.state import Scope, StateOptions, Store


@pytest.fixture
def run():
    def go(test):
        async def main():
            entries = await memory_provider().open("memory://", StateOptions())
            store = Store(entries, Scope("host", "histories"))
            await test(ResentHistories(store, 60.0), store)

        asyncio.run(main())

    return go


def test_a_conversation_has_one_record(run):
    async def test(histories, store):
        keys = [f"k{number}" for number in range(4)]
        for before, after in zip([None, *keys], keys, strict=False):
            await histories.move(before, [after], "c-1")
        filled = [key async for key in store.scan() if await store.get(key)]
        assert filled == ["k3"]
        assert await histories.find("k3") == "c-1"

    run(test)


def test_two_conversations_with_one_history_are_not_found(run):
    async def test(histories, _):
        await histories.move(None, ["k"], "c-1")
        await histories.move(None, ["k"], "c-2")
        assert await histories.find("k") is None
        assert not await histories.take("k", "c-1")
        await histories.move("k", ["k2"], "c-2")
        assert await histories.find("k") == "c-1"

    run(test)


def test_one_request_at_a_time_continues(run, monkeypatch):
    """A request whose process has died lets the next one continue."""

    async def test(histories, _):
        now = module.time.time()
        await histories.move(None, ["k"], "c-1")
        assert [await histories.take("k", "c-1") for _ in range(2)] == [True, False]
        await histories.release("k", "c-1")
        assert await histories.take("k", "c-1")
        monkeypatch.setattr(module.time, "time", lambda: now + 70)
        assert await histories.take("k", "c-1")

    run(test)


def said(*texts):
    return [Message("user" if number % 2 == 0 else "assistant", text) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (said("Hi.", "Hello."), said("Hi.", "Hello."), True),
        (said("Hi.", "Hello.\n\nWell?"), said(" Hi.", "Hello. Well? "), True),
        ([*said("Hi."), Message("tool", "x", (), "u"), *said("", "Hello.")], said("Hi.", "Hello."), True),
        (said("Hi.", "Hello."), said("Hi.", "Hello!"), False),
        (said("Hi.", "Hello."), said("Hi. Hello."), False),
    ],
    ids=["same", "spaces", "tools", "edited", "roles"],
)
def test_words_of_people_and_agents_count(one, other, same):
    assert (history_key("a", one) == history_key("a", other)) is same
    assert history_key("a", one) != history_key("b", one)


def test_nothing_said_has_no_key():
    assert history_key("a", said("", " ")) is None
