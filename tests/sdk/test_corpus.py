"""The example programs of the SDK run with changed imports, and have the same documents."""

from __future__ import annotations

import asyncio
from pathlib import Path

import corpus
import pytest

PLAIN = corpus.plain()
PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "migrate.md").read_text(encoding="utf-8")

DECIDED = {
    "faq_bot_agent": ("ai", "prompt", "pom"),
    "lambda_agent": ("ai", "SWAIG", "functions"),
    "swaig_features_agent": ("ai", "SWAIG"),
}
"""Programs whose documents differ by decision, and where. docs/how-to/migrate.md has the reasons.

An empty section in ``PROMPT_SECTIONS`` is left out, a sentence in place of a tool's name is its description, and
``default_webhook_url`` applies to secure tools.
"""


def test_the_corpus_is_the_wheel_s():
    """A change of the SDK's layout would empty it."""
    assert len(PLAIN) == 28
    assert all(f"`{name}`" in PAGE for name in DECIDED)


@pytest.fixture(autouse=True)
def loop():
    """Mangum, which an example uses, would make one and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.parametrize("name", PLAIN)
def test_a_program_runs_and_serves_the_same_documents(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = (("signalwire", PLAIN[name]), ("agenthost", corpus.moved(PLAIN[name])))
    theirs, ours = (corpus.normal(corpus.documents(text, package)) for package, text in texts)
    if where := DECIDED.get(name):
        assert _take(ours, where) != _take(theirs, where)
    assert ours == theirs


def _take(documents, where):
    """Remove what differs by decision."""
    [document] = documents.values()
    part = next(verb for verb in document["sections"]["main"] if "ai" in verb)
    for name in where[:-1]:
        part = part[name]
    return part.pop(where[-1])
