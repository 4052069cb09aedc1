"""The company behind the front desk: names, prices and balances, read from a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Company"]

_SHIPPED = Path(__file__).with_name("company.toml")


@frozen
class Company:
    """What the agents know.

    Args:
        name: the company's name.
        hours: when people can be reached.
        support_email: where updates on tickets come from.
        prices: product to price, as it is said.
        accounts: account number to balance in US cents; below zero, a credit.
    """

    name: str
    hours: str
    support_email: str
    prices: Mapping[str, str]
    accounts: Mapping[str, int]

    @classmethod
    def read(cls, path: str | None) -> Company:
        """Read a company's file, or the one that is shipped.

        Raises:
            OSError, ValueError, TypeError: it cannot be read, is not TOML, or lacks something.
        """
        return cls(**tomllib.loads((Path(path) if path else _SHIPPED).read_text(encoding="utf-8")))

    def balance(self, account: str) -> str | None:
        """The sentence on an account, or None where there is no such account."""
        cents = self.accounts.get(account)
        if cents is None:
            return None
        if cents == 0:
            return f"Account {account} has a balance of $0.00. You're all paid up!"
        amount = f"${abs(cents) // 100:,}.{abs(cents) % 100:02}"
        if cents < 0:
            return f"Account {account} has a credit of {amount}."
        return f"Account {account} has an open balance of {amount}."
