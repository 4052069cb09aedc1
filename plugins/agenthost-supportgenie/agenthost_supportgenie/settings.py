"""The settings of the agents in ``agenthost.toml``."""

from __future__ import annotations

from attrs import field, frozen, validators

__all__ = ["EscalationSettings", "ShopSettings"]


@frozen
class ShopSettings:
    """The settings of support, technical and sales, such as ``[agents.sales] database = "shop.db"``.

    Args:
        database: path of a SQLite file with the tables of ``shop.sql``. Defaults to the file in this package.
    """

    database: str | None = None


@frozen
class EscalationSettings(ShopSettings):
    """The settings of escalation.

    Args:
        phone: number for callers who want a person, such as ``+15550100``. None promises a call back.
        refund_limit: the highest refund, in dollars, that is approved at once.
    """

    phone: str | None = None
    refund_limit: int = field(default=1000, validator=validators.ge(0))
