"""Queries of the shop's customers, for the demonstration and for tests."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COMPLEX", "PROFILE", "QUERIES"]

QUERIES: Mapping[str, str] = MappingProxyType(
    {
        "How do I reset my password?": "support",
        "My laptop won't turn on": "technical",
        "I want to cancel my order": "sales",
        "This is unacceptable! I demand a refund!": "escalation",
        "How do I track my order?": "support",
        "My screen has a dead pixel": "technical",
        "I want to cancel my subscription": "sales",
        "This is ridiculous! I've been waiting for 2 weeks!": "escalation",
        "What's your return policy?": "support",
        "My device keeps crashing when I open the app": "technical",
        "I need to change my billing address": "sales",
        "I've been trying to get help for 3 days! This is unacceptable!": "escalation",
    }
)
"""Queries, each with the entry point of the agent that should answer it."""

PROFILE: Mapping[str, object] = MappingProxyType({"name": "Sarah Johnson", "tier": "Gold", "total_orders": 25})
"""The facts about a customer."""

COMPLEX = "I received a defective laptop. What are my options?"
"""A query for several agents."""
