"""Indexes in files answer any text, with sources."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from agenthost_search import SqliteIndex, build, open_index
from agenthost_search.ranking import fused
from agenthost_search.words import words_of
from hypothesis import HealthCheck, example, given, settings, strategies as st

from agenthost import ConfigurationError

SDK = Path(__file__).with_name("sdk.swsearch")


def sources(index, text, **options):
    return [each.source for each in index.search(text, **options)]


@pytest.fixture
def index(file):
    opened = SqliteIndex(file)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("When is a ticket refunded?", "tickets.md: Tickets > Refunds, line 7"),
        ("REFUNDING", "tickets.md: Tickets > Refunds, line 7"),
        ("what does it cost", "tickets.md: Tickets, line 3"),
        ("popcorn sizes", "food.html: Snacks, line 1"),
        ("cafe geoffnet", "german.txt, line 1"),
        ("sunday", "hours.rst: Opening, line 4"),
    ],
)
def test_the_best_passage_comes_first(index, text, source):
    assert sources(index, text)[0] == source


def test_a_word_that_no_document_has_finds_nothing(index):
    assert index.search("What is the capital of Peru?") == []
    assert index.search("") == index.search(" \n") == []


def test_words_of_every_question_count_only_alone():
    assert words_of("What is the refund?") == ["refund"]
    assert words_of("What is it?") == ["what", "is", "it"]


def test_hidden_files_and_other_kinds_are_left_out(folder, tmp_path):
    built = build(folder, tmp_path / "x.sqlite")

    assert (built.documents, built.left_out, built.passages) == (4, 1, 5)


def test_the_same_documents_give_the_same_file(folder, tmp_path):
    first, second = (build(folder, tmp_path / name).file.read_bytes() for name in ("a.sqlite", "b.sqlite"))

    assert first == second


def test_a_folder_without_documents_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"there are no documents\. fix: a folder with files of \.md"):
        build(tmp_path, tmp_path / "x.sqlite")


@pytest.fixture(scope="module")
def indexes(tmp_path_factory, documents):
    """An index of agenthost and one of the SDK."""
    folder = tmp_path_factory.mktemp("cinema")
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    opened = SqliteIndex(build(folder, folder / "x.sqlite").file), SqliteIndex(SDK)
    yield opened
    for each in opened:
        each.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example('NEAR("a" b, 3) AND NOT *:^x "')
@example("ticket* OR content : {a} -b")
@example("\x00\ud800'\"; DROP TABLE chunks")
@example("ª ² ٣ _ __")
@given(st.text())
def test_any_text_is_a_question(indexes, text):
    for index in indexes:
        for found in index.search(text, 2):
            assert found.filename


@given(st.lists(st.lists(st.integers(0, 30), unique=True, max_size=10), max_size=3))
def test_ranks_are_fused(lists):
    """Each number is there once, and one that every list has first is first."""
    best = fused(lists)

    assert sorted(number for number, _ in best) == sorted({number for ranked in lists for number in ranked})
    assert [score for _, score in best] == sorted((score for _, score in best), reverse=True)
    if lists and all(lists) and len({ranked[0] for ranked in lists}) == 1:
        assert best[0][0] == lists[0][0]


def test_tags_restrict_the_passages(folder, tmp_path):
    for name in ("food.html", "hours.rst"):
        (folder / name).unlink()
    file = build(folder, tmp_path / "x.sqlite", tags=("cinema", "public")).file
    index = SqliteIndex(file)

    assert sources(index, "ticket", tags=["cinema"]) == sources(index, "ticket")
    assert index.search("ticket", tags=["staff"]) == []
    index.close()


def test_an_index_that_is_replaced_is_read_again(index, folder, file):
    assert index.search("parking") == []
    (folder / "parking.md").write_text("# Parking\n\nParking is behind the house.\n")
    build(folder, file)

    assert sources(index, "parking") == ["parking.md: Parking, line 3"]


def test_an_index_that_is_gone_is_read_on(index, file):
    before = sources(index, "ticket")
    file.rename(file.with_suffix(".old"))

    assert sources(index, "ticket") == before
    file.write_text("half of a copy")
    assert sources(index, "ticket") == before


def test_threads_search_at_once(index):
    found, expected = [], sources(index, "refund")

    def search():
        found.extend(sources(index, "refund") == expected for _ in range(20))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80


def test_rare_words_decide_where_common_ones_would_cost_too_much(tmp_path):
    (tmp_path / "many.md").write_text(
        "".join(f"# Part {number}\n\nCinema news number {number}.\n" for number in range(1600))
    )
    (tmp_path / "one.md").write_text("# Dogs\n\nDogs may not enter the cinema.\n")
    index = SqliteIndex(build(tmp_path, tmp_path / "x.sqlite").file)

    assert sources(index, "dogs in the cinema", count=20) == ["one.md: Dogs, line 3"]
    assert len(index.search("cinema", 20)) == 20
    index.close()


def test_an_index_of_the_sdk_is_read_as_it_is():
    before = SDK.read_bytes()
    index = open_index(str(SDK))

    assert sources(index, "Are tickets refunded?") == ["cinema/tickets.md: Refunds, lines 10-12"]
    assert sources(index, "popcorn") == ["cinema/food.md, lines 5-7"]
    assert index.search("noon", tags=["hours"])[0].tags == ("hours",)
    assert index.search("noon", tags=["tickets"]) == []
    index.close()
    assert SDK.read_bytes() == before


def test_vectors_of_the_sdk_are_fused_with_words():
    class MiniLm:
        model = "sentence-transformers/all-MiniLM-L6-v2"

        def of_query(self, text):
            return [0.0, 0.1, 0.9, 0.0]

    pytest.importorskip("numpy")
    index = SqliteIndex(SDK, MiniLm())

    assert [each.filename for each in index.search("something to eat", 2)] == ["cinema/food.md", "cinema/hours.md"]
    index.close()


def test_meaning_finds_what_words_do_not(folder, tmp_path, topics):
    pytest.importorskip("numpy")
    file = build(folder, tmp_path / "x.sqlite", embedder=topics).file
    words, both = SqliteIndex(file), SqliteIndex(file, topics)

    assert words.search("I am hungry") == []
    assert sources(both, "I am hungry")[0] == "food.html: Snacks, line 1"
    assert sources(both, "my money for the ticket")[0] == "tickets.md: Tickets > Refunds, line 7"
    words.close()
    both.close()


def test_words_decide_alone_while_the_model_fails(folder, tmp_path, topics, caplog):
    class Fails:
        model = "topics"

        def of_query(self, text):
            raise OSError("the model is away")

    pytest.importorskip("numpy")
    index = SqliteIndex(build(folder, tmp_path / "x.sqlite", embedder=topics).file, Fails())

    assert sources(index, "popcorn") == ["food.html: Snacks, line 1"]
    assert "the model of vectors failed (the model is away), so words decide alone" in caplog.text
    index.close()


def test_an_api_makes_the_vectors(folder, tmp_path, api):
    pytest.importorskip("numpy")
    from agenthost_search.vectors import embedder_of  # noqa: PLC0415

    from agenthost import Secret  # noqa: PLC0415

    model = embedder_of(api.url, "topics", Secret("k"))
    index = SqliteIndex(build(folder, tmp_path / "x.sqlite", embedder=model).file, model)

    assert sources(index, "I am hungry")[0] == "food.html: Snacks, line 1"
    assert set(api.asked) == {("/v1/embeddings", "Bearer k", "topics")}
    api.status = 500
    assert index.search("I am hungry") == []
    index.close()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"embeddings": "gpt"}, "'gpt' is neither e5 nor a URL. fix: e5, or http"),
        ({"embeddings": "http://127.0.0.1:1/v1"}, "needs the name of a model. fix: embeddings_model"),
        (
            {"embeddings": "http://127.0.0.1:1/v1", "model": "m"},
            "the index has no vectors. fix: agenthost index FOLDER",
        ),
    ],
)
def test_models_that_do_not_fit_are_refused(file, options, reason):
    pytest.importorskip("numpy")
    with pytest.raises(ConfigurationError, match=reason):
        open_index(str(file), **options)


def test_vectors_of_another_model_are_refused(topics):
    pytest.importorskip("numpy")
    with pytest.raises(ConfigurationError, match=r"vectors are of the model 'sentence-transformers/all-MiniLM-L6-v2'"):
        SqliteIndex(SDK, topics)


@pytest.mark.parametrize("content", [None, b"", b"not a database at all", "empty database"])
def test_files_that_are_not_indexes_are_refused(tmp_path, content):
    file = tmp_path / "x.sqlite"
    if content == "empty database":
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE x (y)")
        connection.close()
    elif content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"x\.sqlite: .*\. fix: agenthost index FOLDER --output"):
        open_index(str(file))


def test_an_index_may_be_in_a_package(file, tmp_path, monkeypatch):
    package = tmp_path / "site" / "cinema_facts"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('it is not imported')")
    shutil.copy(file, package / "index.sqlite")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    index = open_index("cinema_facts:index.sqlite")

    assert sources(index, "popcorn") == ["food.html: Snacks, line 1"]
    index.close()
    with pytest.raises(ConfigurationError, match=r"'theatre_facts' is not installed\. fix: pip install theatre-facts"):
        open_index("theatre_facts:index.sqlite")
