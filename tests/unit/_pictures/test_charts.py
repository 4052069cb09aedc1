"""Charts: whatever the values are, they stay inside."""

import re
from xml.etree import ElementTree as ET

from hypothesis import given, strategies as st

from agenthost._pictures.charts import chart


@given(st.lists(st.none() | st.floats(0, 1e12), max_size=200))
def test_every_value_is_inside_the_picture(values):
    """And gaps are not drawn."""
    svg = chart(values, "A & B <now>", "MB", "then", "now")
    root = ET.fromstring(svg)  # noqa: S314 - our own
    points = [pair.split(",") for each in root.iter("polyline") for pair in each.get("points").split()]
    points += [(each.get("cx"), each.get("cy")) for each in root.iter("circle")]

    assert len(points) == sum(value is not None for value in values)
    assert all(70 <= float(x) <= 720 and 12 <= float(y) <= 128 for x, y in points)
    assert root.get("aria-label") == "A & B <now>"


def test_the_axis_has_round_numbers():
    svg = chart([0.3, 47, None, 12], "calls", "/s", "then", "now")

    assert re.findall(r">([0-9.]+) /s<", svg) == ["0", "25", "50"]
