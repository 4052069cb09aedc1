"""Slots and a model: the limit holds, in order, and no slot is lost."""

from __future__ import annotations

import asyncio
from collections import deque

from hypothesis import given, strategies as st

from agenthost._host.calls.concurrency import Busy, Slots

STEPS = st.lists(
    st.tuples(st.sampled_from(["come", "end", "leave", "come and leave", "end and leave"]), st.integers(0, 20)),
    max_size=60,
)


class Calls:
    """Calls at an agent's slots, with a model of the running and waiting ones."""

    def __init__(self, number, queue):
        self.number, self.queue = number, queue
        self.slots = Slots(number, queue)
        self.tasks, self.ends = {}, {}
        self.running, self.refused = set(), set()
        self.should_run, self.should_wait, self.should_refuse = set(), deque(), set()

    async def call(self, name):
        try:
            await self.slots.take(600)
        except Busy:
            self.refused.add(name)
            return
        self.running.add(name)
        assert len(self.running) <= self.number
        try:
            await self.ends[name].wait()
        finally:
            self.running.discard(name)
            self.slots.give_back()

    def come(self):
        name = len(self.tasks)
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self.call(name))
        if len(self.should_run) < self.number:
            self.should_run.add(name)
        elif len(self.should_wait) < self.queue:
            self.should_wait.append(name)
        else:
            self.should_refuse.add(name)
        return name

    def end(self, index):
        if self.should_run:
            name = sorted(self.should_run)[index % len(self.should_run)]
            self.ends[name].set()
            self._ended(name)

    def leave(self, index):
        present = sorted([*self.should_run, *self.should_wait])
        if present:
            name = present[index % len(present)]
            self.tasks[name].cancel()
            if name in self.should_wait:
                self.should_wait.remove(name)
            else:
                self._ended(name)

    def _ended(self, name):
        self.should_run.discard(name)
        if self.should_wait:
            self.should_run.add(self.should_wait.popleft())

    async def settle(self):
        for _ in range(6):
            await asyncio.sleep(0)


@given(number=st.integers(1, 3), queue=st.integers(0, 4), steps=STEPS)
def test_slots_do_what_the_model_does(number, queue, steps):
    """Calls begin, end and are cancelled in any order, also at the same moment."""

    async def main():
        calls = Calls(number, queue)
        for step, index in steps:
            if step.startswith("come"):
                calls.come()
                await calls.settle()
            if step.startswith("end"):
                calls.end(index)
                if step == "end":
                    await calls.settle()
            if step.endswith("leave"):
                calls.leave(index)
            await calls.settle()
            assert calls.refused == calls.should_refuse
            assert calls.running == calls.should_run
            assert calls.slots.waiting == len(calls.should_wait)
        for task in calls.tasks.values():
            task.cancel()
        await asyncio.gather(*calls.tasks.values(), return_exceptions=True)
        assert (calls.slots.free, calls.slots.waiting) == (number, 0)

    asyncio.run(main())
