"""agenthost: install agent packages, run ``agenthost run``, and every agent is served.

The public names are resolved on first use, so importing ``agenthost`` itself costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._version import __version__ as __version__

if TYPE_CHECKING:
    from agenthost._web.litestar_plugin import AgentHostPlugin
    from agenthost.agent.adapted import AdaptedAgent
    from agenthost.agent.base import AgentBase
    from agenthost.agent.log import get_logger
    from agenthost.agent.skills import Skill
    from agenthost.builtin.classifying.vectors import VectorClassifier
    from agenthost.contexts import Context, ContextBuilder, GatherInfo, GatherQuestion, Step, create_simple_context
    from agenthost.conversation.classifiers import Choice, Classifier, ClassifierProvider, ClassifierTools, Match
    from agenthost.conversation.escalation_detectors import EscalationDetector, Signal
    from agenthost.conversation.models import (
        ChatModel,
        Completion,
        Message,
        ModelProvider,
        ModelRequest,
        ToolSpec,
        ToolUse,
        Usage,
        Words,
    )
    from agenthost.conversation.options import AnswerOptions
    from agenthost.conversation.redaction import Redactor
    from agenthost.conversation.turns import ClientCalls, Decision, Note, Outcome, Reply, Status, Turn
    from agenthost.errors import (
        AddressError,
        AgentHostError,
        AgentSealed,
        AnswerMalformed,
        ArgumentsRefused,
        BudgetSpent,
        ConfigurationError,
        ConversationRefused,
        DefinitionError,
        ExitCode,
        ModelError,
        ModelNonsense,
        ModelRefused,
        ModelUnavailable,
        PlanError,
        StateRefused,
        StateUnavailable,
        TurnTakenOver,
        Unanswered,
        UnsupportedHost,
    )
    from agenthost.health import HostVitals, Probe, ProbeResult, probe
    from agenthost.hookspecs import hookimpl
    from agenthost.hosting import (
        ConsolePage,
        DurableTurns,
        Host,
        HostedAgent,
        McpOffer,
        McpRequest,
        McpServer,
        OfferedAgent,
        OfferedTool,
        ToolCalled,
        ToolOutput,
        TurnSteps,
    )
    from agenthost.prompt import PromptObjectModel
    from agenthost.results import FunctionResult, SwaigFunctionResult
    from agenthost.secret import Secret
    from agenthost.server import AgentServer
    from agenthost.sip import SipAlias, SipCall, SipUri
    from agenthost.state import Entries, Entry, Scope, StateOptions, StateProvider, Store
    from agenthost.tools.datamap import DataMap, create_expression_tool, create_simple_api_tool
    from agenthost.tools.gates import SemanticGate
    from agenthost.tools.swaig import Call
    from agenthost.workflows.escalation import Escalation
    from agenthost.workflows.parallel import Parallel
    from agenthost.workflows.router import Router
    from agenthost.workflows.sequential import Sequential
    from agenthost.workflows.team import Remaining, Team
    from agenthost.workflows.vote import Vote
    from agenthost.workflows.workflow import Workflow

__all__ = [
    "AdaptedAgent",
    "AddressError",
    "AgentBase",
    "AgentHostError",
    "AgentHostPlugin",
    "AgentSealed",
    "AgentServer",
    "AnswerMalformed",
    "AnswerOptions",
    "ArgumentsRefused",
    "BudgetSpent",
    "Call",
    "ChatModel",
    "Choice",
    "Classifier",
    "ClassifierProvider",
    "ClassifierTools",
    "ClientCalls",
    "Completion",
    "ConfigurationError",
    "ConsolePage",
    "Context",
    "ContextBuilder",
    "ConversationRefused",
    "DataMap",
    "Decision",
    "DefinitionError",
    "DurableTurns",
    "Entries",
    "Entry",
    "Escalation",
    "EscalationDetector",
    "ExitCode",
    "FunctionResult",
    "GatherInfo",
    "GatherQuestion",
    "Host",
    "HostVitals",
    "HostedAgent",
    "Match",
    "McpOffer",
    "McpRequest",
    "McpServer",
    "Message",
    "ModelError",
    "ModelNonsense",
    "ModelProvider",
    "ModelRefused",
    "ModelRequest",
    "ModelUnavailable",
    "Note",
    "OfferedAgent",
    "OfferedTool",
    "Outcome",
    "Parallel",
    "PlanError",
    "Probe",
    "ProbeResult",
    "PromptObjectModel",
    "Redactor",
    "Remaining",
    "Reply",
    "Router",
    "Scope",
    "Secret",
    "SemanticGate",
    "Sequential",
    "Signal",
    "SipAlias",
    "SipCall",
    "SipUri",
    "Skill",
    "StateOptions",
    "StateProvider",
    "StateRefused",
    "StateUnavailable",
    "Status",
    "Step",
    "Store",
    "SwaigFunctionResult",
    "Team",
    "ToolCalled",
    "ToolOutput",
    "ToolSpec",
    "ToolUse",
    "Turn",
    "TurnSteps",
    "TurnTakenOver",
    "Unanswered",
    "UnsupportedHost",
    "Usage",
    "VectorClassifier",
    "Vote",
    "Words",
    "Workflow",
    "create_expression_tool",
    "create_simple_api_tool",
    "create_simple_context",
    "get_logger",
    "hookimpl",
    "probe",
]

_HOMES = {
    "AdaptedAgent": "agent.adapted",
    "AgentBase": "agent.base",
    "AgentHostPlugin": "_web.litestar_plugin",
    "AgentServer": "server",
    "AnswerOptions": "conversation.options",
    "Call": "tools.swaig",
    "ChatModel": "conversation.models",
    "Choice": "conversation.classifiers",
    "Classifier": "conversation.classifiers",
    "ClassifierProvider": "conversation.classifiers",
    "ClassifierTools": "conversation.classifiers",
    "Match": "conversation.classifiers",
    "VectorClassifier": "builtin.classifying.vectors",
    "ClientCalls": "conversation.turns",
    "Completion": "conversation.models",
    "Context": "contexts",
    "ContextBuilder": "contexts",
    "DataMap": "tools.datamap",
    "Decision": "conversation.turns",
    "DurableTurns": "hosting",
    "Entries": "state",
    "Entry": "state",
    "Escalation": "workflows.escalation",
    "EscalationDetector": "conversation.escalation_detectors",
    "FunctionResult": "results",
    "GatherInfo": "contexts",
    "GatherQuestion": "contexts",
    "Host": "hosting",
    "HostedAgent": "hosting",
    "McpOffer": "hosting",
    "McpRequest": "hosting",
    "ConsolePage": "hosting",
    "McpServer": "hosting",
    "OfferedAgent": "hosting",
    "OfferedTool": "hosting",
    "ToolOutput": "hosting",
    "HostVitals": "health",
    "Message": "conversation.models",
    "ModelProvider": "conversation.models",
    "ModelRequest": "conversation.models",
    "Note": "conversation.turns",
    "Outcome": "conversation.turns",
    "Parallel": "workflows.parallel",
    "Probe": "health",
    "ProbeResult": "health",
    "PromptObjectModel": "prompt",
    "Redactor": "conversation.redaction",
    "Remaining": "workflows.team",
    "Reply": "conversation.turns",
    "Router": "workflows.router",
    "Scope": "state",
    "Secret": "secret",
    "SemanticGate": "tools.gates",
    "Sequential": "workflows.sequential",
    "Signal": "conversation.escalation_detectors",
    "SipAlias": "sip",
    "SipCall": "sip",
    "SipUri": "sip",
    "Skill": "agent.skills",
    "StateOptions": "state",
    "StateProvider": "state",
    "Status": "conversation.turns",
    "Step": "contexts",
    "Store": "state",
    "SwaigFunctionResult": "results",
    "Team": "workflows.team",
    "ToolSpec": "conversation.models",
    "ToolUse": "conversation.models",
    "ToolCalled": "hosting",
    "Turn": "conversation.turns",
    "TurnSteps": "hosting",
    "Usage": "conversation.models",
    "Vote": "workflows.vote",
    "Words": "conversation.models",
    "Workflow": "workflows.workflow",
    "create_expression_tool": "tools.datamap",
    "create_simple_api_tool": "tools.datamap",
    "create_simple_context": "contexts",
    "get_logger": "agent.log",
    "hookimpl": "hookspecs",
    "probe": "health",
}


if not TYPE_CHECKING:  # with this, a type checker would accept any name as public

    def __getattr__(name: str) -> object:
        """Import a public name on first use (PEP 562)."""
        if name not in __all__:
            msg = f"module 'agenthost' has no attribute {name!r}"
            if not name.startswith("_"):
                from agenthost.agent.left_out import OF_THE_PACKAGE, advice  # noqa: PLC0415 - only if it fails

                msg = advice("agenthost", name, OF_THE_PACKAGE) or msg
            raise AttributeError(msg)
        from importlib import import_module  # noqa: PLC0415

        value: object = getattr(import_module(f"agenthost.{_HOMES.get(name, 'errors')}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, resolved or not."""
    return sorted({*globals(), *__all__})
