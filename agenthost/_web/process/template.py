"""The template process: it imports the packages of one generation once, and forks the workers.

All workers of a generation, and those that replace them, run the code that was imported here, whatever has been
installed since. The template runs no event loop, and it has no other thread when it forks: what a thread holds is lost
in the fork. It ends with its supervisor.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agenthost._host.generations.channel import Channel
from agenthost._host.generations.children import open_process
from agenthost._host.generations.orders import Imported, WorkerOrder
from agenthost._host.runtime.start import start_logging
from agenthost._host.walls.kernel import set_debuggable, use_one_heap
from agenthost._web.process.preload import Preloaded, preload
from agenthost._web.process.worker import INTERRUPT, exits_here, work
from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.manifest import Manifest

__all__ = ["main"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""The first three reach the supervisor, too, which ends this process. The last has no meaning."""


def main() -> None:
    """Import and fork as the supervisor orders, until it closes the channel.

    In a forked process, this is the worker's life.
    """
    use_one_heap()
    set_debuggable(False)
    for number in _SIGNALS:
        signal.signal(number, _nothing)  # unlike SIG_IGN, the default in programs that packages start
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPT)
    channel = Channel.of(int(sys.argv[1]))
    try:
        (config, withheld, accept), [listening] = channel.receive()
    except (EOFError, OSError, ValueError):
        return
    set_debuggable(config.host.debuggable)
    start_logging(config)
    template = _Template(channel, socket.socket(fileno=listening), config, withheld, accept)
    work_to_do = template.run()
    if work_to_do is not None:
        _be_worker(template.opened, *work_to_do, template.preloaded)


@define(eq=False)
class _Template:
    channel: Channel
    opened: socket.socket
    config: Config
    withheld: Mapping[str, float]
    accept: bool
    preloaded: Preloaded | None = None
    _children: set[int] = field(factory=set)
    _wakers: tuple[socket.socket, socket.socket] = field(factory=socket.socketpair)

    def run(self) -> tuple[WorkerOrder, Channel] | None:
        """Carry out orders.

        Returns:
            In a forked process, its order and its channel to the supervisor. None at the end of the template.
        """
        for end in self._wakers:
            end.settimeout(0)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(self._wakers[1].fileno(), warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        poll.register(self._wakers[0], select.POLLIN)
        try:
            while True:
                happened = {descriptor for descriptor, _ in poll.poll()}
                if self._wakers[0].fileno() in happened:
                    with suppress(BlockingIOError):
                        self._wakers[0].recv(4096)
                    self._report_ended()
                if self.channel.fileno() in happened:
                    (order, content), descriptors = self.channel.receive()
                    if order == "fork":
                        if (forked := self._fork(content, *descriptors)) is not None:
                            return forked
                    elif not self._import(content):
                        os._exit(0)  # a thread of a package may be in the middle of something
        except (EOFError, OSError):  # the supervisor has ended
            signal.set_wakeup_fd(-1)  # before its end is closed
            self._reap()
            return None

    def _import(self, expected: Manifest | None) -> bool:
        """Import the packages on a thread, and report.

        Return False if no process can be forked afterwards.
        """
        done, told = socket.socketpair()
        outcome: list[Any] = []

        def work() -> None:
            try:
                outcome.append(preload(self.config, self.withheld, expected, accept=self.accept))
            except BaseException as error:  # noqa: BLE001 - reported below
                outcome.append(error)
            told.send(b".")

        thread = threading.Thread(target=work, name="agenthost-import")
        thread.daemon = True
        thread.start()
        poll = select.poll()
        poll.register(done, select.POLLIN)
        poll.register(self.channel, 0)  # only its end
        happened = {descriptor for descriptor, _ in poll.poll()}
        if done.fileno() not in happened:
            os._exit(0)  # the supervisor has ended, and an import may hang
        thread.join()
        done.close()
        told.close()
        found = outcome.pop()
        if not isinstance(found, Preloaded):
            error = found if isinstance(found, AgentHostError) else AgentHostError("internal error, see above")
            if error is not found:
                traceback.print_exception(found)
            self.channel.send(("refused", error))
            return False
        self.preloaded = found
        gc.freeze()
        report = Imported(found.manifest, found.hung, found.threads, found.differing)
        self.channel.send(("imported", report))
        return report.forks

    def _fork(self, order: WorkerOrder, messages: int) -> tuple[WorkerOrder, Channel] | None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # one for the new process arrives once it can act
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            self.channel.close()
            for end in self._wakers:
                end.close()
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            return order, Channel.of(messages)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        os.close(messages)
        self._children.add(pid)
        handle = open_process(pid)
        self.channel.send(("forked", pid), () if handle is None else (handle,))
        if handle is not None:
            os.close(handle)
        return None

    def _report_ended(self) -> None:
        for pid, code in self._reap().items():
            self.channel.send(("ended", (pid, code)))

    def _reap(self) -> dict[int, int]:
        """Return the exit codes of workers that have ended.

        Processes that packages have started are left to them.
        """
        codes = {}
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                codes[pid] = os.waitstatus_to_exitcode(status)
        return codes


def _be_worker(opened: socket.socket, order: WorkerOrder, messages: Channel, preloaded: Preloaded | None) -> None:
    """Work in a forked process.

    What the template has registered for its own exit does not run here: it would remove what others still use.
    """
    code = [1]
    exits_here(code)
    _reseed()
    try:
        work(opened, order, messages, preloaded)
        code[0] = 0
    except BaseException:  # noqa: BLE001 - the last resort of a process
        traceback.print_exc()


def _reseed() -> None:
    """Give this process random numbers of its own, as Python does for its own generator."""
    if (numpy := sys.modules.get("numpy.random")) is not None:
        numpy.seed()


def _nothing(*_: object) -> None:
    pass
