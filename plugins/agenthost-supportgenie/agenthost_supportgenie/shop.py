"""The shop: customers, products, orders and articles, from a read-only SQLite file."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Article", "Customer", "Order", "Product", "Shop", "dollars"]

_SHIPPED = Path(__file__).with_name("shop.db")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 2000
_STOP = frozenset(
    _WORD.findall(
        "a about an and any are at be been but by can could do does for from get give got has have help how i in is "
        "it keep know let like me my need now of off on or our please received should so some tell that the their "
        "there they this to too us want was we what when where which who why will with won would you your"
    )
)
_ORDERS = (
    "SELECT orders.id, customers.name, products.name, products.category, orders.cents, orders.placed, orders.status,"
    " orders.delivered, orders.tracking, products.warranty_months, customers.tier FROM orders"
    " JOIN customers ON customers.id = orders.customer JOIN products ON products.sku = orders.sku"
)


@frozen
class Article:
    """A text to read aloud: a policy, a how-to or a guide.

    Args:
        title: its title.
        text: its text.
    """

    title: str
    text: str


@frozen
class Customer:
    """A customer of the shop.

    Args:
        name: the full name.
        email: the address.
        tier: ``Standard``, ``Silver`` or ``Gold``.
        plan: the subscription, ``none`` without one.
        orders: the number of orders.
    """

    name: str
    email: str
    tier: str
    plan: str
    orders: int


@frozen
class Product:
    """A product of the shop.

    Args:
        sku: its order code.
        name: its name.
        category: such as ``laptop``.
        cents: its price, in US cents.
        stock: the number in stock.
        summary: a few words.
    """

    sku: str
    name: str
    category: str
    cents: int
    stock: int
    summary: str


@frozen
class Order:
    """An order of one product.

    Args:
        number: the order number.
        customer: the customer's name.
        product: the product's name.
        category: the product's category.
        cents: the price, in US cents.
        placed: the day of the order.
        status: ``processing``, ``shipped`` or ``delivered``.
        delivered: the day of its delivery.
        tracking: the number of the parcel.
        warranty_months: the length of the warranty, in months.
        tier: the customer's tier.
    """

    number: str
    customer: str
    product: str
    category: str
    cents: int
    placed: date
    status: str
    delivered: date | None
    tracking: str | None
    warranty_months: int
    tier: str

    @property
    def return_days(self) -> int:
        """The days after delivery within which the order can be returned."""
        return 60 if self.tier == "Gold" else 30

    @property
    def warranty_until(self) -> date:
        """The last day of the warranty."""
        begins = self.delivered or self.placed
        month = begins.month - 1 + self.warranty_months
        year, month = begins.year + month // 12, month % 12 + 1
        last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(1)).day
        return date(year, month, min(begins.day, last))


@frozen
class Shop:
    """The data of the shop.

    Args:
        path: the database.
    """

    path: Path

    @classmethod
    def open(cls, path: str | None = None) -> Shop:
        """Open a database file, by default the one in this package.

        Raises:
            ValueError: the file is not a SQLite file, or lacks a table.
        """
        shop = cls(Path(path).resolve() if path else _SHIPPED)
        try:
            shop.today()
            for table in ("customers", "products", "orders", "articles"):
                shop._rows(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 - the names above
        except sqlite3.Error as error:
            raise ValueError(f"{shop.path}: {error}. fix: name a SQLite file with the tables of shop.sql") from error
        return shop

    def today(self) -> date:
        """Return the day of the data if it has one, else the real day."""
        found = self._rows("SELECT today FROM clock")
        return date.fromisoformat(found[0][0]) if found else date.today()  # noqa: DTZ011 - the shop's own day

    def article(self, question: str, *kinds: str) -> Article | None:
        """Return the article that fits a question best, or None.

        Args:
            question: a customer's question.
            kinds: ``policy``, ``howto`` or ``guide``.
        """
        words = [word for word in _WORD.findall(question[:_LONGEST].casefold()) if word not in _STOP]
        if not words:
            return None
        asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
        found = self._rows(
            "SELECT title, text FROM articles WHERE articles MATCH ? AND kind IN (SELECT value FROM json_each(?))"
            " ORDER BY bm25(articles, 0, 4, 4, 1), rowid LIMIT 1",
            asked,
            "[" + ",".join(f'"{kind}"' for kind in kinds) + "]",
        )
        return Article(*found[0]) if found else None

    def customer(self, name: str) -> Customer | None:
        """Return the customer with a name or an email address, in any case."""
        found = self._rows(
            "SELECT name, email, tier, plan, (SELECT count(*) FROM orders WHERE customer = customers.id)"
            " FROM customers WHERE lower(name) = ?1 OR lower(email) = ?1",
            " ".join(name.casefold().split()),
        )
        return Customer(*found[0]) if found else None

    def order(self, number: str) -> Order | None:
        """Return the order with a number.

        The number may be written as ``1042``, ``#1042`` or ``order 1042``.
        """
        digits = _NUMBER.search(number)
        found = self._rows(f"{_ORDERS} WHERE orders.id = ?", digits.group()) if digits else []
        return _order(found[0]) if found else None

    def orders(self, name: str, most: int = 3) -> list[Order]:
        """Return the latest orders of a customer, by full name."""
        wanted = " ".join(name.casefold().split())
        return [
            _order(row)
            for row in self._rows(
                f"{_ORDERS} WHERE lower(customers.name) = ? ORDER BY placed DESC LIMIT ?", wanted, most
            )
        ]

    def products(self, text: str = "", most_dollars: float | None = None) -> list[Product]:
        """Return the products that fit a text, the cheapest first.

        A text without a product returns all.
        """
        words = {_singular(word) for word in _WORD.findall(text[:_LONGEST].casefold())}
        found = [
            Product(*row)
            for row in self._rows("SELECT sku, name, category, cents, stock, summary FROM products ORDER BY cents")
        ]
        named = [each for each in found if words & {_singular(word) for word in _WORD.findall(each.name.casefold())}]
        chosen = named or [each for each in found if words & set(_WORD.findall(each.summary.casefold()))] or found
        return [each for each in chosen if most_dollars is None or each.cents <= most_dollars * 100]

    def better(self, order: Order) -> list[Product]:
        """Return the products of an order's kind that cost more and are in stock."""
        return [
            each
            for each in self.products()
            if each.category == order.category and each.cents > order.cents and each.stock
        ]

    def _rows(self, query: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()


def dollars(cents: int) -> str:
    """Return an amount in the form in which it is said: ``$1,199``, ``$9.50``."""
    whole, rest = divmod(cents, 100)
    return f"${whole:,}.{rest:02}" if rest else f"${whole:,}"


def _order(row: Sequence[Any]) -> Order:
    number, customer, product, category, cents, placed, status, delivered, tracking, months, tier = row
    return Order(
        number,
        customer,
        product,
        category,
        cents,
        date.fromisoformat(placed),
        status,
        date.fromisoformat(delivered) if delivered else None,
        tracking,
        months,
        tier,
    )


def _singular(word: str) -> str:
    return word if word in {"wireless", "headphones"} else word.removesuffix("s")
