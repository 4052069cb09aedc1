"""All hooks of agenthost.

A plugin is a module or object with functions marked ``@hookimpl`` that have the name of a hook, registered in the
entry-point group ``agenthost``. Hooks declare: they run once, at start-up, and return values. No request calls a hook
through pluggy; the functions of ``resolve_sip`` are collected at start-up and called directly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    from litestar.config.app import AppConfig

    from agenthost.agent.adapted import AdaptedAgent
    from agenthost.agent.base import AgentBase
    from agenthost.conversation.classifiers import ClassifierProvider
    from agenthost.conversation.escalation_detectors import EscalationDetector
    from agenthost.conversation.models import ModelProvider
    from agenthost.conversation.redaction import Redactor
    from agenthost.health import Probe
    from agenthost.hosting import ConsolePage, DurableTurns, Host, HostedAgent, McpServer, ToolCalled
    from agenthost.sip import SipAlias, SipCall, SipUri
    from agenthost.state import StateProvider

__all__ = [
    "PROJECT",
    "adapt_agent",
    "agents",
    "chat_models",
    "classifiers",
    "configure_app",
    "console_pages",
    "durable_turns",
    "escalation_detectors",
    "health_probes",
    "hookimpl",
    "lifespan",
    "mcp_servers",
    "redactors",
    "resolve_sip",
    "sip_aliases",
    "state_providers",
    "tool_called",
]

PROJECT = "agenthost"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of the same name."""


@hookspec
def adapt_agent(offered: object) -> AdaptedAgent | None:
    """Make an agent of an object that another framework has built.

    Called at start-up for each object that an entry point or a file offers and that is not an agent. The first plugin
    that returns an agent wins. The agent keeps the key and the package of the entry point.

    Args:
        offered: the object, such as an agent of SignalWire's SDK. A class or a factory has been called.

    Returns:
        The agent, or None if the plugin does not know such objects.
    """


@hookspec
def agents() -> Iterable[AgentBase]:  # type: ignore[empty-body]
    """Offer agents made in code rather than as entry points.

    An example is one agent for each row of a table. Called once at start-up, after the entry points have been loaded.
    Each agent's key is its name. A name that is taken, or a route in conflict, is reported like any other.

    Returns:
        Agents, each with a name and usually a route of its own.
    """


@hookspec
def chat_models() -> Iterable[ModelProvider]:  # type: ignore[empty-body]
    """Offer language models for conversations in text, by kind.

    Called once at start-up, in every process. ``[models.<name>]`` sets the kind of a model and its settings; ``[models]
    default`` and ``[agents.<name>] model`` choose a model. Two providers of one kind are a conflict, which is reported
    with both plugins.

    Returns:
        Providers, each with the kind that it makes.
    """


@hookspec
def classifiers() -> Iterable[ClassifierProvider]:  # type: ignore[empty-body]
    """Offer classifiers, which choose the agent for a message, by kind.

    Called once at start-up, in every process. ``[classifiers.<name>]`` sets the kind of a classifier and its settings;
    ``[classifiers] default``, or a router, chooses a classifier. Two providers of one kind are a conflict, which is
    reported with both plugins.

    Returns:
        Providers, each with the kind that it makes.
    """


@hookspec
def configure_app(app_config: AppConfig) -> None:
    """Change the Litestar application: routes, plugins, middleware.

    The application serves everything but the agents. Called once at start-up, before it is made. The paths of agents
    and of ``/health``, ``/live``, ``/ready`` and ``/startup`` cannot be taken.

    Args:
        app_config: Litestar's own value. Change it in place.
    """


@hookspec
def console_pages() -> Iterable[ConsolePage]:  # type: ignore[empty-body]
    """Offer pages of the console.

    Called once at start-up, in every process. They are at ``/-/pages/{plugin}/{name}``, for those who may observe the
    host, and also as JSON.

    Returns:
        Pages, each with a name of its own.
    """


