"""An agent's own process as the host sees it: started, used and ended."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Protocol
from weakref import finalize

from attrs import define, field

from agenthost._host.isolation.frames import Frames, Message, Reader, framed
from agenthost._host.isolation.starving import cpu_of, memory_of, starves
from agenthost._host.packages.diagnosis import Diagnosed, Diagnosis, timeout_remedy, upgrade_remedy
from agenthost._host.telemetry.current_call import Owner, requesting
from agenthost.errors import AgentHostError, ArgumentsRefused, StateUnavailable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from agenthost._host.isolation.process_setup import Setup

__all__ = ["DYING", "GRACE", "CallNotStarted", "Handle", "NotIsolatable", "OwnProcessError", "Process", "awaited"]

GRACE = 0.25
"""Seconds that a call has to end once it is cancelled, before its process is replaced."""
_UNREAD = 0.05
"""Seconds in which the last messages of a process that has ended are read."""
DYING = 0.5
"""Seconds that a process has to be gone once it is killed."""


class OwnProcessError(AgentHostError):
    """A call of an agent failed in the agent's own process, or with that process."""


class CallNotStarted(Exception):  # noqa: N818 - a state
    """A process ended before it began a call."""


class NotIsolatable(AgentHostError):  # noqa: N818 - as CallNotStarted
    """A package cannot live in a process of its own.

    The message contains the reason.
    """


@define(eq=False)
class _Asked:
    """A call that is under way in a process."""

    answer: asyncio.Future[Any]
    context: Context
    """The context of the caller, for what the process does to the store."""
    begun: bool = False
    overdue: bool = False
    ended: asyncio.Event = field(factory=asyncio.Event)


class Handle(Protocol):
    """A process of the system, as the one that watches it has it."""

    @property
    def pid(self) -> int:
        """The process id."""

    @property
    def descriptor(self) -> int | None:
        """A descriptor that becomes readable when the process ends, where there is one."""

    def kill(self) -> None:
        """Kill the process with its group, unless it has ended."""

    def ended(self, seconds: float) -> str:
        """Wait for the end, and return how it came about in a few words.

        They are empty if it did not come.
        """


