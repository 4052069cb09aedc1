"""Stages of an agent on its way to being served, and what plugins add."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs
from attrs import field, fields, frozen

from agenthost._host.config.limits import Limits
from agenthost._host.generations.owners import PROGRAM, Owners
from agenthost._host.packages.selection import SelectedAgent
from agenthost.agent.base import AgentBase, declared, lifespan_of
from agenthost.conversation.classifiers import ClassifierProvider
from agenthost.conversation.escalation_detectors import EscalationDetector
from agenthost.conversation.models import ModelProvider
from agenthost.conversation.redaction import Redactor
from agenthost.health import Probe
from agenthost.hosting import ConsolePage, DurableTurns, McpServer
from agenthost.state import StateProvider
from agenthost.swml import Template
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agenthost._host.config.schema import AgentConfig, Config
    from agenthost._host.generations.locked import LockedAgent
    from agenthost._host.packages.diagnosis import Diagnosis
    from agenthost._host.packages.plugins import Plugins, PluginState
    from agenthost.agent.declared import Declared, ServingOptions
    from agenthost.tools.tool import Tool

__all__ = [
    "Built",
    "Extensions",
    "Functions",
    "Loaded",
    "Mounted",
    "PendingAgent",
    "Rejected",
    "SetAside",
    "imports_of",
]

T = TypeVar("T")
Values: TypeAlias = tuple[tuple[str, T], ...]
"""The values of a hook, each with the key of its plugin."""
Functions: TypeAlias = "Values[Callable[..., object]]"
"""The functions that implement a hook, each with the key of its plugin."""

_KIND = "kind"
"""The type of a hook's values; a field without one holds functions, which are called later."""

_NO_DOCUMENT = Template((b"",), (), ())


@frozen
class Built:
    """An agent that was imported and created."""

    selected: SelectedAgent
    agent: AgentBase
    served: Mounted | None = None

    @classmethod
    def in_code(cls, key: str, agent: AgentBase, config: AgentConfig, distribution: str = PROGRAM) -> Built:
        """Return an agent that no entry point offers."""
        return cls(SelectedAgent.in_code(key, config, distribution), agent)

    @property
    def key(self) -> str:
        """Its name in configuration and on the command line."""
        return self.selected.key

    @property
    def config(self) -> AgentConfig:
        """Its section."""
        return self.selected.config


@frozen
class Rejected:
    """An agent that could not be created."""

    selected: SelectedAgent
    diagnosis: Diagnosis
    state: str = "quarantined"
    route: str | None = None

    @property
    def key(self) -> str:
        """Its name in configuration and on the command line."""
        return self.selected.key


@frozen(kw_only=True)
class Extensions:
    """The values and functions of all plugins, a field for each hook.

    A new hook is a function in ``agenthost.hookspecs``, a field here, and a section in docs/reference/hooks.md.

    Hooks are called in the order of the fields. A plugin that fails in one has no part in those after it. The hooks
    ``agents`` and ``sip_aliases`` are not here: agents are mounted, and aliases need the agents.
    """

    state_providers: Values[StateProvider] = field(default=(), metadata={_KIND: StateProvider})
    health_probes: Values[Probe] = field(default=(), metadata={_KIND: Probe})
    chat_models: Values[ModelProvider] = field(default=(), metadata={_KIND: ModelProvider})
    redactors: Values[Redactor] = field(default=(), metadata={_KIND: Redactor})
    classifiers: Values[ClassifierProvider] = field(default=(), metadata={_KIND: ClassifierProvider})
    escalation_detectors: Values[EscalationDetector] = field(default=(), metadata={_KIND: EscalationDetector})
    durable_turns: Values[DurableTurns] = field(default=(), metadata={_KIND: DurableTurns})
    mcp_servers: Values[McpServer] = field(default=(), metadata={_KIND: McpServer})
    console_pages: Values[ConsolePage] = field(default=(), metadata={_KIND: ConsolePage})
    resolve_sip: Functions = ()
    configure_app: Functions = ()
    lifespan: Functions = ()
    tool_called: Functions = ()
    adapt_agent: Functions = ()

    @classmethod
    def of(cls, plugins: Plugins) -> Extensions:
        """Call the hooks of plugins."""
        return cls().with_hooks(plugins, [each.name for each in fields(cls)])

    def with_hooks(self, plugins: Plugins, hooks: Iterable[str]) -> Extensions:
        """Replace what some hooks returned by what other plugins return from them."""
        found: dict[str, Any] = {}
        for hook in hooks:
            kind = getattr(fields(type(self)), hook).metadata.get(_KIND)
            found[hook] = plugins.implementations(hook) if kind is None else plugins.values(hook, kind)
        return attrs.evolve(self, **found)

    def with_imports(self, plugins: Plugins, config: Config, *, serving: bool) -> Extensions:
        """Import the modules that values name, and leave out the values of plugins that fail.

        They are those of the configured store, and, for a host that is ``serving``, of MCP servers.
        """
        for key, value in (*self.state_providers, *self.mcp_servers):
            if names := imports_of(value, config, serving=serving):
                plugins.import_modules(key, names, config)
        return attrs.evolve(
            self,
            state_providers=plugins.left_of(self.state_providers),
            mcp_servers=plugins.left_of(self.mcp_servers),
        )

    def functions_left(self, plugins: Plugins) -> Extensions:
        """Leave out the functions of plugins that have failed since."""
        functions = [each.name for each in fields(type(self)) if each.metadata.get(_KIND) is None]
        return attrs.evolve(self, **{hook: plugins.left_of(getattr(self, hook)) for hook in functions})