@hookspec
def durable_turns() -> Iterable[DurableTurns]:  # type: ignore[empty-body]
    """Offer an engine that carries turns of conversations over the death of a process.

    Called once at start-up, in every process. The first engine of the first plugin runs every turn in text, except for
    those that continue with results of a client's tools. Without one, turns cost nothing more.

    Returns:
        Engines, each with its name.
    """


@hookspec
def escalation_detectors() -> Iterable[EscalationDetector]:  # type: ignore[empty-body]
    """Offer detectors of reasons for another agent or a person to take over.

    Called once at start-up, in every process. A workflow that escalates uses all detectors, or those that it names.

    Returns:
        Detectors, each with its name.
    """


@hookspec
def health_probes() -> Iterable[Probe]:  # type: ignore[empty-body]
    """Offer health checks that the host repeats in the background.

    Called once at start-up, in every process. The checks run at the same time; the health endpoints report the latest
    results.

    Returns:
        Probes of the host, or of an agent that they name.
    """


@hookspec
def mcp_servers() -> Iterable[McpServer]:  # type: ignore[empty-body]
    """Offer a server of the Model Context Protocol.

    Called once at start-up, in every process. The first server of the first plugin answers ``POST R/mcp`` of agents
    that have enabled it, and ``POST /v1/mcp`` of the host. The host has checked credentials, signature and size.

    Returns:
        Servers, each with its name.
    """


@hookspec
def redactors() -> Iterable[Redactor]:  # type: ignore[empty-body]
    """Offer functions that remove data such as card numbers from transcripts before storage.

    Called once at start-up, in every process. Every message goes through all redactors, unless ``[conversation]
    redact`` names the only ones.

    Returns:
        Redactors, each with its name.
    """


@hookspec(firstresult=True)
def resolve_sip(uri: SipUri, call: SipCall) -> str | None:
    """Choose the agent that answers a call.

    A plugin may use a directory, headers, hours or numbers. Called for each call, before configured rules and aliases:
    a plain function in a thread, a coroutine function on the event loop, with a timeout of 0.25 seconds. Plugins are
    called in order of their keys, and the first that names an agent decides.

    Args:
        uri: the address that was called, unescaped, with a user part.
        call: the other data of the call.

    Returns:
        Key, name or route of an agent, or None if this plugin does not decide.
    """


@hookspec
def sip_aliases(agents: Sequence[HostedAgent]) -> Iterable[SipAlias]:  # type: ignore[empty-body]
    """Offer user parts of SIP addresses that reach agents.

    Called once at start-up, with the served agents, and again when a program adds an agent. The aliases have the same
    precedence as those that agents declare; automatic ones give way to all others. An alias that names two agents is
    unroutable and is reported.

    Args:
        agents: the served agents, in order of their routes.

    Returns:
        Aliases, each with the key, name or route of its agent.
    """


@hookspec
def lifespan(host: Host) -> AbstractAsyncContextManager[None]:  # type: ignore[empty-body]
    """Run around serving: entered before the first request, left after the last.

    Called once in every process, when the plan has been made. It has ``build_timeout`` seconds to start. If it fails,
    the plugin is quarantined and the host serves without it.

    Args:
        host: the host that is about to serve.

    Returns:
        An asynchronous context manager, entered and left in one task.
    """


@hookspec
def state_providers() -> Iterable[StateProvider]:  # type: ignore[empty-body]
    """Offer stores of shared state, by the schemes of their URLs.

    Called once at start-up, in every process. The provider of the scheme of ``[state] url`` opens the store. Two
    providers of one scheme are a conflict, which is reported with both plugins.

    Returns:
        Providers, each with the schemes that it opens.
    """


@hookspec
def tool_called(event: ToolCalled) -> None:
    """Observe a tool call, after its response was sent.

    Called on a thread of the plugin's own, one call after another, so a call never waits for it. If it is too slow,
    events are dropped and counted.

    Args:
        event: the tool call and its outcome.
    """
