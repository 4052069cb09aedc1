"""Documents of any shape, in parts."""

import pytest

from agenthost._web.console.agents.described import described, without_secrets

NOTHING = {"prompt": [], "contexts": [], "tools": [], "languages": [], "hints": []}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"sections": []},
        {"sections": {"main": None}},
        {"sections": {"main": ["answer", {"ai": []}]}},
        {"sections": {"main": [{"ai": {"prompt": "x", "SWAIG": {"functions": {}}, "languages": 3, "hints": "x"}}]}},
        {"sections": {"main": [{"ai": {"prompt": {"pom": ["x"], "contexts": {"a": "b"}}}}]}},
    ],
)
def test_other_shapes_have_no_parts(document):
    assert described(document) == NOTHING


def test_sections_below_sections():
    pom = [{"title": "a", "subsections": [{"title": "b", "body": "c", "bullets": ["d"]}]}]
    [outer, inner] = described({"sections": {"main": [{"ai": {"prompt": {"text": "", "pom": pom}}}]}})["prompt"]

    assert (outer["title"], outer["depth"]) == ("a", 0)
    assert inner == {"title": "b", "body": "c", "bullets": ["d"], "depth": 1}


def test_values_named_like_secrets_are_hidden():
    document = {
        "Authorization": "Bearer x",
        "x-api-key": ["x"],
        "tokens": 5,
        "properties": {"password": {"type": "string"}},
        "url": "https://u:p@a.example/?q=1&access_token=x#top",
    }

    assert without_secrets(document) == {
        "Authorization": "***",
        "x-api-key": "***",
        "tokens": 5,
        "properties": {"password": {"type": "string"}},
        "url": "https://***@a.example/?q=1&access_token=***#top",
    }
