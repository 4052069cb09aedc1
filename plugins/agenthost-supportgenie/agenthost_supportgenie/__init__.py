"""SupportGenie: the customer support of a shop, by four agents and five workflows.

The agents are support, technical, sales and escalation, each a class with an entry point. The workflows combine them,
each a function with an entry point: ``genie`` routes, ``genie-options`` asks all agents at once, ``genie-vote`` votes,
``genie-chain`` asks one after the other, and ``genie-levels`` escalates.
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
