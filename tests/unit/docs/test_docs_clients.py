"""The page of clients that were tried, and their guides."""

from __future__ import annotations

import re

from pages import DOCS

TABLE = (DOCS / "reference" / "clients.md").read_text(encoding="utf-8").partition("<!-- clients: begin -->")[2]
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]


def test_each_guide_was_executed():
    executed = set(re.findall(r"\[executed\]\(\.\./how-to/(connect-[\w-]+\.md)\)", TABLE))

    assert {page.name for page in (DOCS / "how-to").glob("connect-*.md")} == executed


def test_each_client_has_a_version_and_results():
    for row in ROWS:
        name, versions, *checks, guide = (cell.strip() for cell in row.strip("|").split(" | "))
        assert re.search(r"\d+\.\d+", versions), name
        assert set(checks) <= {"yes", "–"}, name
        assert guide.startswith("[executed]"), name


def test_the_run_is_dated():
    assert re.search(r"^Run on \d{4}-\d\d-\d\d with agenthost ", TABLE, re.MULTILINE)
