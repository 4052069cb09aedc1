"""The generations that a supervisor knows: what it orders, and which process answers for which."""

from itertools import pairwise

import attrs
import pytest

from agenthost._host.access.open_calls import CallReport
from agenthost._web.older.generations import MOST, Generations

REPORT = CallReport({("/desk", "c-1"): 1.0}, (), 0.0)


@attrs.define(eq=False)
class Process:
    """A process, and what it was ordered."""

    generation: int
    pid: int
    orders: list = attrs.field(factory=list)

    def order(self, what, content=None):
        self.orders.append((what, content))

    @property
    def ordered(self):
        return [what for what, _ in self.orders if what != "others"]


@pytest.fixture
def generations():
    return Generations("/private")


def test_the_name_of_a_generation_is_random():
    """Two hosts with the same keys do not have the same names."""
    hosts = [Generations("/private") for _ in range(100)]
    names = {host.membership(1).generation for host in hosts}

    assert len(names) == 100
    assert {len(name) for name in names} == {8}
    assert hosts[0].membership(1).generation == hosts[0].membership(1).generation
    assert hosts[0].membership(1).generation != hosts[0].membership(2).generation


def test_a_roll_keeps_one_process_of_the_older_generation(generations):
    """The last one stays, with the calls of the other."""
    one, two, three, four = Process(1, 1), Process(1, 2), Process(2, 3), Process(2, 4)

    assert not generations.replaced(one, [two, three], [])
    assert one.ordered == ["leave"]
    assert generations.replaced(two, [three, four], [one])
    assert two.ordered == ["hold"]
    generations.reported(one, REPORT)
    generations.ended(one, [two, three, four])
    assert two.ordered == ["hold", "calls", "complete"]
    assert ("calls", REPORT) in two.orders

    generations.counted(two, 7)
    generations.counted(three, 9)
    [told] = generations.report()
    assert told == {"generation": 1, "process": 2, "calls": 7, "seconds": 1800}
    generations.ended(two, [three, four])
    assert generations.report() == []


def test_reports_wait_for_the_process_that_stays(generations):
    """Those of a generation without one are forgotten."""
    one, two, three, lost = Process(1, 1), Process(1, 2), Process(2, 3), Process(1, 5)
    generations.replaced(one, [two, three], [])
    generations.reported(one, REPORT)
    generations.ended(one, [two, three])
    generations.replaced(two, [three], [])
    assert two.ordered == ["hold", "calls", "complete"]
    assert ("calls", REPORT) in two.orders

    generations.ended(two, [three])
    generations.reported(lost, REPORT)
    generations.ended(lost, [three])
    assert generations._reports == {}


def test_a_process_that_one_of_the_same_generation_replaces_just_leaves(generations):
    one = Process(1, 1)

    assert not generations.replaced(one, [Process(1, 2)], [])
    assert one.ordered == ["leave"]


def test_all_processes_know_which_one_answers_for_which_generation(generations):
    """During a roll and after it, each time that it changes."""
    one, two, three = Process(1, 1), Process(1, 2), Process(2, 3)
    old, new = generations.membership(1).generation, generations.membership(2).generation
    generations.announce([one, two])
    assert one.orders == two.orders == [("others", ({}, 0))]
    assert generations.membership(2).others == {old: f"/private/{old}-1"}
    assert generations.membership(1).others == {}

    generations.announce([one, two, three])
    generations.announce([one, two, three])
    assert one.orders[1:] == two.orders[1:] == [("others", ({new: f"/private/{new}-3"}, 0))]
    assert three.orders == [("others", ({old: f"/private/{old}-1"}, 0))]
    assert generations.membership(2).socket_of(3) == f"/private/{new}-3"

    generations.replaced(one, [two, three], [])
    generations.announce([two, three])
    assert three.orders[1:] == [("others", ({old: f"/private/{old}-2"}, 0))]
    generations.replaced(two, [three], [])
    generations.announce([three])
    assert three.orders[2:] == [("others", ({old: f"/private/{old}-2"}, 1))]
    assert generations.membership(2).held == 1

    generations.ended(two, [three])
    generations.announce([three])
    assert three.orders[3:] == [("others", ({}, 0))]


def test_the_others_hear_of_the_successor_before_a_process_leaves(generations):
    """Requests of its calls would reach nobody."""
    sent = []

    class Noting(Process):
        def order(self, what, content=None):
            sent.append((self.pid, what))

    one, two, three = Noting(1, 1), Noting(1, 2), Noting(2, 3)
    generations.announce([one, two, three])
    sent.clear()
    generations.replaced(one, [two, three], [])

    assert [(pid, what) for pid, what in sent if pid != 2] == [(3, "others"), (1, "leave")]


def test_at_most_three_generations_exist_at_once(generations, caplog):
    """The oldest one is ended, which is logged."""
    processes = [Process(number, number) for number in range(MOST + 1)]
    for old, new in pairwise(processes):
        generations.make_room()
        generations.replaced(old, [new], [])
        living = [each for each in processes[: new.pid] if "leave" not in each.ordered]
        assert len(living) + 1 <= MOST

    assert processes[0].ordered == ["hold", "complete", "leave"]
    assert processes[2].ordered == ["hold", "complete"]
    assert "generation 0 ends early, with some calls in progress: at most 3" in caplog.text


def test_a_membership_does_not_print_its_key(generations):
    assert str(generations.membership(1).key) not in repr(generations.membership(1))
