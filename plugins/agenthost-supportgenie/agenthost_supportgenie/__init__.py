"""SupportGenie: the customer support of a shop, by four agents that know their matter and five ways to combine them.

Agents, each a class with an entry point: support, technical, sales, escalation. Workflows over them, each a function
with one: ``genie`` routes, ``genie-options`` asks at once, ``genie-vote`` votes, ``genie-chain`` asks in order and
``genie-levels`` escalates.
"""

from __future__ import annotations

from agenthost_supportgenie.escalation import EscalationAgent
from agenthost_supportgenie.sales import SalesAgent
from agenthost_supportgenie.scenarios import COMPLEX, PROFILE, QUERIES
from agenthost_supportgenie.settings import EscalationSettings, ShopSettings
from agenthost_supportgenie.shop import Shop
from agenthost_supportgenie.support import SupportAgent
from agenthost_supportgenie.technical import TechnicalAgent
from agenthost_supportgenie.workflows import chain, genie, levels, options, vote

__all__ = [
    "COMPLEX",
    "PROFILE",
    "QUERIES",
    "EscalationAgent",
    "EscalationSettings",
    "SalesAgent",
    "Shop",
    "ShopSettings",
    "SupportAgent",
    "TechnicalAgent",
    "chain",
    "genie",
    "levels",
    "options",
    "vote",
]
