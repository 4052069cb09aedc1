"""Indexes in SQLite files, by agenthost or by SignalWire's SDK (``.swsearch``), read as they are."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agenthost import ConfigurationError
from agenthost_search.passages import Passage
from agenthost_search.ranking import CANDIDATES, fused
from agenthost_search.words import matching, words_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from agenthost_search.vectors import Embedder, Vectors

__all__ = ["SqliteIndex", "model_of"]

_log = logging.getLogger("agenthost.search")

_MOST_ROWS = 1500
"""Rows that are ranked for one question, at about 1.2 µs each. Rare words come first."""
_MOST_FREQUENCIES = 20_000
_NEEDED = frozenset(("chunks", "chunks_fts", "config"))
_BY_WORDS = "SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ? ORDER BY bm25(chunks_fts, 1.0, 2.0), rowid"
_FREQUENCY = "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH ?"
_ROW = "SELECT content, filename, section, start_line, end_line, tags FROM chunks WHERE id = ?"


class SqliteIndex:
    """An index in a file, for any number of threads.

    It is opened again when the file is replaced.

    Args:
        file: The file
        embedder: Model of its vectors. Without it, words decide alone

    Raises:
        ConfigurationError: the file does not exist, is not an index, or has vectors of another model.
    """

    def __init__(self, file: Path, embedder: Embedder | None = None) -> None:
        self._file = file
        self._embedder = embedder
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._state: object = None
        self._frequencies: dict[str, int] = {}
        self._tagged: dict[frozenset[str], frozenset[int]] = {}
        self._vectors: Vectors | None = None
        with self._lock:
            self._open()

    def search(self, text: str, count: int = 3, tags: Collection[str] = ()) -> list[Passage]:
        """Return the passages that fit a text, the best first.

        Args:
            text: Any text. Nothing in it is read as the syntax of a query
            count: Passages at most
            tags: Tags of which a passage has one. Empty for all passages
        """
        vector = self._vector(text)
        with self._lock:
            connection = self._opened()
            allowed = self._allowed(connection, frozenset(tags)) if tags else None
            lists = [self._by_words(connection, words_of(text), allowed)]
            if vector is not None and self._vectors is not None:
                lists.append(self._vectors.closest(vector, CANDIDATES, allowed))
            return [_passage(connection, number, score) for number, score in fused(lists)[:count]]

    def close(self) -> None:
        """Close the file. The next search opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._vectors = None

    def _opened(self) -> sqlite3.Connection:
        """Return a connection, to the old file where the new one is broken."""
        state = _state(self._file)
        if self._connection is not None and state not in (None, self._state):
            old, vectors = self._connection, self._vectors
            try:
                self._open()
                old.close()
            except ConfigurationError as error:
                _log.warning("the index that was opened before is read on: %s", error)
                self._vectors, self._state = vectors, state
        elif self._connection is None:
            self._open()
        assert self._connection is not None  # noqa: S101 - for the type checker
        return self._connection

    def _open(self) -> None:
        state = _state(self._file)
        connection = _connected(self._file)
        try:
            self._vectors = _vectors(connection, self._file, self._embedder)
        except BaseException:
            connection.close()
            raise
        self._connection, self._state = connection, state
        self._frequencies.clear()
        self._tagged.clear()

    def _vector(self, text: str) -> Any:
        """Return the vector of a text, or None if the model fails: words decide then."""
        if self._embedder is None or not text.strip():
            return None
        try:
            return self._embedder.of_query(text)
        except Exception as error:  # noqa: BLE001 - whatever a model raises
            _log.warning("%s: the model of vectors failed (%s), so words decide alone", self._file.name, error)
            return None

    def _by_words(self, connection: sqlite3.Connection, words: list[str], allowed: Collection[int] | None) -> list[int]:
        """Return the best passages by BM25, rare words first."""
        counted = sorted((rows, word) for word in words if (rows := self._frequency(connection, word)))
        chosen: list[str] = []
        total = 0
        for rows, word in counted:
            total += rows
            if chosen and total > _MOST_ROWS:
                break
            chosen.append(word)
        if not chosen:
            return []
        found = (number for (number,) in connection.execute(_BY_WORDS, (matching(chosen),)))
        return [number for number in found if allowed is None or number in allowed][:CANDIDATES]

    def _frequency(self, connection: sqlite3.Connection, word: str) -> int:
        known = self._frequencies.get(word)
        if known is None:
            (known,) = connection.execute(_FREQUENCY, (matching([word]),)).fetchone()
            if len(self._frequencies) >= _MOST_FREQUENCIES:
                self._frequencies.clear()
            self._frequencies[word] = known
        return known

    def _allowed(self, connection: sqlite3.Connection, tags: frozenset[str]) -> frozenset[int]:
        if tags not in self._tagged:
            rows = connection.execute("SELECT id, tags FROM chunks")
            self._tagged[tags] = frozenset(number for number, written in rows if not tags.isdisjoint(_tags(written)))
        return self._tagged[tags]


def model_of(file: Path) -> str:
    """Return the model of an index's vectors, or an empty text.

    Raises:
        ConfigurationError: the file does not exist, or is not an index.
    """
    with closing(_connected(file)) as connection:
        return _model(connection)


def _model(connection: sqlite3.Connection) -> str:
    if not connection.execute("SELECT 1 FROM chunks WHERE length(embedding) > 0 LIMIT 1").fetchone():
        return ""
    row = connection.execute("SELECT value FROM config WHERE key = 'embedding_model'").fetchone()
    return str(row[0]) if row else "unknown"


def _vectors(connection: sqlite3.Connection, file: Path, embedder: Embedder | None) -> Vectors | None:
    if embedder is None:
        return None
    model = _model(connection)
    if not model:
        raise ConfigurationError(
            f"{file}: the index has no vectors. fix: agenthost index FOLDER --embeddings …, or leave embeddings out"
        )
    if model != embedder.model:
        raise ConfigurationError(
            f"{file}: its vectors are of the model {model!r}, and the questions would be of {embedder.model!r}. "
            f"fix: set the model {model!r}, or index the folder again"
        )
    from agenthost_search.vectors import Vectors  # noqa: PLC0415 - needs NumPy

    rows = connection.execute("SELECT id, embedding FROM chunks WHERE length(embedding) > 0 ORDER BY id")
    return Vectors.of_rows(rows)


def _connected(file: Path) -> sqlite3.Connection:
    if not file.is_file():
        raise ConfigurationError(f"{file}: there is no such index. fix: agenthost index FOLDER --output {file}")
    address = f"file:{quote(str(file.absolute()))}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError:
        tables = set()
    if tables >= _NEEDED:
        return connection
    connection.close()
    raise ConfigurationError(f"{file}: this file is not an index. fix: agenthost index FOLDER --output {file}")


def _state(file: Path) -> tuple[int, int, int] | None:
    """Return what differs between a file and its replacement, or None if it is gone."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _passage(connection: sqlite3.Connection, number: int, score: float) -> Passage:
    content, filename, section, first, last, tags = connection.execute(_ROW, (number,)).fetchone()
    return Passage(content, filename, section or "", first, last, _tags(tags), score)


def _tags(written: str | None) -> tuple[str, ...]:
    with suppress(ValueError):
        found = json.loads(written or "[]")
        if isinstance(found, list):
            return tuple(str(tag) for tag in found)
    return ()
