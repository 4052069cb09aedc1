"""The host's store: opening, timeouts, and behaviour while it does not answer."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from agenthost._error_words import message_of
from agenthost._host.calls.deadline import Deadline
from agenthost._host.plan.store_provider import ChosenProvider
from agenthost._host.telemetry.current_call import running
from agenthost._host.telemetry.spans import span, tracing
from agenthost.errors import ConfigurationError, StateRefused, StateUnavailable
from agenthost.state import StateOptions, Stores
from agenthost.state.scope import OwnScope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from agenthost._host.config.schema import Config, StateConfig
    from agenthost.state import Entries, Entry, StateProvider

__all__ = ["HostState"]

T = TypeVar("T")

FAILURES = 3
"""Failed operations in a row before a pause."""
PAUSE = 1.0
"""Seconds of the pause, and between two checks of the store."""
_LOCAL = 30.0
"""Timeout of an operation of a local store, in seconds."""
_CLOSING = 2.0

_PROBE = "probe"
"""The operation by which the host checks the store."""
_OWN = ("ping", _PROBE)
_PROBE_TTL = 60.0
"""Seconds for which the probe's entry exists."""
_REASONS = (
    (("maxmemory", "oom command"), "its memory is full (maxmemory)"),
    (("misconf",), "it cannot save to its disk (MISCONF)"),
    (("noreplicas",), "too few of its replicas are connected (min-replicas-to-write)"),
    (("read only", "read-only", "readonly"), "it is read-only, as a replica is"),
    (("disk is full", "disk full", "no space left"), "its disk is full"),
    (("disk i/o error",), "its disk returns errors"),
    (("noperm", "permission denied for table"), "its user has no permission to write"),
)
"""Fragments of a server's messages, and the words that are shown for them. A message itself may name a host."""

_log = logging.getLogger("agenthost.state")


