"""Charts of the page on performance: drawn from its table, and shown on it."""

from __future__ import annotations

import importlib.util
from xml.etree import ElementTree as ET

import pytest
from pages import DOCS

PAGE = DOCS / "reference" / "performance.md"


@pytest.fixture(scope="module")
def charts():
    """The program that draws them."""
    place = DOCS.parent / "benchmarks" / "charts.py"
    if not place.exists():
        pytest.skip("the benchmarks are not part of an installed package")
    spec = importlib.util.spec_from_file_location("charts", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_charts_show_the_table(charts):
    """A new table needs new charts: python benchmarks/charts.py."""
    text = PAGE.read_text(encoding="utf-8")
    rows = charts.rows_of(text)
    for chart in charts.CHARTS:
        file = PAGE.parent / "charts" / f"{chart.name}.svg"

        assert file.read_text(encoding="utf-8") == charts.drawn(chart, rows)
        assert f"(charts/{chart.name}.svg)" in text


def test_a_chart_is_legible_on_light_and_dark_pages(charts):
    for file in (PAGE.parent / "charts").glob("*.svg"):
        drawn = ET.parse(file).getroot()  # noqa: S314 - the project's own file

        assert "prefers-color-scheme: dark" in file.read_text(encoding="utf-8")
        assert all(float(bar.get("width")) >= 2 for bar in drawn.iter("{http://www.w3.org/2000/svg}rect"))
