"""Every hook of agenthost, on one page.

A plugin is a module or object with functions marked ``@hookimpl`` that carry the name of a hook, registered under the
entry-point group ``agenthost``. Hooks declare: they run once, at start-up, and return values. Nothing on the path of a
request goes through them; ``resolve_sip`` is collected then, and called as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    from litestar.config.app import AppConfig

    from agenthost.agent.base import AgentBase
    from agenthost.conversation.classifiers import ClassifierProvider
    from agenthost.conversation.escalation_detectors import EscalationDetector
    from agenthost.conversation.models import ModelProvider
    from agenthost.conversation.redaction import Redactor
    from agenthost.health import Probe
    from agenthost.hosting import Host, HostedAgent, ToolCalled
    from agenthost.sip import SipAlias, SipCall, SipUri
    from agenthost.state import StateProvider

__all__ = [
    "PROJECT",
    "agents",
    "chat_models",
    "classifiers",
    "configure_app",
    "escalation_detectors",
    "health_probes",
    "hookimpl",
    "lifespan",
    "redactors",
    "resolve_sip",
    "sip_aliases",
    "state_providers",
    "tool_called",
]

PROJECT = "agenthost"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's function as the implementation of the hook of the same name."""


@hookspec
def agents() -> Iterable[AgentBase]:  # type: ignore[empty-body]
    """Agents made in code rather than offered as entry points, such as one for each row of a table.

    Called once at start-up, after the entry points have been loaded. Each agent's key is its name; a name that is
    taken, or a route in conflict, is reported like any other.

    Returns:
        Agents, each with a name and usually a route of its own.
    """


@hookspec
def chat_models() -> Iterable[ModelProvider]:  # type: ignore[empty-body]
    """Language models that agents are talked to in text with, by kind.

    Called once at start-up, in every process. ``[models.<name>]`` says which kind a model is and what it is set to;
    ``[models] default`` and ``[agents.<name>] model`` say which is used. Two providers of one kind are a conflict,
    which is reported with both plugins.

    Returns:
        Providers, each with the kind that it makes.
    """


@hookspec
def classifiers() -> Iterable[ClassifierProvider]:  # type: ignore[empty-body]
    """What chooses the agent that a message is for, by kind.

    Called once at start-up, in every process. ``[classifiers.<name>]`` says which kind a classifier is and what it is
    set to; ``[classifiers] default``, or a router, says which is used. Two providers of one kind are a conflict, which
    is reported with both plugins.

    Returns:
        Providers, each with the kind that it makes.
    """


@hookspec
def configure_app(app_config: AppConfig) -> None:
    """Change the Litestar application that serves everything but the agents: routes, plugins, middleware.

    Called once at start-up, before the application is made. The paths of agents and of ``/health``, ``/live``,
    ``/ready`` and ``/startup`` cannot be taken.

    Args:
        app_config: Litestar's own value; change it in place.
    """


@hookspec
def escalation_detectors() -> Iterable[EscalationDetector]:  # type: ignore[empty-body]
    """What notices that somebody else should take over a conversation.

    Called once at start-up, in every process. A workflow that escalates asks all detectors, or those that it names.

    Returns:
        Detectors, each with its name.
    """


@hookspec
def health_probes() -> Iterable[Probe]:  # type: ignore[empty-body]
    """What is asked, again and again while the host serves, to know whether it is well.

    Called once at start-up, in every process. The checks run in the background, all at once; the health endpoints tell
    what they last came to.

    Returns:
        Probes of the host, or of an agent that they name.
    """


@hookspec
def redactors() -> Iterable[Redactor]:  # type: ignore[empty-body]
    """What takes words out of transcripts before they are stored, such as card numbers.

    Called once at start-up, in every process. Every message goes through all redactors, unless
    ``[conversation] redact`` names the only ones.

    Returns:
        Redactors, each with its name.
    """


@hookspec(firstresult=True)
def resolve_sip(uri: SipUri, call: SipCall) -> str | None:
    """Who answers a call, by whatever a plugin knows: a directory, headers, hours, numbers.

    Called for each call, before configured rules and aliases; sync, in a thread, or async; for at most 0.25 seconds.
    Plugins are asked in order of their keys, and the first that names an agent decides.

    Args:
        uri: the address that was called, unescaped, with a user part.
        call: what else is known of the call.

    Returns:
        Key, name or route of an agent; None for a call about which this plugin does not decide.
    """


@hookspec
def sip_aliases(agents: Sequence[HostedAgent]) -> Iterable[SipAlias]:  # type: ignore[empty-body]
    """User parts of SIP addresses that reach agents.

    Called once at start-up, when it is known who is served, and again when a program adds an agent. They count as much
    as those that agents declare, automatic ones less than all others; an alias for which two agents are named reaches
    nobody and is reported.

    Args:
        agents: those that are served, in order of their routes.

    Returns:
        Aliases, each with the key, name or route of its agent.
    """


@hookspec
def lifespan(host: Host) -> AbstractAsyncContextManager[None]:  # type: ignore[empty-body]
    """What runs around the serving: entered before the first request, left after the last.

    Called once in every process, when the plan has been made. It has ``build_timeout`` seconds to begin; where it
    fails, the plugin is set aside and the host serves without it.

    Args:
        host: what is about to be served.

    Returns:
        An asynchronous context manager; it is entered and left in one task.
    """


@hookspec
def state_providers() -> Iterable[StateProvider]:  # type: ignore[empty-body]
    """Stores of shared state, by the schemes of their URLs.

    Called once at start-up, in every process. The store that ``[state] url`` names is opened by the provider of its
    scheme; two providers of one scheme are a conflict, which is reported with both plugins.

    Returns:
        Providers, each with the schemes that it opens.
    """


@hookspec
def tool_called(event: ToolCalled) -> None:
    """Told of every tool call, after its answer was there.

    Called on a thread of the plugin's own, one call after another; a call never waits for it. Where it is too slow,
    events are dropped and counted.

    Args:
        event: what became of the call.
    """
