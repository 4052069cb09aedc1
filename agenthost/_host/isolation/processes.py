"""The processes of one agent: kept running, shared by its calls, and replaced on failure.

A process that crashes is replaced at once, and one that keeps crashing after a growing pause. A process with a call
that does not end in time is replaced too: new calls go to its successor, and it is killed once nothing else runs in it,
or at once if its event loop does not respond. A call that had not begun in a lost process begins in another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

from agenthost._error_words import message_of
from agenthost._host.calls.author_threads import Threads
from agenthost._host.isolation.process import CallNotStarted, OwnProcessError, Process
from agenthost._host.telemetry.current_call import requesting
from agenthost.errors import StateRefused, StateUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from agenthost._host.isolation.process_setup import Setup
    from agenthost._host.isolation.template_process import TemplateProcess
    from agenthost._host.telemetry.current_call import Owner
    from agenthost.state import Entries

__all__ = ["Launch", "Observer", "Processes"]

_SETTLED = 10.0
"""Seconds after which a process's end is no longer blamed on its start."""
_PAUSES = (0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a process is replaced, by the number of early ends in a row."""
_PATIENCE = 1.0
"""Seconds that a call waits for such a pause to end."""
_LOOK = 0.5
_STALLED = 2.0
"""Seconds without an answer after which the event loop of a process counts as blocked."""
_SLOW = 0.25
"""Seconds without an answer after which calls go to other processes first."""
_ENDING = 2.5
_TRIES = 3
_MOST_QUESTIONS = 256
_OPERATIONS = frozenset({"read", "put", "put_if", "add", "remove", "page", "ping"})

_log = logging.getLogger("agenthost.processes")


class Observer(Protocol):
    """Counts the ends and the memory of processes.

    See ``agenthost._host.telemetry.metrics.Metrics``.
    """

    def process_ended(self, agent: str, reason: str) -> None:
        """Count a process that ended unexpectedly: ``crash``, ``hang`` or ``memory``."""

    def process_memory(self, agent: str, size: int) -> None:
        """Record the memory of an agent's processes, in bytes."""

    def failed(self, owner: Owner) -> None:
        """Count a failure that no caller received."""


@frozen
class Launch:
    """The setup of the processes of an agent, and their template."""

    setup: Setup
    template: TemplateProcess
    number: int


class Processes:
    """The processes of one agent."""

    def __init__(
        self, launch: Launch, first: Process, entries: Callable[[], Entries], allowed: Callable[[bytes], bool]
    ) -> None:
        self._launch = launch
        self._key = launch.setup.key
        self._spare: Process | None = first
        self._entries = entries
        self._allowed = allowed
        self._threads = Threads()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._live: list[Process] = []
        self._leaving: set[Process] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._questions = 0
        self._early_ends = 0
        self._problem = ""
        self._due = 0.0
        self._changed = asyncio.Event()
        self._served = False
        self.observer: Observer | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the processes running during the block, each with the agent's lifespan.

        Raises:
            OwnProcessError: the first did not begin.
        """
        self._use_this_loop()
        looking: asyncio.Task[None] | None = None
        try:
            first = await self._process()
            self._served = True
            await first.ask("begin")
            self._fill()
            looking = asyncio.get_running_loop().create_task(self._look())
            yield
        finally:
            if looking is not None:
                looking.cancel()
            self._served = False
            await self._close()

    async def ask(self, operation: str, *arguments: Any) -> Any:
        """Run an operation in one of the processes and return its result.

        See ``Process.ask``.
        """
        return (await self.ask_one(operation, *arguments))[1]

    async def ask_one(self, operation: str, *arguments: Any) -> tuple[Process, Any]:
        """Run an operation in one of the processes. Return the process and the result."""
        for _ in range(_TRIES):
            process = await self._process()
            with suppress(CallNotStarted):
                return process, await self.ask_in(process, operation, *arguments)
        raise OwnProcessError(f"the process of agent {self._key} ends before it begins a call")

    async def ask_in(self, process: Process, operation: str, *arguments: Any) -> Any:
        """Run an operation in this very process."""
        try:
            return await process.ask(operation, *arguments)
        except asyncio.CancelledError:
            self._do(self._replace_stuck(process))
            raise

    async def _process(self) -> Process:
        """Return the process with the fewest calls.

        If there is none, it waits for one to start.

        Raises:
            OwnProcessError: they keep ending, and none is started for a while.
        """
        self._use_this_loop()
        if (spare := self._spare) is not None:
            self._spare = None
            self._starting += 1
            try:
                await self._take(spare)
            finally:
                self._starting -= 1
                self._changed.set()
        while not self._live:
            self._fill()
            if self._starting > 0:
                self._changed.clear()
                await self._changed.wait()
            elif (pause := self._due - time.monotonic()) <= _PATIENCE:
                await asyncio.sleep(max(0.0, pause))
            else:
                raise OwnProcessError(f"agent {self._key} has no process: {self._problem}. A new one is started soon")
        if len(self._live) == 1:
            return self._live[0]
        return min(self._live, key=lambda each: (each.silent > _SLOW, each.calls))

    def _use_this_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        for process in (*self._live, *self._leaving):  # of a loop that has ended
            process.kill()
        self._live, self._leaving, self._tasks = [], set(), set()
        self._loop, self._starting, self._changed = loop, 0, asyncio.Event()

    async def _take(self, process: Process) -> None:
        await process.attach(self._lost, self._asked_for_state, self._stray)
        self._live.append(process)

    def _fill(self) -> None:
        """Start the processes that are missing.

        If they keep ending, it starts them after a pause.
        """
        if not self._served and self._live:
            return
        missing = (self._launch.number if self._served else 1) - len(self._live) - self._starting
        if missing > 0 and time.monotonic() >= self._due:
            self._starting += missing
            for _ in range(missing):
                self._do(self._start())

    async def _start(self) -> None:
        process: Process | None = None
        try:
            process, _ = await self._threads.run(self._launch.template.start_process)
            await process.attach(self._lost, self._asked_for_state, self._stray)
            if self._served:
                await process.ask("begin")
        except asyncio.CancelledError:
            if process is not None:
                process.kill()
            raise
        except Exception as error:  # noqa: BLE001 - whatever a package does when it is loaded again
            if process is not None:
                process.kill()
            self._problem = message_of(error)
            self._ended_early()
            _log.error("a process of agent %s could not be started: %s", self._key, message_of(error))
        else:
            self._live.append(process)
            _log.info("agent %s has process %d", self._key, process.pid)
        finally:
            self._starting -= 1
            self._changed.set()

    def _ended_early(self) -> None:
        self._early_ends += 1
        self._due = time.monotonic() + _PAUSES[min(self._early_ends, len(_PAUSES) - 1)]

    def _lost(self, process: Process) -> None:
        """Record that a process has ended, and replace it."""
        self._leaving.discard(process)
        if process in self._live:
            self._live.remove(process)
        if process.meant_to_end:
            return
        self._problem = f"the last one {process.how_it_ended()}"
        _log.error("process %d of agent %s %s", process.pid, self._key, process.how_it_ended())
        self._tell("crash")
        if time.monotonic() - process.started < _SETTLED:
            self._ended_early()
        else:
            self._early_ends = 0
        if self._served:
            self._fill()

    async def _replace_stuck(self, process: Process) -> None:
        """Replace the process of a cancelled call that goes on."""
        if await process.ends_overdue() or process.over.is_set():
            return
        begun = process.any_overdue_begun
        why = "a call goes on beyond its deadline" if begun else "it has not begun a call before the call's deadline"
        self._replace(process, "hang", why)
        process.ping()

    def _replace(self, process: Process, reason: str, why: str) -> None:
        """Replace a process.

        The old one is ended once its calls have ended, or killed if they do not.
        """
        if process in self._live:
            _log.warning("process %d of agent %s is replaced: %s", process.pid, self._key, why)
            self._tell(reason)
            self._live.remove(process)
            self._leaving.add(process)
            self._do(self._see_off(process))
            self._fill()

    async def _see_off(self, process: Process) -> None:
        """End a process once only calls run in it that should have ended."""
        while not process.over.is_set():
            if not process.calls:
                process.end()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_ENDING):
                        await process.over.wait()
                process.kill()
                return
            process.ping()
            if process.only_overdue or (process.any_overdue and process.silent > _SLOW):
                process.kill()
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await process.over.wait()

    async def _look(self) -> None:
        """Check the memory and the event loops of the processes at intervals."""
        limit = self._launch.setup.memory_limit
        while True:
            await asyncio.sleep(_LOOK)
            sizes = {process: process.memory for process in (*self._live, *self._leaving)}
            if self.observer is not None:
                self.observer.process_memory(self._key, sum(sizes.values()))
            for process, size in sizes.items():
                if limit is not None and size > 2 * limit:
                    self._replace(process, "memory", f"it has {size} bytes in memory, over twice its limit of {limit}")
                    process.kill()
                elif limit is not None and size > limit:
                    self._replace(process, "memory", f"it has {size} bytes in memory, more than its limit of {limit}")
                elif process.stands_still(_STALLED):
                    self._replace(process, "hang", "its event loop does not respond")
                process.ping()
            if (
                self._early_ends
                and self._live
                and all(time.monotonic() - each.started > _SETTLED for each in self._live)
            ):
                self._early_ends = 0
            self._fill()

    async def _close(self) -> None:
        """End all processes.

        Their calls have a moment to end.
        """
        for process in tuple(self._live):
            self._live.remove(process)
            self._leaving.add(process)
        for process in self._leaving:
            process.end()
        waits = [asyncio.ensure_future(process.over.wait()) for process in self._leaving]
        if waits:
            _, late = await asyncio.wait(waits, timeout=_ENDING)
            for wait in late:
                wait.cancel()
        for process in tuple(self._leaving):
            process.kill()
        self._launch.template.close()
        for task in self._tasks:
            task.cancel()

    def _stray(self, owner: Owner) -> None:
        if self.observer is not None:
            self.observer.failed(owner)

    def _tell(self, reason: str) -> None:
        if self.observer is not None:
            self.observer.process_ended(self._key, reason)

    def _asked_for_state(self, process: Process, number: int, question: list[Any]) -> None:
        if self._questions >= _MOST_QUESTIONS:
            process.stored(number, "unavailable", "the agent sends the store too many requests at once")
            return
        self._questions += 1
        named = question[0] if isinstance(question, list) and question else 0
        self._do(self._answer(process, number, question), process.context_of(named))

    async def _answer(self, process: Process, number: int, question: list[Any]) -> None:
        """Answer a question about the store, if the agent may reach the key."""
        try:
            _, operation, *arguments = question
            if operation not in _OPERATIONS or not (operation == "ping" or self._allowed(arguments[0])):
                process.stored(number, "refused", "this agent has no access to that part of the store")
                return
            found = await getattr(self._entries(), operation)(*arguments)
            if operation == "read" and found is not None:
                found = [found.value, found.version]
            process.stored(number, "", found)
        except StateRefused as error:
            process.stored(number, "refused", str(error))
        except StateUnavailable as error:
            process.stored(number, "unavailable", str(error))
        except Exception as error:  # noqa: BLE001 - a process may send nonsense
            process.stored(number, "refused", f"the store rejects the request ({type(error).__name__})")
        finally:
            self._questions -= 1

    def _do(self, work: Any, context: Context | None = None) -> None:
        context = copy_context() if context is None else context
        context.run(requesting.set, "")  # it outlives the request that causes it
        task = asyncio.get_running_loop().create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
