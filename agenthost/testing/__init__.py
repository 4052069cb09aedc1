"""Test support for authors of agents and plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenthost.testing.arguments import arguments_for
    from agenthost.testing.clock import Clock
    from agenthost.testing.contracts.agents import AgentContract
    from agenthost.testing.contracts.classifiers import ClassifierContract
    from agenthost.testing.contracts.models import ModelContract
    from agenthost.testing.contracts.plugins import PluginContract
    from agenthost.testing.contracts.skills import SkillContract
    from agenthost.testing.contracts.stores import StoreContract
    from agenthost.testing.hosts.async_host import AsyncHermeticHost
    from agenthost.testing.hosts.calls import AsyncHostCall, HostCall
    from agenthost.testing.hosts.conversations import AsyncConversation, Conversation, TextReply
    from agenthost.testing.hosts.expectations import Expectations
    from agenthost.testing.hosts.host import HermeticHost
    from agenthost.testing.hosts.requests import Response
    from agenthost.testing.outside import make_call, make_turn, with_state
    from agenthost.testing.scripted_model import Breaks, Calls, Fails, Hangs, Says, ScriptedModel, Sends
    from agenthost.testing.snapshots import stable

__all__ = [
    "AgentContract",
    "AsyncConversation",
    "AsyncHermeticHost",
    "AsyncHostCall",
    "Breaks",
    "Calls",
    "ClassifierContract",
    "Clock",
    "Conversation",
    "Expectations",
    "Fails",
    "Hangs",
    "HermeticHost",
    "HostCall",
    "ModelContract",
    "PluginContract",
    "Response",
    "Says",
    "ScriptedModel",
    "Sends",
    "SkillContract",
    "StoreContract",
    "TextReply",
    "arguments_for",
    "make_call",
    "make_turn",
    "stable",
    "with_state",
]

_HOMES = {
    "AsyncConversation": "hosts.conversations",
    "AsyncHostCall": "hosts.calls",
    "Conversation": "hosts.conversations",
    "Expectations": "hosts.expectations",
    "HostCall": "hosts.calls",
    "TextReply": "hosts.conversations",
    "AgentContract": "contracts.agents",
    "ClassifierContract": "contracts.classifiers",
    "ModelContract": "contracts.models",
    "PluginContract": "contracts.plugins",
    "SkillContract": "contracts.skills",
    "AsyncHermeticHost": "hosts.async_host",
    "Clock": "clock",
    "HermeticHost": "hosts.host",
    "Response": "hosts.requests",
    "StoreContract": "contracts.stores",
    "arguments_for": "arguments",
    "make_call": "outside",
    "make_turn": "outside",
    "stable": "snapshots",
    "with_state": "outside",
}
"""The modules of names that are not in ``scripted_model``."""


if not TYPE_CHECKING:  # with this, a type checker would accept any name as public

    def __getattr__(name: str) -> object:
        """Import a public name on first use (PEP 562).

        pytest imports this package at every start, and only contracts need pytest.
        """
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        from importlib import import_module  # noqa: PLC0415

        value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'scripted_model')}"), name)
        globals()[name] = value
        return value
