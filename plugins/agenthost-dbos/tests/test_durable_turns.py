"""Turns go on when their process is killed, and their effects happen once.

``tox -e durable`` kills 200 times; otherwise a few kills are made.
"""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from killed_host import answer, killed_host

from agenthost.testing import ScriptedModel

KILLS = int(os.environ.get("KILLS", "3"))
AT_ONCE = 6


def poll_until(holds, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


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
                for _ in range(100 if number % 2 else 1):
                    answers[number] = host.say(f"Where is my order {number}?", f"c-{number}", f"key-{number}")
                    if answers[number] is not None:
                        break
                    time.sleep(0.1)

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
    assert all(answer for number, answer in answers.items() if number % 2)
    ended = {number for number, each in told.items() if f"Order {number} is refunded." in (each or "")}
    assert {number for number in begun - ended if number % 2 or number in looked_up} == set()  # none that has begun
    assert sorted(refunded) == sorted(ended)
    assert len(looked_up) == len(set(looked_up))