def imports_of(value: object, config: Config, *, serving: bool) -> tuple[str, ...]:
    """Return the modules that a value names, if the host will use it."""
    if isinstance(value, McpServer):
        return value.imports if serving else ()
    return value.imports if isinstance(value, StateProvider) and config.state.scheme in value.schemes else ()


@frozen(kw_only=True)
class Loaded:
    """Everything that loading found."""

    built: tuple[Built, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    left_out: tuple[SelectedAgent, ...] = ()
    """Agents that are disabled, or served elsewhere."""
    plugins: tuple[PluginState, ...] = ()
    warnings: tuple[str, ...] = ()
    """Sentences about configuration that fits nothing installed."""
    extensions: Extensions = field(factory=Extensions, repr=False)
    stamps: Mapping[str, tuple[str, int]] = field(factory=dict)
    owners: Owners = field(factory=Owners)
    """Holders of keys, routes and SIP aliases, as they were decided before."""
    changes: tuple[str, ...] = ()
    """Sentences about packages that changed the process while they were loaded."""
    installed: frozenset[str] = frozenset()
    refusals: tuple[str, ...] = ()
    """Sentences about configuration that restricts an agent which is not installed."""
    registry: Plugins | None = None
    pending: tuple[tuple[SelectedAgent, LockedAgent], ...] = ()
    """Agents that are built later, each with what the lock file says of it."""


@frozen(eq=False)
class Mounted:
    """A served agent."""

    built: Built
    route: str
    template: Template = field(repr=False)
    tools: Mapping[str, Tool] = field(repr=False)
    probes: tuple[Probe, ...] = field(default=(), repr=False)
    limits: Limits = field(factory=Limits, repr=False)

    @cached_property
    def selected(self) -> SelectedAgent:
        """Its candidate, key and section."""
        return self.built.selected

    @cached_property
    def key(self) -> str:
        """Its name in configuration and on the command line."""
        return self.selected.key

    @property
    def full_key(self) -> str:
        """The key that no other installed package can change."""
        return self.selected.full_key

    @property
    def distribution(self) -> str:
        """The package that it comes from."""
        return self.selected.distribution

    @property
    def version(self) -> str:
        """The version of that package."""
        return self.selected.version

    @property
    def config(self) -> AgentConfig:
        """Its section."""
        return self.selected.config

    @cached_property
    def agent(self) -> AgentBase:
        """The agent itself."""
        return self.built.agent

    @cached_property
    def own(self) -> Declared:
        """The declarations of the agent."""
        return declared(self.agent)

    @cached_property
    def name(self) -> str:
        """Its own name."""
        return self.own.name

    @cached_property
    def lifespan(self) -> Callable[[], object] | None:
        """Its lifespan, and that of its skills, if it has any."""
        return lifespan_of(self.agent)

    @cached_property
    def fallback(self) -> str:
        """The sentence for a caller when one of its tools fails."""
        return self.own.fallback

    @property
    def sip(self) -> tuple[str, ...]:
        """The user parts of SIP addresses that it declares.

        A second mount is reached by its key and route alone.
        """
        return () if self.again else self.own.sip

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of all its tools, also of those that run elsewhere."""
        return tuple(self.own.draft.tools)

    @cached_property
    def dynamic(self) -> bool:
        """True if callbacks configure it for each call."""
        return bool(self.own.per_call)

    @cached_property
    def routing(self) -> Mapping[str, Callable[..., Any]]:
        """Its routing callbacks, by the path below its route."""
        return self.own.routing

    @property
    def debug_handler(self) -> Callable[..., Any] | None:
        """The function that receives debug events."""
        return self.own.debug_handler

    @cached_property
    def serving(self) -> ServingOptions:
        """Its own keys and lifetimes."""
        return self.own.serving

    @property
    def mcp_server(self) -> bool:
        """True if it offers its tools to clients of the Model Context Protocol."""
        return self.own.mcp_server

    @property
    def again(self) -> bool:
        """True if it is a second mount."""
        return self.selected.again

    @property
    def model(self) -> str | None:
        """The language model that it answers with in text. None for the default."""
        return self.config.model

    @cached_property
    def isolation(self) -> str:
        """``thread``, or ``process`` if its code runs in processes of its own."""
        return "thread" if self.own.own_process is None else "process"

    @property
    def built_yet(self) -> bool:
        """False for an agent that is built at its first request."""
        return True

    def report(self) -> dict[str, Any]:
        """Return the agent for lists and ``--json``."""
        row = {
            "agent": self.key,
            "route": self.route,
            "tools": list(self.functions),
            "sip": list(self.sip),
            "package": self.distribution,
            "version": self.version,
            "state": "ready",
            "isolation": self.isolation,
            "fallback": self.fallback,
        }
        return row | ({"members": list(self.agent.members)} if isinstance(self.agent, Workflow) else {})


@frozen(eq=False)
class PendingAgent(Mounted):
    """A served agent that has not been built.

    The lock file says what is known of it. The host builds it before it answers for it.
    """

    locked: LockedAgent = field(kw_only=True)

    @classmethod
    def of(cls, selected: SelectedAgent, locked: LockedAgent, route: str, limits: Limits) -> PendingAgent:
        """Return a selected agent at its route."""
        return cls(Built(selected, _blank()), route, _NO_DOCUMENT, {}, limits=limits, locked=locked)

    @cached_property
    def name(self) -> str:
        """Its own name."""
        return self.locked.name or self.key

    @property
    def sip(self) -> tuple[str, ...]:
        """The user parts of SIP addresses that it declares."""
        return self.locked.sip

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of all its tools."""
        return self.locked.tools

    @property
    def built_yet(self) -> bool:
        """False until it is built."""
        return False

    def report(self) -> dict[str, Any]:
        """Return the agent for lists and ``--json``."""
        return super().report() | {"state": "not built yet"}


@cache
def _blank() -> AgentBase:
    """Return the agent that all pending ones share, which declares nothing."""
    return AgentBase("pending")


@frozen
class SetAside:
    """An agent that is not served, with the reason."""

    selected: SelectedAgent
    state: str
    """``quarantined``, ``conflict``, ``disabled`` or ``elsewhere``."""
    diagnosis: Diagnosis | None = None
    """The reason and the remedy; None if it is not to be served."""
    route: str | None = None

    @property
    def key(self) -> str:
        """Its name in configuration and on the command line."""
        return self.selected.key

    @property
    def distribution(self) -> str:
        """The package that it comes from."""
        return self.selected.distribution

    @property
    def version(self) -> str:
        """The version of that package."""
        return self.selected.version

    def report(self) -> dict[str, Any]:
        """Return the agent for lists and ``--json``."""
        row: dict[str, Any] = {
            "agent": self.key,
            "route": self.route,
            "tools": [],
            "sip": [],
            "package": self.distribution,
            "version": self.version,
            "state": self.state,
        }
        return row | (self.diagnosis.report() if self.diagnosis else {})
