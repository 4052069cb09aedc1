"""Turns of processes that are killed or stand still go on, and take effect once.

``tox -e durable`` kills 200 times; otherwise a few kills are made.
"""

import os
import random
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count

import pytest
from killed_host import answer, killed_host
from store_servers import PostgresServer

from agenthost.testing import ScriptedModel

KILLS = int(os.environ.get("KILLS", "3"))
ROUNDS = 1 + KILLS // 40
AT_ONCE = 6


def poll_until(holds, seconds=60.0, said=lambda: "it does not hold"):
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, said()
        time.sleep(0.05)
    return found


def ask(host, number, times=100):
    """Ask for an order, and repeat the request until there is an answer."""
    for _ in range(times):
        answered = host.say(f"Where is my order {number}?", f"c-{number}", f"key-{number}")
        if answered is not None:
            return answered
        time.sleep(0.1)
    return None


def done(number, answer):
    return f"Order {number} is refunded." in (answer or "")


def asked(host, numbers, times=100):
    """Ask for orders at the same time, and return the futures of the answers."""
    pool = ThreadPoolExecutor(len(numbers))
    futures = [pool.submit(ask, host, number, times) for number in numbers]
    pool.shutdown(wait=False)
    return futures


@pytest.mark.slow
def test_turns_go_on_and_their_effects_happen_once(tmp_path):
    chance = random.Random(7)  # noqa: S311 - the same each time
    over = threading.Event()
    numbers, begun, answers = count(), set(), {}
    kills = 0

    with ScriptedModel(then=answer) as model, killed_host(tmp_path, model) as host:

        def customer():
            """Send messages. Every other client repeats them until there is an answer."""
            while not over.is_set():
                number = next(numbers)
                begun.add(number)
                answers[number] = ask(host, number, 100 if number % 2 else 1)

        def killer():
            nonlocal kills
            while kills < KILLS:
                serving = host.workers()
                if len(serving) < 2:
                    time.sleep(0.1)
                    continue
                time.sleep(chance.random() * 0.3)
                host.kill(chance.choice(serving))
                kills += 1

        with ThreadPoolExecutor(AT_ONCE) as pool:
            customers = [pool.submit(customer) for _ in range(AT_ONCE)]
            try:
                killer()
            finally:
                over.set()
            for each in customers:
                each.result()
        poll_until(lambda: not host.pending(), 120)
        told = {number: host.say("What did you do?", f"c-{number}") for number in begun}
        refunded, looked_up = host.effects("refunded"), host.effects("looked_up")

    lost, resumed = [*answers.values()].count(None), host.log.count("a turn goes on")
    print(f"{kills} kills, {len(begun)} turns, {lost} clients without an answer, {resumed} resumed")  # noqa: T201
    assert resumed > 0
    assert {number for number, each in answers.items() if number % 2 and not done(number, each)} == set()
    ended = {number for number, each in told.items() if done(number, each)}
    assert {number for number in begun - ended if number % 2 or number in looked_up} == set()  # none that has begun
    assert sorted(refunded) == sorted(ended)
    assert len(looked_up) == len(set(looked_up))


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server.url()
    server.close()


@pytest.mark.slow
def test_a_process_that_stands_still_for_a_lease_does_not_go_on(tmp_path, postgres):
    """Its clients receive the answers of the process that took its turns over.

    On SQLite, a process that stands still may hold the lock of the whole database.
    """
    chance = random.Random(11)  # noqa: S311 - the same each time
    numbers, answers = count(), {}

    with (
        ScriptedModel(then=answer) as model,
        killed_host(tmp_path, model, workers=2, lease=2.0, shared=postgres) as host,
    ):
        for _ in range(ROUNDS):
            asking = [next(numbers) for _ in range(AT_ONCE)]
            before = host.log.count("a turn goes on")
            [still, other] = poll_until(lambda: len(found := host.workers()) == 2 and found)
            futures = asked(host, asking)
            time.sleep(0.1 + chance.random() * 0.6)
            stopped = chance.choice((still, other))
            host.signal(stopped, signal.SIGSTOP)
            try:
                poll_until(
                    lambda: host.log.count("a turn goes on") > before or all(map(Future.done, futures))  # noqa: B023
                )
            finally:
                host.signal(stopped, signal.SIGCONT)
            answers |= {number: each.result() for number, each in zip(asking, futures, strict=True)}
        refunded, looked_up = host.effects("refunded"), host.effects("looked_up")

    taken = host.log.count("another process goes on with a turn")
    print(f"{ROUNDS} pauses, {len(answers)} turns, {taken} of them taken over from a process that woke up")  # noqa: T201
    assert {number for number, each in answers.items() if not done(number, each)} == set()
    assert sorted(refunded) == sorted(answers)
    assert len(looked_up) == len(set(looked_up))


@pytest.mark.slow
def test_another_host_goes_on_with_the_turns_of_a_killed_one(tmp_path, postgres):
    """Two hosts share turns and state in PostgreSQL, and clients go to the other one."""
    chance = random.Random(13)  # noqa: S311 - the same each time
    numbers, answers, resumed = count(1000), {}, 0  # the requests of other tests are stored in the database
    effects = tmp_path / "effects.db"

    with ScriptedModel(then=answer) as model, ExitStack() as stack:

        def served(name):
            directory = tmp_path / name
            directory.mkdir()
            return stack.enter_context(
                killed_host(directory, model, workers=1, lease=3.0, shared=postgres, effects=effects)
            )

        staying = served("host-0")
        for turn in range(ROUNDS):
            dying = served(f"host-{turn + 1}")
            asking = [next(numbers) for _ in range(AT_ONCE)]
            asked(dying, asking)
            poll_until(lambda: {*staying.effects("looked_up")} & {*asking}, said=lambda: dying.log)  # noqa: B023 - called before the next
            time.sleep(chance.random() * 0.5)
            dying.kill_all()
            began = time.monotonic()
            repeated = asked(staying, asking)
            answers |= {number: each.result() for number, each in zip(asking, repeated, strict=True)}
            print(f"all answered {time.monotonic() - began:.1f} s after the kill, with a lease of 3 s")  # noqa: T201
            resumed += staying.log.count("a turn goes on")
        refunded, looked_up = staying.effects("refunded"), staying.effects("looked_up")

    assert resumed > 0
    assert {number for number, each in answers.items() if not done(number, each)} == set()
    assert sorted(refunded) == sorted(answers)
    assert len(looked_up) == len(set(looked_up))
