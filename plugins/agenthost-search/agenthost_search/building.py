"""Building an index from the documents of a folder."""

from __future__ import annotations

import array
import json
import os
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost import ConfigurationError
from agenthost_search.documents import SUFFIXES, read_passages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenthost_search.passages import Passage
    from agenthost_search.vectors import Embedder

__all__ = ["SIZE", "Built", "Collected", "build", "collect", "write"]

SIZE = 1000
"""Characters of a passage: an answer of three is read out in a minute."""

_SCHEMA = """
CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, content TEXT NOT NULL, section TEXT NOT NULL, filename TEXT NOT NULL,
    start_line INTEGER, end_line INTEGER, tags TEXT NOT NULL, embedding BLOB
);
CREATE VIRTUAL TABLE chunks_fts USING fts5(
    content, section, content='chunks', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
);
"""


@frozen
class Collected:
    """The passages of a folder.

    Args:
        passages: Passages, in the order of their documents
        documents: Number of documents
        left_out: Number of files of other kinds
    """

    passages: tuple[Passage, ...]
    documents: int
    left_out: int


@frozen
class Built:
    """An index that has been written.

    Args:
        file: The file
        passages: Number of passages
        documents: Number of documents
        left_out: Number of files of other kinds
        size: Bytes of the file
    """

    file: Path
    passages: int
    documents: int
    left_out: int
    size: int


def build(
    folder: Path, file: Path, *, size: int = SIZE, tags: Sequence[str] = (), embedder: Embedder | None = None
) -> Built:
    """Write the index of a folder. The same documents give the same file.

    Args:
        folder: Folder, or one document
        file: File that is written, or replaced in one step
        size: Characters of a passage, at most
        tags: Words that all passages are given
        embedder: Model of the vectors. None for an index of words alone

    Raises:
        ConfigurationError: the folder has no documents.
    """
    found = collect(folder, size=size, tags=tags)
    write(found.passages, file, embedder)
    return Built(file, len(found.passages), found.documents, found.left_out, file.stat().st_size)


def collect(folder: Path, *, size: int = SIZE, tags: Sequence[str] = ()) -> Collected:
    """Return the passages of a folder, as ``build`` does."""
    files = [folder] if folder.is_file() else sorted(_files(folder))
    documents = [file for file in files if file.suffix.lower() in SUFFIXES]
    root = folder.parent if folder.is_file() else folder
    passages = tuple(passage for file in documents for passage in read_passages(file, _name(file, root), size, tags))
    if not passages:
        raise ConfigurationError(f"{folder}: there are no documents. fix: a folder with files of {', '.join(SUFFIXES)}")
    return Collected(passages, len(documents), len(files) - len(documents))


def write(passages: Sequence[Passage], file: Path, embedder: Embedder | None = None) -> None:
    """Write the index of passages, in one step."""
    vectors = _vectors(passages, embedder)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with closing(sqlite3.connect(unfinished)) as connection, connection:
            connection.executescript(_SCHEMA)
            connection.executemany("INSERT INTO config VALUES (?, ?)", _config(embedder))
            connection.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _rows(passages, vectors))
            connection.execute("INSERT INTO chunks_fts(chunks_fts) VALUES ('rebuild')")
            connection.execute("INSERT INTO chunks_fts(chunks_fts) VALUES ('optimize')")
        unfinished.replace(file)
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, without hidden ones."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in names if not name.startswith("."))


def _name(file: Path, root: Path) -> str:
    """Return a file's path below the folder, in characters that can be stored."""
    return file.relative_to(root).as_posix().encode("utf-8", "replace").decode("utf-8")


def _vectors(passages: Sequence[Passage], embedder: Embedder | None) -> Iterable[bytes | None]:
    if embedder is None:
        return [None] * len(passages)
    texts = [f"{passage.section}\n{passage.content}" if passage.section else passage.content for passage in passages]
    return [_floats(vector) for vector in embedder.of_passages(texts)]


def _floats(vector: Sequence[float]) -> bytes:
    """Return 32-bit floats, the lowest byte first."""
    floats = array.array("f", [float(value) for value in vector])
    if sys.byteorder == "big":
        floats.byteswap()
    return floats.tobytes()


def _config(embedder: Embedder | None) -> list[tuple[str, str]]:
    made = [("written_by", "agenthost-search"), ("format", "1")]
    return [*made, ("embedding_model", embedder.model)] if embedder is not None else made


def _rows(passages: Sequence[Passage], vectors: Iterable[bytes | None]) -> Iterator[tuple[object, ...]]:
    for number, (passage, vector) in enumerate(zip(passages, vectors, strict=True), 1):
        lines = passage.first_line, passage.last_line
        yield number, passage.content, passage.section, passage.filename, *lines, json.dumps(passage.tags), vector
