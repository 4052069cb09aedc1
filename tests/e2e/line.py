"""A line to a server, on which a test decides what gets through."""

import asyncio
import threading
from contextlib import contextmanager, suppress

from agenthost.testing.scripted_model import end_all, stop_accepting

SLOW = 3.0
"""Seconds that each piece of an answer takes on a slow line: longer than any store is given."""


class Line:
    """A TCP port in front of a server, in a thread of its own.

    See ``line_to``.

    Args:
        target: host and port, or the path of a Unix socket.
    """

    def __init__(self, target):
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._server = None
        self._open, self._carrying = set(), set()
        self._state = "well"
        self.address = ("127.0.0.1", 0)
        self.connected = 0
        """The number of times that somebody has connected, or tried to while the line was silent."""

    def becomes(self, state):
        """Change what gets through, for connections that are open as well.

        Args:
            state: ``well``; ``down``, nobody can connect, and who was is cut off; ``cut``, the latter alone;
                ``silent``, everybody can connect and nothing is answered; ``slow``, answers take ``SLOW`` seconds.
        """
        asyncio.run_coroutine_threadsafe(self._become(state), self._loop).result(30)

    async def _become(self, state):
        if state == "down" and self._server is not None:
            await stop_accepting(self._server)
            self._server = None
        if state in ("down", "cut"):
            for writer in tuple(self._open):
                writer.transport.abort()
        if state != "down" and self._server is None:
            self._server = await asyncio.start_server(self._accept, *self.address)
            self.address = self._server.sockets[0].getsockname()
        self._state = state

    def _accept(self, reader, writer):
        """Carry data in a task.

        One that is cancelled before it begins closes nothing, so its connection is known from here on.
        """
        self._open.add(writer)
        carrying = self._loop.create_task(self._connect(reader, writer))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _connect(self, reader, writer):
        self.connected += 1
        with self._held(writer), suppress(OSError, asyncio.CancelledError):  # which asyncio logs as a failure
            if isinstance(self._target, str):
                there = await asyncio.open_unix_connection(self._target)
            else:
                there = await asyncio.open_connection(*self._target)
            with self._held(there[1]):
                await asyncio.gather(self._carry(reader, there[1]), self._carry(there[0], writer, answers=True))

    @contextmanager
    def _held(self, writer):
        self._open.add(writer)
        try:
            yield
        finally:
            writer.close()
            self._open.discard(writer)

    async def _carry(self, reader, writer, *, answers=False):
        with suppress(OSError):
            while data := await reader.read(65536):
                if answers and self._state == "slow":
                    await asyncio.sleep(SLOW)
                while answers and self._state == "silent":  # noqa: ASYNC110 - it may well last longer than the test
                    await asyncio.sleep(0.02)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _end(self):
        await self._become("down")
        await end_all(self._open)


@contextmanager
def line_to(target):
    """Run a line to a server during the block.

    At first, all data passes.
    """
    line = Line(target)
    thread = threading.Thread(target=line._loop.run_forever)
    thread.start()
    try:
        line.becomes("well")
        yield line
    finally:
        asyncio.run_coroutine_threadsafe(line._end(), line._loop).result(30)
        line._loop.call_soon_threadsafe(line._loop.stop)
        thread.join()
        line._loop.close()
