"""agenthost: install agent packages, type ``agenthost run``, and every agent is served at its own route.

The public names, resolved on first use so that importing ``agenthost`` itself costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from agenthost._host.config import Secret
    from agenthost._host.server import AgentServer
    from agenthost.agent import AgentBase
    from agenthost.contexts import Context, ContextBuilder, Step
    from agenthost.datamap import DataMap, create_expression_tool, create_simple_api_tool
    from agenthost.errors import (
        AddressError,
        AgentHostError,
        AgentSealed,
        ArgumentsRefused,
        ConfigurationError,
        DefinitionError,
        ExitCode,
        ModelError,
        ModelNonsense,
        ModelRefused,
        ModelUnavailable,
        PlanError,
        StateRefused,
        StateUnavailable,
        UnsupportedHost,
    )
    from agenthost.gates import SemanticGate
    from agenthost.health import HostVitals, Probe, ProbeResult, probe
    from agenthost.hookspecs import hookimpl
    from agenthost.results import FunctionResult, SwaigFunctionResult
    from agenthost.skills import Skill
    from agenthost.state import Entries, Entry, Scope, StateOptions, StateProvider, Store
    from agenthost.swaig import Call

__all__ = [
    "AddressError",
    "AgentBase",
    "AgentHostError",
    "AgentSealed",
    "AgentServer",
    "ArgumentsRefused",
    "Call",
    "ConfigurationError",
    "Context",
    "ContextBuilder",
    "DataMap",
    "DefinitionError",
    "Entries",
    "Entry",
    "ExitCode",
    "FunctionResult",
    "HostVitals",
    "ModelError",
    "ModelNonsense",
    "ModelRefused",
    "ModelUnavailable",
    "PlanError",
    "Probe",
    "ProbeResult",
    "Scope",
    "Secret",
    "SemanticGate",
    "Skill",
    "StateOptions",
    "StateProvider",
    "StateRefused",
    "StateUnavailable",
    "Step",
    "Store",
    "SwaigFunctionResult",
    "UnsupportedHost",
    "create_expression_tool",
    "create_simple_api_tool",
    "hookimpl",
    "probe",
]

_HOMES = {
    "AgentBase": "agent",
    "AgentServer": "_host.server",
    "Call": "swaig",
    "Context": "contexts",
    "ContextBuilder": "contexts",
    "DataMap": "datamap",
    "Entries": "state",
    "Entry": "state",
    "FunctionResult": "results",
    "HostVitals": "health",
    "Probe": "health",
    "ProbeResult": "health",
    "Scope": "state",
    "Secret": "_host.config",
    "SemanticGate": "gates",
    "Skill": "skills",
    "StateOptions": "state",
    "StateProvider": "state",
    "Step": "contexts",
    "Store": "state",
    "SwaigFunctionResult": "results",
    "create_expression_tool": "datamap",
    "create_simple_api_tool": "datamap",
    "hookimpl": "hookspecs",
    "probe": "health",
}


if not TYPE_CHECKING:  # a type checker that saw this would take any name for a public one

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for (PEP 562)."""
        if name not in __all__:
            msg = f"module 'agenthost' has no attribute {name!r}"
            raise AttributeError(msg)
        from importlib import import_module  # noqa: PLC0415

        value: object = getattr(import_module(f"agenthost.{_HOMES.get(name, 'errors')}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """The public names, resolved or not."""
    return sorted({*globals(), *__all__})
