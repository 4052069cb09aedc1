"""Indexes in a real PostgreSQL with pgvector, which the wheel of pgserver brings."""

from __future__ import annotations

import tempfile

import pytest
from agenthost_search import open_index
from agenthost_search.building import collect
from agenthost_search.postgres import PostgresIndex, write_collection
from hypothesis import HealthCheck, example, given, settings, strategies as st

from agenthost import ConfigurationError


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    runtime = tmp_path_factory.mktemp("runtime")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # where pgserver keeps its locks, when it is imported
        import pgserver  # noqa: PLC0415
    with tempfile.TemporaryDirectory() as kept, pgserver.get_server(f"{kept}/data") as running:
        yield running.get_uri()


@pytest.fixture
def cinema(url, folder, topics):
    """A collection with vectors."""
    write_collection(url, "cinema", collect(folder, tags=("public",)).passages, topics)
    return url


def sources(index, text, **options):
    try:
        return [each.source for each in index.search(text, **options)]
    finally:
        index.close()


def test_words_and_vectors_are_fused(cinema, topics):
    words, both = PostgresIndex(cinema, "cinema"), PostgresIndex(cinema, "cinema", topics)

    assert sources(words, "refunding tickets")[0] == "tickets.md: Tickets > Refunds, line 7"
    assert sources(words, "I am hungry") == []
    assert sources(both, "I am hungry")[0] == "food.html: Snacks, line 1"
    assert sources(words, "tickets", tags=["staff"]) == []
    assert words.search("tickets", tags=["public"])[0].tags == ("public",)
    words.close()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("'a' & !b | (c:*) <-> \\ \x00 \ud800")
@given(text=st.text())
def test_any_text_is_a_question(cinema, text):
    index = PostgresIndex(cinema, "cinema")
    assert all(found.filename for found in index.search(text, 2))
    index.close()


def test_a_collection_is_replaced(cinema, folder):
    (folder / "tickets.md").write_text("# Seats\n\nSeats are numbered.\n")
    write_collection(cinema, "cinema", collect(folder).passages)

    assert sources(open_index(cinema, collection="cinema"), "seats numbered") == ["tickets.md: Seats, line 3"]
    assert sources(open_index(cinema, collection="cinema"), "refund") == []


def test_collections_that_do_not_fit_are_refused(cinema, folder, topics):
    with pytest.raises(ConfigurationError, match=r"no collection 'theatre'\. fix: agenthost index FOLDER"):
        open_index(cinema, collection="theatre")
    write_collection(cinema, "plain", collect(folder).passages)
    with pytest.raises(ConfigurationError, match="vectors are of the model ''"):
        PostgresIndex(cinema, "plain", topics)
    with pytest.raises(ConfigurationError, match=r"the database does not answer: .*fix: postgresql://user"):
        open_index("postgresql://127.0.0.1:1/x")
