"""Documents in YAML, as the platform accepts them by media type."""

from __future__ import annotations

import pytest

from agenthost.testing.platform import HttpResponse

DOCUMENT = b"""
version: 1.0.0
sections:
  main:
    - play: {url: "say:hi"}
    - sleep: 5
"""


@pytest.mark.parametrize("media_type", ["application/yaml", "text/x-yaml; charset=utf-8", "application/swml+yaml"])
def test_a_document_in_yaml_is_read(media_type):
    document = HttpResponse(200, (("content-type", media_type),), DOCUMENT).document()

    assert document["version"] == "1.0.0"
    assert document["sections"]["main"] == [{"play": {"url": "say:hi"}}, {"sleep": 5}]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"a: [1", "cannot be read"),
        (b"a: &a [1]\nb: [*a, *a]", "references"),
        (b"!!python/object/apply:os.getcwd []", "cannot be read"),
        (b"[" * 150 + b"]" * 150, "nested too deep"),
        (b"[" * 2000, "read|deep"),
    ],
)
def test_yaml_that_could_do_harm_is_refused(body, words):
    with pytest.raises(ValueError, match=words):
        HttpResponse(200, (("content-type", "application/yaml"),), body).document()


def test_json_under_any_other_type_is_json():
    with pytest.raises(ValueError, match="Expecting"):
        HttpResponse(200, (("content-type", "application/json"),), DOCUMENT).document()
