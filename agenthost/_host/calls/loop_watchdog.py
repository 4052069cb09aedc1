"""The watchdog: a thread that detects a blocked event loop and names the blocking code.

It asks the loop for an answer at intervals. Without one, it reads the stack of the loop's thread: a function that runs
an author's code has a variable ``owner``, so requests pay nothing for it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from agenthost._host.telemetry.current_call import Owner
from agenthost.agent.base import AgentBase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from types import FrameType

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.telemetry.metrics import Metrics

__all__ = ["BLOCKED", "Listener", "Watchdog", "blocker_of"]

BLOCKED = 0.25
"""Seconds without an answer after which the loop counts as blocked."""
_EVERY = 0.1
"""Seconds between two looks."""
_USUAL = sys.getswitchinterval()
"""Seconds between switches of threads, as Python or the program has set it."""
_HELD_UP = 0.01
"""A lag, in seconds, that only threads that compute cause."""
_IN_A_ROW = 2
"""The number of such lags in a row before threads have to give way."""
_SOON = 0.0001
"""The interval, in seconds, after which a thread that computes then gives way."""
_CALM = 300.0
"""Seconds from the last such lag until the usual interval applies again."""
_REMEMBERED = 5.0
"""Seconds for which the longest lag is remembered."""
_LOOPS = frozenset({"asyncio.base_events", "asyncio.events", "asyncio.runners", "uvloop"})
"""Modules of the loop. The stack outside of them is the program that runs the loop, which blocks nothing."""
_RUNNING = frozenset({"_run", "_run_once", "run", "run_forever", "run_until_complete"})
"""Functions of the loop that call all other code."""
_OWN = sys.stdlib_module_names | {
    *("agenthost", "anyio", "click", "h11", "httptools", "litestar", "msgspec", "opentelemetry", "pluggy"),
    *("prometheus_client", "uvicorn", "uvloop", "websockets"),
}
"""Packages whose code blocks the loop only on behalf of other code, or for lack of CPU time or of a disk."""
_NO_AGENT = "no agent"
_STARVED = "no agent: the process got no CPU time, or waited for a disk"
_COLLECTING = "no agent: garbage collection, or many requests at once"
_SHARE = 0.1
"""The least share of a block for which a thread that computes has the processor."""

Listener: TypeAlias = "Callable[[Owner, float], object]"
"""Called on the event loop with the owner of the code that blocked it, and the seconds for which it did."""

_log = logging.getLogger("agenthost.watchdog")


class Watchdog:
    """Watches whether one event loop responds."""

    def __init__(self, metrics: Metrics, agents: Callable[[], Iterable[Mounted]]) -> None:
        self._metrics = metrics
        self._agents = agents
        self._listeners: list[Listener] = []
        self._asked = 0.0
        self._lags: list[tuple[float, float]] = []
        self._held_up = 0
        self._calm_at = 0.0

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` for every block of the event loop.

        See ``Listener``.
        """
        self._listeners.append(listener)

    @property
    def stands_still(self) -> float:
        """Seconds for which the loop has not responded.

        It is 0 while the loop responds, or is not watched.
        """
        asked = self._asked
        return max(0.0, time.monotonic() - asked) if asked else 0.0

    @property
    def lag(self) -> float:
        """The longest recent lag of the loop, in seconds."""
        return max((lag for _, lag in list(self._lags)), default=0.0)

    @property
    def held_up(self) -> bool:
        """True if the loop has recently had to wait for threads that compute."""
        return self._calm_at > 0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch the running loop during the block."""
        ended = threading.Event()
        loop, thread = asyncio.get_running_loop(), threading.get_ident()
        watch = threading.Thread(target=self._watch, args=(loop, thread, ended), name="agenthost-watchdog", daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            self._calm_at = 0.0
            sys.setswitchinterval(_USUAL)

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int, ended: threading.Event) -> None:
        with suppress(RuntimeError):  # the loop is closed: there is nothing left to watch
            while not ended.wait(_EVERY):
                self._look(loop, thread)
                self._metrics.sample()
        self._asked = 0.0

    def _look(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        answered = threading.Event()
        asked = time.monotonic()
        used = _cpu_of(thread)
        answers: list[float] = []

        def answer() -> None:
            answers.append(time.monotonic())
            answered.set()

        self._asked = asked
        loop.call_soon_threadsafe(answer)
        if not answered.wait(BLOCKED):
            frame = sys._current_frames().get(thread)  # noqa: SLF001 - the one way to see another thread's stack
            blocker = blocker_of(frame, self._agents())
            if blocker.name == _NO_AGENT:
                blocker = Owner("", "code", _reason(used, _cpu_of(thread)))
            stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
            del frame
            if _blames(blocker):
                _log.error("the event loop is blocked by %s", blocker, extra={"fields": {"agent": blocker.agent}})
            _log.debug("the stack of the blocked event loop:\n%s", stack)
            loop.call_soon_threadsafe(self._go_on, blocker, asked)
            while not answered.wait(1.0):
                if loop.is_closed():
                    return
        self._asked = 0.0
        self._lagged(answers[0], answers[0] - asked)

    def _go_on(self, blocker: Owner, since: float) -> None:
        """Report the code that blocked the loop.

        It runs on the loop, before anything that came meanwhile.
        """
        seconds = time.monotonic() - since
        fields = {"agent": blocker.agent, "duration": round(seconds, 6)}
        if not _blames(blocker):
            _log.warning("the event loop was late by %.2f s because of %s", seconds, blocker, extra={"fields": fields})
            return
        _log.error("the event loop was blocked for %.2f s by %s", seconds, blocker, extra={"fields": fields})
        self._metrics.blocked(blocker, seconds)
        for listener in self._listeners:
            try:
                listener(blocker, seconds)
            except Exception:  # noqa: BLE001 - whatever it is, the loop goes on
                _log.exception("a listener for blocks of the event loop failed")

    def _lagged(self, now: float, lag: float) -> None:
        self._lags = [(then, each) for then, each in self._lags if then > now - _REMEMBERED]
        self._lags.append((now, lag))
        self._metrics.lagged(lag)
        self._give_way(now, lag)

    def _give_way(self, now: float, lag: float) -> None:
        """Let threads that compute return the interpreter sooner while the loop waits for it.

        With Python's 5 ms, a few of them make every request of every agent wait for hundreds. To do so always would
        cost each tool that runs in a thread a sixth more.
        """
        self._held_up = self._held_up + 1 if lag > _HELD_UP else 0
        if self._held_up >= _IN_A_ROW:
            self._calm_at = now + _CALM
            sys.setswitchinterval(_SOON)
        elif self._calm_at and now > self._calm_at:
            self._calm_at = 0.0
            sys.setswitchinterval(_USUAL)


def _cpu_of(thread: int) -> float | None:
    """Return the CPU time of a thread in seconds, where the system reports it."""
    try:
        return time.clock_gettime(time.pthread_getcpuclockid(thread))
    except (AttributeError, OSError):
        return None


def _reason(before: float | None, after: float | None) -> str:
    if before is None or after is None or after - before < _SHARE * BLOCKED:
        return _STARVED
    return _COLLECTING


def _blames(blocker: Owner) -> bool:
    return not blocker.name.startswith(_NO_AGENT)


def blocker_of(frame: FrameType | None, agents: Iterable[Mounted]) -> Owner:
    """Find the owner of the code that a stack belongs to.

    The owner of the host's own code is named ``no agent``: it stands still while the process starves, or while garbage
    is collected.

    Some stacks do not go through a function that runs an author's code, such as that of a task that the author started.
    The agent is then known by its instance, or by its module if no other agent has the same one.
    """
    foreign: str | None = None
    agents = tuple(agents)
    modules = [type(each.agent).__module__ for each in agents]
    by_module = {name: each.key for name, each in zip(modules, agents, strict=True) if modules.count(name) == 1}
    guessed: Owner | None = None
    while frame is not None:
        owner = _variable(frame, "owner")
        if isinstance(owner, Owner):
            return owner
        module = str(frame.f_globals.get("__name__", ""))
        if module in _LOOPS and frame.f_code.co_name in _RUNNING:
            break
        if foreign is None and module.partition(".")[0] not in _OWN:
            foreign = f"{module}.{frame.f_code.co_name}"
        if guessed is None:
            own = _variable(frame, "self")
            key = _key_of(own, agents) if isinstance(own, AgentBase) else by_module.get(module)
            guessed = Owner(key, "code", frame.f_code.co_name) if key is not None else None
        frame = frame.f_back
    return guessed or Owner("", "code", foreign or _NO_AGENT)


def _variable(frame: FrameType, name: str) -> Any:
    """Return a local variable of a running frame, or None.

    The other thread may be about to leave the frame, which Python before 3.12 does not expect. Frames without a
    variable of that name are therefore not read.
    """
    code = frame.f_code
    named = name in code.co_varnames or name in code.co_cellvars or name in code.co_freevars
    return frame.f_locals.get(name) if named else None


def _key_of(instance: AgentBase, agents: Iterable[Mounted]) -> str | None:
    """Return the key of the agent to which an instance belongs.

    The instance may be a copy for a call. Return None for a copy if several agents have its class.
    """
    alike = [each for each in agents if type(each.agent) is type(instance)]
    return next((each.key for each in alike if each.agent is instance or len(alike) == 1), None)
