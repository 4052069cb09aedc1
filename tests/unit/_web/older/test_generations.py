"""The generations that a supervisor knows: what it orders, and which process answers for which."""

import re

import attrs
import pytest

from agenthost._host.access.open_calls import CallReport
from agenthost._web.older.generations import MOST, Generations, new_generation

REPORT = CallReport({("/desk", "c-1"): 1.0}, (), 0.0)


@attrs.define(eq=False)
class Process:
    """A process, and what it was ordered."""

    generation: str
    number: int
    orders: list = attrs.field(factory=list)

    def order(self, what, content=None):
        self.orders.append((what, content))

    @property
    def ordered(self):
        return [what for what, _ in self.orders]


@pytest.fixture
def generations():
    return Generations("/private")


def processes(generations, *numbers):
    return [Process(generations.present, number) for number in numbers]


def test_the_name_of_a_generation_is_random_and_stands_in_a_token():
    names = {new_generation() for _ in range(100)}

    assert len(names) == 100
    assert all(re.fullmatch(r"[\w-]{8}", name) for name in names)


def test_a_roll_keeps_one_process_of_the_older_generation(generations):
    """The last one stays, with the calls of the other."""
    one, two = processes(generations, 1, 2)
    generations.begin()
    three, four = processes(generations, 3, 4)

    assert not generations.replaced(one, [two, three], [])
    assert one.ordered == ["leave"]
    assert generations.replaced(two, [three, four], [one])
    assert two.ordered == ["hold"]
    generations.reported(one, REPORT)
    generations.ended(one, [two, three, four])

    assert two.orders[1:] == [("calls", REPORT), ("complete", None)]
    assert [(each["process"], each["calls"]) for each in generations.report()] == [(2, None)]
    generations.ended(two, [three, four])
    assert generations.report() == []


def test_reports_wait_for_the_process_that_stays(generations):
    """Those of a generation without one are forgotten."""
    one, two, lost = processes(generations, 1, 2, 5)
    generations.begin()
    (three,) = processes(generations, 3)
    generations.replaced(one, [two, three], [])
    generations.reported(one, REPORT)
    generations.ended(one, [two, three])
    generations.replaced(two, [three], [])

    assert two.orders == [("hold", None), ("calls", REPORT), ("complete", None)]

    generations.ended(two, [three])
    generations.reported(lost, REPORT)
    generations.ended(lost, [three])
    assert generations._reports == {}


def test_a_process_that_one_of_the_same_generation_replaces_just_leaves(generations):
    one, two = processes(generations, 1, 2)

    assert not generations.replaced(one, [two], [])
    assert one.ordered == ["leave"]


def test_all_processes_know_who_answers_for_which_generation(generations):
    """During a roll and after it, each time that it changes."""
    one, two = processes(generations, 1, 2)
    old = generations.present
    generations.announce([one, two])
    assert one.orders == two.orders == [("others", {})]
    generations.begin()
    assert generations.membership().others == {old: f"/private/{old}-1"}
    (three,) = processes(generations, 3)
    new = generations.present

    generations.announce([one, two, three])
    generations.announce([one, two, three])
    assert one.orders[1:] == two.orders[1:] == [("others", {new: f"/private/{new}-3"})]
    assert three.orders == [("others", {old: f"/private/{old}-1"})]
    assert generations.membership().socket_of(3) == f"/private/{new}-3"

    generations.replaced(one, [two, three], [])
    generations.announce([two, three])
    assert three.orders[1:] == [("others", {old: f"/private/{old}-2"})]
    generations.replaced(two, [three], [])
    generations.announce([three])
    assert three.orders[2:] == []

    generations.ended(two, [three])
    generations.announce([three])
    assert three.orders[2:] == [("others", {})]


def test_at_most_three_generations_exist_at_once(generations, caplog):
    """The oldest one is ended, which is logged."""
    held = []
    for number in range(MOST):
        (process,) = processes(generations, number)
        generations.begin()
        generations.replaced(process, [Process(generations.present, 99)], [])
        held.append(process)
        living = len([each for each in held if "leave" not in each.ordered]) + 1
        assert living <= MOST
    generations.ended(held[0], held[1:])

    assert held[0].ordered == ["hold", "complete", "leave"]
    assert held[2].ordered == ["hold", "complete"]
    assert f"generation {held[0].generation} ends early, with some calls in progress: at most 3" in caplog.text


def test_a_membership_does_not_print_its_key(generations):
    assert str(generations.membership().key) not in repr(generations.membership())
