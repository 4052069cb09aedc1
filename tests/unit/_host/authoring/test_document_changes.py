"""Changes between two documents, as an author reads them."""

from __future__ import annotations

from agenthost._host.authoring.document_changes import document_changes


def test_named_items_are_compared_with_each_other():
    """A tool that moved has not changed, and a new one is one line."""
    url = "http://agenthost:{}@127.0.0.1:3000/x/swaig/?__token={}"
    before = {"functions": [{"function": "a", "url": url.format("p", "1.x")}, {"function": "b", "n": 1}]}
    after = {"functions": [{"function": "b", "n": 2}, {"function": "a", "url": url.format("q", "2.y")}, {"name": "c"}]}

    assert document_changes(before, after) == ["~ functions[b].n: 1 → 2", '+ functions[c]: {"name": "c"}']
    assert document_changes(after, before) == ["~ functions[b].n: 2 → 1", '- functions[c]: {"name": "c"}']


def test_other_items_are_compared_by_their_numbers():
    assert document_changes({"x": [1, {"title": "t"}]}, {"x": [2, {"title": "t"}, None]}) == [
        "~ x[0]: 1 → 2",
        "+ x[2]: null",
    ]


def test_long_values_are_cut():
    [line] = document_changes({"text": "a" * 100}, {"text": "b"})

    assert line == f'~ text: "{"a" * 58}… → "b"'
