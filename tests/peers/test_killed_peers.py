"""Two hosts are killed at any moment. No client hangs, and no update is lost.

``tox -e peers`` kills 40 times, one host or both at nearly the same time; otherwise both are killed once.
"""

import asyncio
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from polling import poll_until
from two_hosts import PEER_SECRET, answer, two_hosts

from agenthost import Scope, StateOptions, Store
from agenthost.builtin.state_sqlite import sqlite_provider
from agenthost.testing import ScriptedModel

KILLS = int(os.environ.get("KILLS", "2"))
AT_ONCE = 4
ORDERED_BY = (
    ("clerk", "Please take order {}."),
    ("both", "Please take order {}."),
    ("desk", "Please charge the invoice of order {}."),
)


def charged(number, answer):
    return f"Order {number} is charged." in answer


def go_on(acknowledged, customers):
    """Wait until an order is charged, unless a customer fails."""
    before = len(acknowledged)
    poll_until(lambda: len(acknowledged) > before or any(each.done() for each in customers), 120)
    assert not any(each.done() for each in customers)


def kill_and_start(victims, chance):
    """Kill hosts at random moments, and wait until they serve again."""
    for host in victims:
        time.sleep(chance.random() * 0.5)
        host.kill()
    time.sleep(chance.random())
    for host in victims:
        host.start()
    for host in victims:
        host.ready()


@pytest.mark.slow
def test_hosts_are_killed_while_they_reach_each_other(tmp_path):
    chance = random.Random(5)  # noqa: S311 - the same each time
    over, numbers, outcomes, acknowledged, reserved = threading.Event(), count(), Counter(), set(), set()

    with ScriptedModel(then=answer) as model, two_hosts(tmp_path, model) as hosts:
        west = hosts[1]

        def customer():
            """Order by a hand-over, a parallel workflow and a router in turn, with repeated requests."""
            while not over.is_set():
                number = next(numbers)
                agent, text = ORDERED_BY[number % 3]
                while True:
                    kind, told = west.say(agent, text.format(number), f"c-{number}", f"key-{number}")
                    outcomes[kind if kind != "error" else told] += 1
                    assert kind != "hang", told
                    assert told, "an outcome has no name"
                    if kind == "text":
                        break
                    time.sleep(0.05)
                if charged(number, told):
                    acknowledged.add(number)
                if f"Order {number} is reserved." in told:
                    reserved.add(number)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            customers = [pool.submit(customer) for _ in range(AT_ONCE)]
            try:
                kills = 0
                while kills < KILLS:
                    go_on(acknowledged, customers)
                    victims = chance.sample(hosts, min(KILLS - kills, chance.choice((1, 2)) if kills else 2))
                    kill_and_start(victims, chance)
                    kills += len(victims)
                go_on(acknowledged, customers)
            finally:
                over.set()
            for each in customers:
                each.result()
        ledger, dialled = asyncio.run(stored(tmp_path)), west.dial("billing")

    twice = len(ledger["charged"]) - len({*ledger["charged"]})
    print(f"{KILLS} kills, {len(acknowledged)} charged, {twice} twice, clients received {dict(outcomes)}")  # noqa: T201
    assert [*dialled["sections"]["main"][0]["transfer"].values()] == [
        f"http://west:{PEER_SECRET}@127.0.0.1:{hosts[0].port}/billing"
    ]
    assert acknowledged - {*ledger["charged"]} == set()
    assert reserved - {*ledger["reserved"]} == set()
    assert {number for number in acknowledged if number % 3 == 0} - {*ledger["taken"]} == set()
    assert {number for number in acknowledged if number % 3 == 2} != set()


async def stored(directory):
    """Return the orders in the ledger that the hosts share."""
    entries = await sqlite_provider().open(f"sqlite:///{directory}/shared.db", StateOptions(30, 30, str(directory)))
    ledger = Store(entries, Scope("host", "ledger"))
    found = {name: await ledger.get(name, []) for name in ("taken", "reserved", "charged")}
    await entries.close()
    return found
