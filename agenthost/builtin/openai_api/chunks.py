"""Events of a streamed chat completion, and embeddings, as servers send them.

Only what is read is declared: servers add fields of their own.
"""

from __future__ import annotations

from typing import Any

import msgspec

from agenthost.builtin.openai_api.connection import Unreadable

__all__ = ["CallPiece", "Chunk", "Delta", "Embedded", "read_chunk", "read_embedded"]


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class CallPiece(msgspec.Struct):
    """A piece of a tool call."""

    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class Delta(msgspec.Struct):
    """The addition of one piece of an answer."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: list[CallPiece] | None = None


class _Choice(msgspec.Struct):
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Chunk(msgspec.Struct):
    """A piece of an answer, or the whole from a server that does not stream."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: str | None = None
    error: Any = None


class _Vector(msgspec.Struct):
    index: int
    embedding: list[float]


class Embedded(msgspec.Struct):
    """The vectors of texts."""

    data: list[_Vector]


_chunks = msgspec.json.Decoder(Chunk, strict=False)
_embedded = msgspec.json.Decoder(Embedded, strict=False)


def read_chunk(data: bytes) -> Chunk:
    """Decode one event.

    Raises:
        Unreadable: it is something else.
    """
    try:
        return _chunks.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from error


def read_embedded(data: bytes) -> Embedded:
    """Decode a response with vectors.

    Raises:
        Unreadable: it is something else.
    """
    try:
        return _embedded.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from error
