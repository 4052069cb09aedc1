"""Indexes in PostgreSQL: its text search, and vectors by the extension pgvector."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING, Any

from agenthost import ConfigurationError
from agenthost_search.passages import Passage
from agenthost_search.ranking import CANDIDATES, fused
from agenthost_search.words import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from psycopg import Connection
    from psycopg_pool import ConnectionPool

    from agenthost_search.vectors import Embedder

__all__ = ["PostgresIndex", "write_collection"]

_log = logging.getLogger("agenthost.search")

_CONNECTIONS = 4
_LOCK = 0x73656172636865
"""The lock while the tables are made: "searche"."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS agenthost_search_collections (name text PRIMARY KEY, model text NOT NULL);
CREATE TABLE IF NOT EXISTS agenthost_search (
    collection text NOT NULL, id integer NOT NULL, content text NOT NULL, section text NOT NULL,
    filename text NOT NULL, first_line integer, last_line integer, tags text[] NOT NULL,
    words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', section), 'A') || to_tsvector('english', content)
    ) STORED,
    PRIMARY KEY (collection, id)
);
CREATE INDEX IF NOT EXISTS agenthost_search_words ON agenthost_search USING gin (words);
"""
_VECTORS = """
CREATE EXTENSION IF NOT EXISTS vector;
ALTER TABLE agenthost_search ADD COLUMN IF NOT EXISTS embedding vector;
"""
_INSERT = """
INSERT INTO agenthost_search (collection, id, content, section, filename, first_line, last_line, tags)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_TAGGED = "(%(tags)s::text[] IS NULL OR tags && %(tags)s::text[])"
_BY_WORDS = f"""
SELECT id FROM agenthost_search, to_tsquery('english', %(words)s) AS asked
WHERE collection = %(collection)s AND words @@ asked AND {_TAGGED}
ORDER BY ts_rank_cd(words, asked, 1) DESC, id LIMIT %(most)s
"""  # noqa: S608 - constants, as below
_BY_MEANING = f"""
SELECT id FROM agenthost_search
WHERE collection = %(collection)s AND embedding IS NOT NULL AND {_TAGGED}
ORDER BY embedding <=> %(vector)s::vector, id LIMIT %(most)s
"""  # noqa: S608
_ROWS = """
SELECT id, content, filename, section, first_line, last_line, tags FROM agenthost_search
WHERE collection = %s AND id = ANY(%s)
"""


