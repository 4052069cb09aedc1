"""Diagrams of pages are drawn from their text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from pages import DOCS, blocks, every
from site_diagrams import draw
from site_sources import stage

ALL = every("mermaid")


@pytest.mark.parametrize("block", ALL, ids=[block.name for block in ALL])
def test_every_word_is_drawn_within_the_picture(block):
    figure = ET.fromstring(draw(block.text, "A & B"))  # noqa: S314 - made by ourselves
    svg = figure[0]
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    texts = [each for each in svg.iter() if each.tag == "text"]
    words = " ".join(each.text for each in texts)

    assert svg.attrib["aria-label"] == "A & B"
    for line in block.text.splitlines()[1:]:
        label = line.partition(": ")[2] or line.partition(" as ")[2]
        assert all(word in words for word in label.split())
    assert all(0 < float(each.attrib["x"]) < width and 0 < float(each.attrib["y"]) < height for each in texts)


def test_the_page_has_four_and_the_site_draws_them(tmp_path):
    stage(tmp_path)
    page = (tmp_path / "explanation" / "diagrams.md").read_text(encoding="utf-8")

    assert len(blocks(DOCS / "explanation" / "diagrams.md", "mermaid")) == 4
    assert page.count('<figure class="diagram">') == 4
    assert 'aria-label="Generations"' in page
    assert "```mermaid" not in page


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A->>C: hello", "the participant 'C' is not declared"),
        ("loop forever", "is neither a participant, an arrow nor a note"),
    ],
)
def test_mistakes_are_named(line, reason):
    with pytest.raises(ValueError, match=reason):
        draw(f"sequenceDiagram\n participant A\n {line}", "broken")


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="'pie' is not sequenceDiagram"):
        draw("pie\n", "a pie")
