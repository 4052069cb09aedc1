"""The example programs of the SDK run with changed imports, and have the same documents."""

from __future__ import annotations

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
    """A change of the SDK's layout would empty it.

    ``multi_endpoint_agent`` is the only other one: it replaces private methods of the SDK.
    """
    assert len(PLAIN) == 27
    assert "multi_endpoint_agent" in corpus.examples()
    assert all(f"`{name}`" in PAGE for name in (*DECIDED, "multi_endpoint_agent"))


@pytest.mark.parametrize("name", PLAIN)
def test_a_program_runs_and_serves_the_same_documents(name):
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