class HostState:
    """The entries of the configured store, for all agents of one process.

    The store is opened on first use, and again after a failure, on the event loop that uses it. Operations have a
    timeout. After ``FAILURES`` in a row, all operations fail for ``PAUSE`` seconds, and then one is tried. No other
    store ever replaces it.

    ``note`` is called with the name of each operation, ``ok`` or ``failed``, and its seconds. ``changed`` is called
    with each change, its key, and the new value as JSON.
    """

    def __init__(
        self,
        config: Callable[[], Config],
        note: Callable[[str, str, float], object] = lambda *_: None,
        changed: Callable[[str, bytes, bytes | None], object] = lambda *_: None,
    ) -> None:
        self._config = config
        self._used = False
        self.users: set[str] = set()
        """Keys of the agents whose code has used the store."""
        self._note = note
        self._changed = changed
        self._chosen = ChosenProvider(problem="the host has not been started")
        self._entries: Entries | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Task[Entries] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._closed_until = 0.0
        self._answers = True
        self._probe_key = OwnScope("probe").prefix("data") + secrets.token_hex(8).encode()
        self._probe_values: deque[bytes] = deque(maxlen=8)
        """The latest values there. Another probe may write between a probe's write and its read."""
        self._written = False
        """True once a probe has written."""
        self._unwritten = 0
        self._write_problem = ""
        self.stores = Stores(self)
        self._kept = False
        """True if one event loop keeps it open and runs all its operations."""

    def use(self, chosen: ChosenProvider) -> None:
        """Use this provider from now on."""
        self._chosen = chosen

    def serving(self) -> Stores:
        """Return the stores, and let threads use them.

        Call this on the event loop.
        """
        if not self._kept:
            self.stores.serve()
        return self.stores

    @property
    def used(self) -> bool:
        """True once anything has used the store."""
        return self._used

    @property
    def _state(self) -> StateConfig:
        return self._config().state

    @property
    def _name(self) -> str:
        return f"{self._state.scheme}:// store"

    @property
    def _wanted(self) -> bool:
        """True if the store is monitored: it is configured, or has been used."""
        return self._used or self._state.url is not None

    @property
    def ready(self) -> bool:
        """True if the store answers and accepts writes, or is not required."""
        return not self.problem or not self._state.required

    @property
    def problem(self) -> str:
        """The problem of the store, or an empty text."""
        return self._write_problem if self._answers else f"the {self._name} does not answer"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Watch the store during the block, and close it afterwards.

        A configured store is opened at once, the default one on first use.
        """
        self.stores.serve()
        self._kept = True
        looking = asyncio.create_task(self._look())
        try:
            if self._wanted:
                with suppress(StateUnavailable, StateRefused):
                    await self.probe()
            yield
        finally:
            self._kept = False
            looking.cancel()
            if self._opening is not None:
                self._opening.cancel()
            self._drop()
            if self._closing:
                await asyncio.wait(self._closing, timeout=_CLOSING)

    async def read(self, key: bytes) -> Entry | None:
        """Return the entry under ``key``."""
        return await self._do("read", lambda entries: entries.read(key))

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        """Write an entry unconditionally."""
        version = await self._do("put", lambda entries: entries.put(key, value, ttl))
        self._changed("set", key, value)
        return version

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        """Write an entry if it still has ``version``."""
        written = await self._do("put_if", lambda entries: entries.put_if(key, value, version, ttl))
        if written is not None:
            self._changed("set", key, value)
        return written

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        """Add to an integer."""
        total = await self._do("add", lambda entries: entries.add(key, by, ttl))
        self._changed("set", key, b"%d" % total)
        return total

    async def remove(self, key: bytes, version: int | None) -> bool:
        """Remove the entry."""
        removed = await self._do("remove", lambda entries: entries.remove(key, version))
        if removed:
            self._changed("removed", key, None)
        return removed

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        """List some of the keys that begin with ``prefix``."""
        return await self._do("page", lambda entries: entries.page(prefix, cursor, most))

    async def ping(self) -> None:
        """Return if the store answers."""
        await self._do("ping", lambda entries: entries.ping())

    async def probe(self) -> None:
        """Write and read an entry of this process, as callers do.

        A store that only answers may be full, or a replica. Agents can still read from it, so that a failure does not
        pause other operations.

        Raises:
            StateUnavailable: the store does not answer, or does not accept writes.
        """
        await self.ping()
        try:
            await self._do(_PROBE, self._write_and_read)
        except (StateUnavailable, StateRefused) as error:
            self._unwritten += 1
            if not self._write_problem and (not self._written or self._unwritten >= FAILURES):
                self._write_problem = message_of(error).removesuffix(".")
                _log.error("%s", self._write_problem, exc_info=error.__cause__ or error)
            raise
        self._written, self._unwritten = True, 0
        if self._write_problem:
            self._write_problem = ""
            _log.warning("the %s accepts writes again", self._name)

    async def _write_and_read(self, entries: Entries) -> None:
        value = b'"%s"' % secrets.token_hex(8).encode()
        self._probe_values.append(value)
        await entries.put(self._probe_key, value, _PROBE_TTL)
        found = await entries.read(self._probe_key)
        if found is None or found.value not in self._probe_values:
            raise LookupError("an entry that was written cannot be read")

    async def probe_in_use(self) -> None:
        """Return if the store passes the probe, or has not been used yet."""
        if self._wanted:
            await self.probe()

    async def close(self) -> None:
        """Do nothing, as only ``opened`` closes the store."""

    async def _do(self, name: str, operation: Callable[[Entries], Awaitable[T]]) -> T:
        """Run an operation on the store.

        Raises:
            StateUnavailable: the operation failed.
            StateRefused: the store refuses the arguments.
        """
        if name not in _OWN:
            self._note_use()
        provider = self._chosen.provider
        if provider is None:
            raise StateUnavailable(f"there is no shared state: {self._chosen.problem}")
        if self._failures >= FAILURES:
            self._check_pause()
        began = time.perf_counter()
        try:
            entries = self._entries
            if entries is None or self._loop is not asyncio.get_running_loop():
                entries = await self._open(provider)
            with Deadline(self._state.operation_timeout if provider.network else _LOCAL):
                if tracing() and name not in _OWN:  # the host's own checks belong to no trace
                    names = {"db.system.name": self._name.partition(":")[0], "db.operation.name": name}
                    with span(f"store {name}", names):
                        result = await operation(entries)
                else:
                    result = await operation(entries)
        except StateRefused:
            raise
        except Exception as error:
            self._note(name, "failed", time.perf_counter() - began)
            if name != _PROBE:
                self._failed(error)
            raise StateUnavailable(f"the {self._name} {_reason(error, name)}.") from error
        self._note(name, "ok", time.perf_counter() - began)
        if self._failures or not self._answers:
            self._succeeded()
        return result

    def _note_use(self) -> None:
        self._used = True
        if (owner := running.get()) is not None:
            self.users.add(owner.agent)

    def _check_pause(self) -> None:
        now = time.monotonic()
        if now < self._closed_until:
            raise StateUnavailable(f"the {self._name} does not answer. The next attempt is within {PAUSE:g} s.")
        self._closed_until = now + PAUSE  # this caller makes the attempt, the others fail meanwhile

    async def _open(self, provider: StateProvider) -> Entries:
        """Return the entries of the store.

        All callers wait for the same attempt to open it.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._opening, self._entries = loop, None, None
        if self._opening is None:
            self._opening = loop.create_task(self._attempt(provider))
            self._opening.add_done_callback(self._attempted)
        with Deadline(self._connecting(provider)):  # an attempt may need longer to clean up after its timeout
            return await asyncio.shield(self._opening)

    async def _attempt(self, provider: StateProvider) -> Entries:
        config = self._config()
        options = StateOptions(self._state.connect_timeout, self._state.operation_timeout, config.host.state_dir)
        try:
            with Deadline(self._connecting(provider)):
                self._entries = await provider.open(self._state.address, options)
        except (KeyboardInterrupt, SystemExit) as error:  # raised in a task, these would end the host
            raise RuntimeError(f"{type(error).__name__} while the {self._name} was opened") from error
        return self._entries

    def _connecting(self, provider: StateProvider) -> float:
        return self._state.connect_timeout if provider.network else _LOCAL

    def _attempted(self, attempt: asyncio.Task[Entries]) -> None:
        if self._opening is attempt:
            self._opening = None
        if not attempt.cancelled():
            attempt.exception()  # marks the exception as retrieved

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._answers and (self._failures >= FAILURES or self._entries is None):
            self._answers = False
            _log.error("the %s does not answer", self._name, exc_info=error)
        if self._failures >= FAILURES:
            self._closed_until = time.monotonic() + PAUSE
            self._drop()

    def _succeeded(self) -> None:
        self._failures = 0
        if not self._answers:
            self._answers = True
            _log.warning("the %s answers again", self._name)

    def _drop(self) -> None:
        """Drop the connection.

        The next operation opens a new one.
        """
        entries, self._entries = self._entries, None
        if entries is not None and self._loop is asyncio.get_running_loop():
            task = self._loop.create_task(_close(entries))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _look(self) -> None:
        """Probe the store regularly, so that an idle host becomes ready again."""
        while True:
            await asyncio.sleep(PAUSE)
            if self._wanted and self._chosen.provider is not None:
                with suppress(StateUnavailable, StateRefused):
                    await self.probe()


def _reason(error: Exception, operation: str) -> str:
    text = str(error).lower()
    for fragments, words in _REASONS:
        if any(fragment in text for fragment in fragments):
            return f"does not accept writes: {words}"
    reason = message_of(error) if isinstance(error, ConfigurationError) else type(error).__name__
    return f"{'does not accept writes' if operation == _PROBE else 'does not answer'} ({reason})"


async def _close(entries: Entries) -> None:
    try:
        await entries.close()
    except Exception:  # noqa: BLE001 - closed or not, it is gone
        _log.debug("closing a store failed", exc_info=True)
