"""The template process of a generation, as its supervisor sees it."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

from attrs import define, field

from agenthost._host.generations.channel import Channel, channel_pair
from agenthost._host.generations.children import Child, start_python

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.manifest import Manifest
    from agenthost._host.generations.orders import Imported, WorkerOrder
    from agenthost.errors import AgentHostError

__all__ = ["SpareProcess", "TemplateProcess"]

_PROGRAM = "from agenthost._web.process.template import main; main()"
_FORKED_WITHIN = 60.0
"""Seconds in which a template must fork. It also imports the host before the first time."""
_LOOK = 0.2
"""Seconds between two looks at an interruption."""
_REPORTED_WITHIN = 1.0
"""Seconds in which a template reports the end of a worker."""
_ENDED_WITHIN = 1.0


class SpareProcess:
    """A process that has imported the host before a template process is needed."""

    def __init__(self) -> None:
        self._waiting: tuple[Child, Channel] | None = None

    def prepare(self) -> None:
        """Start the process, unless it waits already."""
        if self._waiting is None:
            self._waiting = _start()

    def take(self) -> tuple[Child, Channel]:
        """Return the process, or a new one."""
        waiting, self._waiting = self._waiting, None
        return waiting or _start()

    def end(self) -> None:
        """End the process."""
        if self._waiting is not None:
            child, channel = self._waiting
            self._waiting = None
            channel.close()
            _end(child)


@define(eq=False)
class TemplateProcess:
    """The template process of one generation."""

    child: Child
    channel: Channel
    generation: int
    config: Config
    withheld: Mapping[str, float]
    imported: Imported | None = None
    """Its report, once the packages are imported."""
    refused: AgentHostError | None = None
    lost: bool = False
    """True if the process has ended, or does not answer."""
    started: float = field(factory=time.monotonic)
    _codes: dict[int, int] = field(factory=dict)
    _forked: list[tuple[int, int | None]] = field(factory=list)

    @classmethod
    def start(
        cls,
        listening: int,
        config: Config,
        generation: int,
        withheld: Mapping[str, float],
        *,
        accept: bool,
        spare: SpareProcess | None = None,
    ) -> TemplateProcess:
        """Start a process, which imports the host and waits for orders.

        With ``accept``, it imports what differs from the lock file, too. ``spare`` may have imported the host already.
        """
        child, ours = spare.take() if spare is not None else _start()
        template = cls(child, ours, generation, config, withheld)
        template._send((config, dict(withheld), accept), listening)
        return template

    @property
    def forks(self) -> bool:
        """True if workers can be forked from it."""
        return not self.lost and self.imported is not None and self.imported.forks

    def order_import(self, expected: Manifest | None) -> None:
        """Order it to import the packages.

        It reports when that is done.

        ``expected`` is what it must find installed; None for anything.
        """
        self._send(("import", expected))

    def fork(self, order: WorkerOrder, interrupted: Callable[[], bool]) -> tuple[Child, Channel] | None:
        """Fork a worker.

        Returns:
            The process, and the channel to it. None if the template has ended, or the wait is interrupted.
        """
        ours, theirs = channel_pair()
        self._send(("fork", order), theirs.fileno())
        theirs.close()
        until = time.monotonic() + _FORKED_WITHIN
        while not self.lost and not self._forked and not interrupted():
            if time.monotonic() > until:
                self.child.kill()
            if _readable(self.channel, _LOOK):
                self.receive()
        if not self._forked:
            ours.close()
            return None
        pid, handle = self._forked.pop()
        return Child(pid, forked=True, handle=handle), ours

    def receive(self) -> None:
        """Take its next message."""
        try:
            (kind, content), descriptors = self.channel.receive()
        except (EOFError, OSError):
            self.lost = True
            return
        match kind:
            case "forked":
                self._forked.append((content, descriptors[0] if descriptors else None))
            case "ended":
                pid, code = content
                self._codes[pid] = code
            case "imported":
                self.imported = content
            case "refused":
                self.refused, self.lost = content, True

    def set_exitcode(self, child: Child) -> None:
        """Set the exit code of an ended worker, as far as it is known."""
        until = time.monotonic() + _REPORTED_WITHIN
        while child.pid not in self._codes and not self.lost and (left := until - time.monotonic()) > 0:
            if _readable(self.channel, left):
                self.receive()
        child.exitcode = self._codes.pop(child.pid, None)

    def end(self) -> None:
        """End it. Its workers go on."""
        self.lost = True
        self.channel.close()
        _end(self.child)

    def _send(self, content: object, *descriptors: int) -> None:
        try:
            self.channel.send(content, descriptors)
        except OSError:
            self.lost = True


def _start() -> tuple[Child, Channel]:
    ours, theirs = channel_pair()
    try:
        return start_python(_PROGRAM, theirs.fileno()), ours
    finally:
        theirs.close()


def _end(child: Child) -> None:
    if not child.join(_ENDED_WITHIN):
        child.kill()
        child.join()
    child.close()


def _readable(channel: Channel, seconds: float) -> bool:
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