class Process:
    """A process that is running."""

    def __init__(self, key: str, handle: Handle, channel: socket.socket, life: int, reader: Reader) -> None:
        self._key = key
        self._handle = handle
        self._channel = channel
        self._reader = reader
        self._last = 0
        self._asked: dict[int, _Asked] = {}
        self._frames: Frames | None = None
        self._lost: Callable[[Process], object] = _nothing
        self._store: Callable[[Process, int, list[Any]], object] = _nothing
        self._stray: Callable[[Owner], object] = _nothing
        self._pinged = 0.0
        self._memory = 0
        """Its own report, for where /proc hides it."""
        self._cpu: float | None = None
        """Seconds of CPU that it had used when it was asked."""
        self.started = time.monotonic()
        self.meant_to_end = False
        """True once the host has decided to end it."""
        self.over = asyncio.Event()
        self._ending = finalize(self, _end, handle, channel, life)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._handle.pid

    @property
    def calls(self) -> int:
        """The number of calls that run in the process."""
        return len(self._asked)

    @property
    def only_overdue(self) -> bool:
        """True if all calls in the process should have ended."""
        return all(asked.overdue for asked in self._asked.values())

    @property
    def any_overdue(self) -> bool:
        """True if some call in the process should have ended."""
        return any(asked.overdue for asked in self._asked.values())

    @property
    def any_overdue_begun(self) -> bool:
        """True if some call that should have ended has begun."""
        return any(asked.overdue and asked.begun for asked in self._asked.values())

    @property
    def silent(self) -> float:
        """Seconds for which the host's ping has had no answer.

        It is 0 if the process has answered.
        """
        return time.monotonic() - self._pinged if self._pinged else 0.0

    def stands_still(self, seconds: float) -> bool:
        """Return True if the process has not answered for more than ``seconds``.

        Time without the processor, while others have it, does not count.
        """
        silent = self.silent
        return silent > seconds and not starves(self.pid, self._cpu, silent)

    @property
    def memory(self) -> int:
        """The memory of the process, in bytes.

        It is 0 if that is not known.
        """
        return memory_of(self.pid) or self._memory

    def described(self, setup: Setup, seconds: float) -> dict[str, Any]:
        """Return the description of its agent.

        See ``awaited``.
        """
        said: dict[str, Any] = awaited("described", self._channel, self._reader, setup, seconds, self.how_it_ended)
        return said

    async def attach(
        self,
        lost: Callable[[Process], object],
        store: Callable[[Process, int, list[Any]], object],
        stray: Callable[[Owner], object],
    ) -> None:
        """Use the process on the running event loop from now on.

        ``store`` is called with its questions to the store; ``stored`` answers. ``stray`` is called with the owner of
        the code that started what failed by itself.
        """
        self._lost, self._store, self._stray = lost, store, stray
        self.over = asyncio.Event()
        self._channel.setblocking(False)  # noqa: FBT003 - the socket's own method
        frames = Frames(self._receive, self._connection_lost)
        frames.resume(self._reader)
        await asyncio.get_running_loop().create_unix_connection(lambda: frames, sock=self._channel)
        self._frames = frames
        if (descriptor := self._handle.descriptor) is not None:
            asyncio.get_running_loop().add_reader(descriptor, self._has_ended, descriptor)

    async def ask(self, operation: str, *arguments: Any) -> Any:
        """Run an operation in the process and return its result.

        If the caller is cancelled, the call is cancelled too. ``ends_overdue`` returns whether it has ended.

        Raises:
            CallNotStarted: the process ended before.
            OwnProcessError: it failed, or the process ended.
            ArgumentsRefused, StateUnavailable, TimeoutError: as the agent's own code raised it.
        """
        frames = self._frames
        if frames is None:
            raise CallNotStarted
        self._last += 1
        number = self._last
        encoded = framed("do", number, [requesting.get(), operation, *arguments])
        asked = self._asked[number] = _Asked(asyncio.get_running_loop().create_future(), copy_context())
        frames.send_framed(encoded)
        try:
            return await asked.answer
        except asyncio.CancelledError:
            if not asked.ended.is_set():
                asked.overdue = True
                frames.send("cancel", number)
            raise

    async def ends_overdue(self) -> bool:
        """Give cancelled calls a moment. Return True if all have ended."""
        for asked in [each for each in self._asked.values() if each.overdue]:
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await asked.ended.wait()
        return not any(each.overdue for each in self._asked.values())

    def ping(self) -> None:
        """Send a ping, unless one is under way.

        See ``silent``.
        """
        if not self._pinged and self._frames is not None:
            self._pinged = time.monotonic()
            self._cpu = cpu_of(self.pid)
            self._frames.send("ping", 0)

    def drop(self, ticket: int) -> None:
        """Let the process forget a configuration for a call."""
        if self._frames is not None:
            self._frames.send("drop", ticket)

    def context_of(self, number: object) -> Context:
        """Return the context of the call that a question of the process belongs to.

        The process may name only a call that runs in it. For others, the context is empty.
        """
        found = self._asked.get(number) if isinstance(number, int) else None
        return Context() if found is None else found.context.copy()

    def stored(self, number: int, problem: str, value: Any) -> None:
        """Answer a question about the store."""
        if self._frames is not None:
            self._frames.send("stored", number, [problem, value])

    def end(self) -> None:
        """Let the process close its resources once its calls have ended.

        ``over`` is set when it has gone.
        """
        self.meant_to_end = True
        if self._frames is not None:
            self._frames.send("end", 0)
        else:
            self.kill()

    def kill(self) -> None:
        """Kill the process, with everything that it has started."""
        self.meant_to_end = True
        if self._frames is not None:
            self._handle.kill()  # the loop notices, and clears up
        else:
            self._ending()

    def how_it_ended(self) -> str:
        """Return how the process ended, in a few words.

        It waits for the end, which is near.
        """
        return self._handle.ended(DYING) or "stopped answering"

    def _receive(self, message: Message) -> None:
        """Take a message of the process.

        Raises:
            ValueError: it has another form, so that the connection ends.
        """
        try:
            self._take(*message)
        except TypeError as error:
            raise ValueError(f"a message has another form: {error}") from error

    def _take(self, kind: str, number: int, content: Any) -> None:
        if kind == "begun":
            if (asked := self._asked.get(number)) is not None:
                asked.begun = True
        elif kind in ("done", "raised"):
            error = _raised(*content) if kind == "raised" else None
            if (asked := self._asked.pop(number, None)) is not None:
                asked.ended.set()
                if not asked.answer.done():
                    if error is None:
                        asked.answer.set_result(content)
                    else:
                        asked.answer.set_exception(error)
        elif kind == "store":
            self._store(self, number, content)
        elif kind == "pong":
            self._pinged = 0.0
            self._memory = content if isinstance(content, int) else 0
        elif kind == "stray":
            self._stray(Owner.of(self._key, *content))

    def _has_ended(self, descriptor: int) -> None:
        """Close the connection, which a program that the process has started may keep open."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(descriptor)
        if self._frames is not None:
            loop.call_later(_UNREAD, self._frames.close)

    def _connection_lost(self) -> None:
        if (descriptor := self._handle.descriptor) is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
        self._frames = None
        self._handle.kill()
        how = "was replaced" if self.meant_to_end else self.how_it_ended()
        # The descriptor is the transport's until this has returned: closing it here could close another one.
        asyncio.get_running_loop().call_soon(self._ending)
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.ended.set()
            if not each.answer.done():
                gone = OwnProcessError(f"the process of agent {self._key} {how} during the call")
                each.answer.set_exception(gone if each.begun else CallNotStarted())
        self.over.set()
        self._lost(self)


def _raised(sort: str, kind: str, words: str, trace: str) -> BaseException:
    """Return the exception for an error that a call in a process raised."""
    if sort == "refused":
        return ArgumentsRefused(words)
    if sort == "state":
        return StateUnavailable(words)
    error = TimeoutError(words) if sort == "timeout" else OwnProcessError(f"{kind}: {words}" if words else kind)
    error.add_note(f"In the agent's own process:\n{trace}")
    return error


def awaited(
    kind: str, channel: socket.socket, reader: Reader, setup: Setup, seconds: float, how: Callable[[], str]
) -> Any:
    """Return the content of the next message of a kind.

    ``how`` returns how the process ended.

    Raises:
        Diagnosed: the package failed, or was too slow.
        NotIsolatable: it is a workflow.
    """
    until = time.monotonic() + seconds
    try:
        while True:
            channel.settimeout(max(0.001, until - time.monotonic()))
            data = channel.recv(1 << 18)
            if not data:
                break
            for said, _, content in reader.messages(data):
                if said == kind:
                    return content
                if said != "failed":  # such as its greeting
                    continue
                workflow, reason, remedy, traceback = content
                if workflow:
                    raise NotIsolatable(reason)
                raise Diagnosed(Diagnosis(reason, remedy, traceback))
    except TimeoutError:
        remedy = timeout_remedy(setup.candidate, setup.key)
        raise Diagnosed(Diagnosis(f"did not finish loading within {seconds:g} s", remedy)) from None
    except OSError:
        pass
    raise Diagnosed(Diagnosis(f"its process {how()} while it was loaded", upgrade_remedy(setup.candidate, setup.key)))


def _end(handle: Handle, channel: socket.socket, life: int) -> None:
    handle.kill()
    os.close(life)
    with suppress(OSError):
        channel.close()
    handle.ended(DYING)


def _nothing(*_: object) -> None:
    pass