class PostgresIndex:
    """A collection of passages in a database.

    Args:
        url: URL of the database
        collection: Name of the collection
        embedder: Model of its vectors. Without it, words decide alone

    Raises:
        ConfigurationError: the database has no such collection, or vectors of another model, or does not answer.
    """

    def __init__(self, url: str, collection: str, embedder: Embedder | None = None) -> None:
        self._url = url
        self._collection = collection
        self._embedder = embedder
        with _connected(url) as connection:
            model = _model(connection, collection)
        if embedder is not None and model != embedder.model:
            raise ConfigurationError(
                f"collection {collection!r}: its vectors are of the model {model!r}, and the questions would be of "
                f"{embedder.model!r}. fix: set the model {model!r}, or index the folder again"
            )
        self._pool: ConnectionPool[Any] | None = None

    def search(self, text: str, count: int = 3, tags: Collection[str] = ()) -> list[Passage]:
        """Return the passages that fit a text, the best first."""
        vector = self._vector(text)
        given: dict[str, Any] = {
            "collection": self._collection,
            "tags": list(tags) or None,
            "most": CANDIDATES,
            "words": " | ".join(f"'{word}'" for word in words_of(text)),
            "vector": vector,
        }
        with self._opened().connection() as connection:
            lists = [_numbers(connection, _BY_WORDS, given)] if given["words"] else []
            if vector is not None:
                lists.append(_numbers(connection, _BY_MEANING, given))
            best = fused(lists)[:count]
            rows = connection.execute(_ROWS, (self._collection, [number for number, _ in best])).fetchall()
        found = {row[0]: row for row in rows}
        return [_passage(found[number], score) for number, score in best if number in found]

    def close(self) -> None:
        """Close the connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close(timeout=1)

    def _opened(self) -> ConnectionPool[Any]:
        if self._pool is None:
            from psycopg_pool import ConnectionPool  # noqa: PLC0415 - an extra

            self._pool = ConnectionPool(
                self._url, kwargs={"autocommit": True}, min_size=0, max_size=_CONNECTIONS, open=True, timeout=5
            )
        return self._pool

    def _vector(self, text: str) -> str | None:
        if self._embedder is None or not text.strip():
            return None
        try:
            return _written(self._embedder.of_query(text))
        except Exception as error:  # noqa: BLE001 - whatever a model raises
            _log.warning("%s: the model of vectors failed (%s), so words decide alone", self._collection, error)
            return None


def write_collection(url: str, collection: str, passages: Sequence[Passage], embedder: Embedder | None = None) -> None:
    """Write a collection, or replace it, in one transaction.

    Raises:
        ConfigurationError: the database does not answer, or lacks pgvector and vectors are wanted.
    """
    from psycopg import Error  # noqa: PLC0415

    with _connected(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(_SCHEMA)
        if embedder is not None:
            try:
                connection.execute(_VECTORS)
            except Error as error:
                raise ConfigurationError(
                    f"the database lacks pgvector: {error}. fix: CREATE EXTENSION vector"
                ) from error
        model = embedder.model if embedder is not None else ""
        connection.execute("DELETE FROM agenthost_search WHERE collection = %s", (collection,))
        connection.execute(
            "INSERT INTO agenthost_search_collections VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET model = %s",
            (collection, model, model),
        )
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, list(_values(collection, passages)))
            if embedder is not None:
                vectors = embedder.of_passages([f"{each.section}\n{each.content}".strip() for each in passages])
                cursor.executemany(
                    "UPDATE agenthost_search SET embedding = %s::vector WHERE collection = %s AND id = %s",
                    [(_written(vector), collection, number) for number, vector in enumerate(vectors, 1)],
                )


def _values(collection: str, passages: Sequence[Passage]) -> Iterator[tuple[Any, ...]]:
    for number, each in enumerate(passages, 1):
        text = each.content.replace("\0", " "), each.section.replace("\0", " "), each.filename
        yield collection, number, *text, each.first_line, each.last_line, list(each.tags)


def _connected(url: str) -> Connection[Any]:
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigurationError("indexes in PostgreSQL need a package. fix: pip install 'agenthost-search[postgres]'")
    import psycopg  # noqa: PLC0415

    try:
        return psycopg.connect(url, connect_timeout=5)
    except psycopg.Error as error:
        raise ConfigurationError(
            f"the database does not answer: {' '.join(str(error).split())}. fix: postgresql://user:password@host:5432/database"
        ) from error


def _model(connection: Connection[Any], collection: str) -> str:
    """Return the model of a collection's vectors, or an empty text."""
    (known,) = connection.execute("SELECT to_regclass('agenthost_search_collections')").fetchone() or (None,)
    query = "SELECT model FROM agenthost_search_collections WHERE name = %s"
    row = connection.execute(query, (collection,)).fetchone() if known else None
    if row is None:
        raise ConfigurationError(
            f"the database has no collection {collection!r}. "
            f"fix: agenthost index FOLDER --output postgresql://… --collection {collection}"
        )
    return str(row[0])


def _numbers(connection: Connection[Any], query: str, given: dict[str, Any]) -> list[int]:
    return [number for (number,) in connection.execute(query, given)]


def _passage(row: tuple[Any, ...], score: float) -> Passage:
    _, content, filename, section, first, last, tags = row
    return Passage(content, filename, section, first, last, tuple(tags), score)


def _written(vector: Sequence[float]) -> str:
    return "[" + ",".join(str(float(value)) for value in vector) + "]"
