"""A language model behind OpenAI's API that streams the same words to everybody.

Run it with a port, a number of words, the seconds between two of them, and the seconds after the first one.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def piece(delta: dict[str, str], finish: str | None = None) -> bytes:
    """Return one event of the stream, as a chunk of the body."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return chunk(b"data: %b\n\n" % json.dumps(event).encode())


def chunk(content: bytes) -> bytes:
    """Return a part of a body in chunks (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(content), content)


async def main(port: int, words: int, pause: float, first: float) -> None:
    """Serve until the process ends."""
    word = piece({"content": "word "})
    begin = _HEAD + piece({"role": "assistant", "content": ""})
    end = piece({}, "stop") + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                if length is None:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                    continue
                await reader.readexactly(int(length[1]))
                writer.write(begin + word)
                await asyncio.sleep(first)
                for _ in range(words - 1):
                    writer.write(word)
                    await asyncio.sleep(pause)
                writer.write(end)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, limit=2**24)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
