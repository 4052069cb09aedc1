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
    """The facts about a company that the agents know.

    Args:
        name: the company's name.
        hours: the hours in which people can be reached.
        support_email: the sender of updates on tickets.
        prices: product to price, in the form in which it is said.
        accounts: account number to balance, in US cents. A negative balance is a credit.
    """

    name: str
    hours: str
    support_email: str
    prices: Mapping[str, str]
    accounts: Mapping[str, int]

    @classmethod
    def read(cls, path: str | None) -> Company:
        """Read a company's file, by default the one in this package.

        Raises:
            OSError, ValueError, TypeError: the file cannot be read, is not TOML, or is incomplete.
        """
        return cls(**tomllib.loads((Path(path) if path else _SHIPPED).read_text(encoding="utf-8")))

    def balance(self, account: str) -> str | None:
        """Return the sentence about an account, or None if it does not exist."""
        cents = self.accounts.get(account)
        if cents is None:
            return None
        if cents == 0:
            return f"Account {account} has a balance of $0.00. You're all paid up!"
        amount = f"${abs(cents) // 100:,}.{abs(cents) % 100:02}"
        if cents < 0:
            return f"Account {account} has a credit of {amount}."
        return f"Account {account} has an open balance of {amount}."
