"""Stages of an agent on its way to being served, and what plugins add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs
from attrs import field, fields, frozen

from agenthost._host.config.limits import Limits
from agenthost._host.generations.owners import Owners, full_key
from agenthost.agent.declared import ServingOptions
from agenthost.conversation.classifiers import ClassifierProvider
from agenthost.conversation.escalation_detectors import EscalationDetector
from agenthost.conversation.models import ModelProvider
from agenthost.conversation.redaction import Redactor
from agenthost.health import Probe
from agenthost.state import StateProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agenthost._discovery import Candidate
    from agenthost._host.config.schema import AgentConfig
    from agenthost._host.packages.diagnosis import Diagnosis
    from agenthost._host.packages.plugins import Plugins, PluginState
    from agenthost._host.packages.selection import SelectedAgent
    from agenthost.agent.base import AgentBase
    from agenthost.swml import Template
    from agenthost.tools.tool import Tool

__all__ = ["PROGRAM", "Built", "Extensions", "Functions", "Loaded", "Mounted", "Rejected", "SetAside"]

T = TypeVar("T")
Values: TypeAlias = tuple[tuple[str, T], ...]
"""The values of a hook, each with the key of its plugin."""
Functions: TypeAlias = "Values[Callable[..., object]]"
"""The functions that implement a hook, each with the key of its plugin."""

_KIND = "kind"
"""The type of a hook's values; a field without one holds functions, which are called later."""

PROGRAM = "program"
"""The owner of agents that a program registers."""


@frozen
class Built:
    """An agent that was imported and created.

    Args:
        key: see ``SelectedAgent``.
        distribution: the package that offers it; ``PROGRAM`` when a program registered it.
        version: that package's version.
        agent: the agent.
        config: its section.
        offer: the entry point that offers it; None where no entry point does.
        served: what is served of it already, and stays as it is.
    """

    key: str
    distribution: str
    version: str
    agent: AgentBase
    config: AgentConfig
    offer: Candidate | None = None
    served: Mounted | None = None

    @property
    def again(self) -> bool:
        """True if configuration mounts an agent a second time, under another name."""
        return self.config.mounts_again(self.key)

    @property
    def full_key(self) -> str:
        """The key that no other installed package can change."""
        return self.key if self.again else full_key(self.distribution, self.key.rpartition(":")[2])


@frozen
class Rejected:
    """An agent that could not be created.

    Args:
        key: see ``SelectedAgent``.
        distribution: the package that offers it.
        version: that package's version.
        diagnosis: what failed, and what to do about it.
        state: see ``SetAside``.
    """

    key: str
    distribution: str
    version: str
    diagnosis: Diagnosis
    state: str = "quarantined"


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
    resolve_sip: Functions = ()
    configure_app: Functions = ()
    lifespan: Functions = ()
    tool_called: Functions = ()

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

    def functions_left(self, plugins: Plugins) -> Extensions:
        """Leave out the functions of plugins that have failed since."""
        functions = [each.name for each in fields(type(self)) if each.metadata.get(_KIND) is None]
        return attrs.evolve(self, **{hook: plugins.left_of(getattr(self, hook)) for hook in functions})


@frozen(kw_only=True)
class Loaded:
    """Everything that loading found.

    Args:
        built: agents that can be planned.
        rejected: agents that cannot.
        disabled: agents that configuration switches off.
        plugins: every plugin with its state.
        warnings: sentences about configuration that fits nothing installed.
        extensions: what plugins returned from their hooks.
        stamps: version and time of installation, by distribution.
        owners: holders of keys, routes and SIP aliases, as they were decided before.
        changes: sentences about packages that changed the process while they were loaded.
        installed: distributions that offer anything.
        refusals: sentences about configuration that restricts an agent which is not installed.
        registry: the plugins, registered.
    """

    built: tuple[Built, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    disabled: tuple[SelectedAgent, ...] = ()
    plugins: tuple[PluginState, ...] = ()
    warnings: tuple[str, ...] = ()
    extensions: Extensions = field(factory=Extensions, repr=False)
    stamps: Mapping[str, tuple[str, int]] = field(factory=dict)
    owners: Owners = field(factory=Owners)
    changes: tuple[str, ...] = ()
    installed: frozenset[str] = frozenset()
    refusals: tuple[str, ...] = ()
    registry: Plugins | None = None


@frozen(eq=False)
class Mounted:
    """A served agent.

    Args:
        key: its name in configuration and on the command line.
        name: what it calls itself.
        route: where it is mounted.
        distribution: the package that offers it.
        version: that package's version.
        agent: the agent, sealed.
        tools: its tools that this host runs, by name.
        template: its document, encoded.
        fallback: what a caller hears when one of its tools fails.
        sip: user parts that it asks for.
        functions: names of all its tools, also of those that run elsewhere.
        dynamic: whether callbacks configure it for each call.
        routing: its routing callbacks, by the path below its route.
        debug_handler: what it does with debug events.
        alone: keys and lifetimes of its own.
        mcp_server: whether it offers its tools to clients of the Model Context Protocol.
        again: whether it is a second mount, which SIP users reach by its key and route alone.
        built: what it was mounted from.
        probes: those that it declares.
        model: the language model that it is talked to in text with; None for the default.
        limits: how much of the host it may take.
        isolation: ``thread``; ``process`` where its code runs in processes of its own.
    """

    key: str
    name: str
    route: str
    distribution: str
    version: str
    agent: AgentBase = field(repr=False)
    tools: Mapping[str, Tool] = field(repr=False)
    template: Template = field(repr=False)
    fallback: str
    sip: tuple[str, ...]
    functions: tuple[str, ...] = ()
    dynamic: bool = False
    routing: Mapping[str, Callable[..., Any]] = field(factory=dict, repr=False)
    debug_handler: Callable[..., Any] | None = field(default=None, repr=False)
    serving: ServingOptions = field(factory=ServingOptions, repr=False)
    mcp_server: bool = False
    again: bool = False
    probes: tuple[Probe, ...] = field(default=(), repr=False)
    model: str | None = None
    limits: Limits = field(factory=Limits, repr=False)
    built: Built | None = field(default=None, repr=False)
    isolation: str = "thread"

    @property
    def full_key(self) -> str:
        """The key that no other installed package can change."""
        return self.built.full_key if self.built is not None else self.key

    def report(self) -> dict[str, Any]:
        """Return the agent for lists and ``--json``."""
        return {
            "agent": self.key,
            "route": self.route,
            "tools": list(self.functions),
            "sip": list(self.sip),
            "package": self.distribution,
            "version": self.version,
            "state": "ready",
            "isolation": self.isolation,
        }


@frozen
class SetAside:
    """An agent that is not served, with the reason.

    Args:
        key: its name in configuration and on the command line.
        distribution: the package that offers it.
        version: that package's version.
        state: ``quarantined``, ``conflict`` or ``disabled``.
        diagnosis: the reason and the remedy; None when it is disabled.
        route: the route it asked for, where it came so far.
    """

    key: str
    distribution: str
    version: str
    state: str
    diagnosis: Diagnosis | None = None
    route: str | None = None

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
        return row | (attrs.asdict(self.diagnosis) if self.diagnosis else {})
