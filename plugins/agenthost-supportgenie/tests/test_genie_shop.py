"""The shop's data: what is found in it, and that nothing is written to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from agenthost_supportgenie import PROFILE, Shop
from agenthost_supportgenie.shop import dollars
from attrs import evolve
from hypothesis import given, strategies as st

FOLDER = Path(__file__).parents[1]
SHOP = Shop.open()
TABLES = ("clock", "customers", "products", "orders", "articles")


def contents(database):
    return {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}  # noqa: S608


def test_the_database_is_what_its_source_says():
    """Else make it again, as the first lines of shop.sql say."""
    with closing(sqlite3.connect(":memory:")) as made, closing(sqlite3.connect(SHOP.path)) as shipped:
        made.executescript((FOLDER / "shop.sql").read_text(encoding="utf-8"))

        assert contents(made) == contents(shipped)


@pytest.mark.parametrize(
    ("question", "kinds", "title"),
    [
        ("How do I reset my password?", ("policy", "howto"), "Reset a password"),
        ("What's your return policy?", ("policy", "howto"), "Returns"),
        ("how to TRACK an order", ("policy", "howto"), "Track an order"),
        ("My laptop won't turn on", ("guide",), "A device does not turn on"),
        ("My screen has a dead pixel", ("guide",), "A screen has a fault"),
        ("My device keeps crashing when I open the app", ("guide",), "An app or a device crashes"),
        ("I received a defective laptop. What are my options?", ("guide",), "A device arrived defective"),
    ],
)
def test_the_article_for_a_question(question, kinds, title):
    assert SHOP.article(question, *kinds).title == title


@given(st.text(max_size=200))
def test_any_words_may_be_asked(text):
    """Nothing that somebody says is a query to the database."""
    for kinds in (("guide",), ("policy", "howto"), ()):
        SHOP.article(text, *kinds)
    SHOP.order(text)
    SHOP.orders(text)
    SHOP.customer(text)
    assert SHOP.products(text)


def test_the_customer_of_the_profile_is_in_the_shop():
    customer = SHOP.customer("  sarah JOHNSON ")

    assert {"name": customer.name, "tier": customer.tier, "total_orders": customer.orders} == PROFILE
    assert SHOP.customer("sarah.johnson@example.com") == customer
    assert SHOP.customer("nobody") is None
    assert [order.number for order in SHOP.orders("Sarah Johnson")] == ["1042", "1040", "1022"]


@pytest.mark.parametrize("written", ["1022", "#1022", "order 1022", "number 1022, please"])
def test_an_order_however_its_number_is_written(written):
    assert SHOP.order(written).product == "Aero 15 laptop"


@pytest.mark.parametrize(
    ("delivered", "months", "until"),
    [("2025-11-01", 24, "2027-11-01"), ("2025-01-31", 1, "2025-02-28"), ("2024-02-29", 12, "2025-02-28")],
)
def test_a_warranty_ends_on_a_day_that_there_is(delivered, months, until):
    order = evolve(SHOP.order("1022"), delivered=date.fromisoformat(delivered), warranty_months=months)

    assert order.warranty_until == date.fromisoformat(until)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 240))
def test_a_warranty_lasts_its_months(delivered, months):
    order = evolve(SHOP.order("1022"), delivered=delivered, warranty_months=months)
    until = order.warranty_until

    assert (until.year - delivered.year) * 12 + until.month - delivered.month == months
    assert until.day <= delivered.day


@pytest.mark.parametrize(("cents", "said"), [(119900, "$1,199"), (950, "$9.50"), (5, "$0.05"), (0, "$0")])
def test_amounts_are_said_in_dollars(cents, said):
    assert dollars(cents) == said


def test_a_database_of_ones_own_lives_in_real_days(tmp_path):
    with closing(sqlite3.connect(tmp_path / "own.db")) as own:
        own.executescript((FOLDER / "shop.sql").read_text(encoding="utf-8"))
        own.execute("DELETE FROM clock")
        own.commit()

    assert SHOP.today() == date(2025, 11, 21)
    assert abs((Shop.open(str(tmp_path / "own.db")).today() - date.today()).days) <= 1  # noqa: DTZ011


@pytest.mark.parametrize("content", [None, b"", b"no database, but long enough to look like one" * 40])
def test_a_file_that_is_no_shop_is_refused(tmp_path, content):
    """The agents are quarantined rather than served without data.

    No file is made.
    """
    path = tmp_path / "odd.db"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ValueError, match=r"odd\.db: .*fix: name a SQLite file with the tables of shop\.sql"):
        Shop.open(str(path))
    assert path.exists() == (content is not None)
