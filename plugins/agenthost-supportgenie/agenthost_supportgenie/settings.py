"""What ``agenthost.toml`` may say of the agents."""

from __future__ import annotations

from attrs import field, frozen, validators

__all__ = ["EscalationSettings", "ShopSettings"]


@frozen
class ShopSettings:
    """The settings of support, technical and sales, such as ``[agents.sales] database = "shop.db"``.

    Args:
        database: path of a SQLite file with the tables of ``shop.sql``; left out, the one that is shipped.
    """

    database: str | None = None


@frozen
class EscalationSettings(ShopSettings):
    """The settings of escalation.

    Args:
        phone: where callers who want a person are connected, such as ``+15550100``; left out, somebody calls back.
        refund_limit: up to how many dollars a refund is approved at once.
    """

    phone: str | None = None
    refund_limit: int = field(default=1000, validator=validators.ge(0))
