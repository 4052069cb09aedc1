"""Scenario: a scripted call, with everything that must and must not happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agenthost.testing.platform.leg import Caller
    from agenthost.testing.platform.options import PlatformOptions
    from agenthost.testing.platform.script import Input, ModelTurn

__all__ = ["Expectation", "ExpectedCall", "HostSpec", "ModelSpec", "Persona", "Scenario", "ScenarioTurn", "Veto"]


@frozen
class ExpectedCall:
    """A function call that must or must not happen.

    Args:
        function: its name.
        arguments: arguments that it has, perhaps among others.
    """

    function: str
    arguments: Mapping[str, Any] = field(factory=dict)


@frozen
class Expectation:
    """Everything that must happen in a turn or in a whole call.

    Args:
        tools: function calls that succeed, in this order, perhaps with others between them.
        calls: exact numbers of successful calls, by function.
        responses: words of the functions' answers to the model, in this order.
        said: words of the agents, in this order.
        agent: the agent that has the call at the end.
        hops: all agents that had the call, in order.
        step: the step at the end.
        offered: functions that are offered at the end.
        not_offered: functions that are not offered at the end.
        actions: actions, in this order.
        ended: the reason for the call's end; empty text for a call that goes on.
        global_data: values at the end, perhaps among others.
        summary: the summary's text, or values in it.
        findings: codes of findings that must occur. Every other finding fails the scenario.
    """

    tools: tuple[ExpectedCall, ...] = ()
    calls: Mapping[str, int] = field(factory=dict)
    responses: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    agent: str | None = None
    hops: tuple[str, ...] | None = None
    step: str | None = None
    offered: tuple[str, ...] = ()
    not_offered: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    ended: str | None = None
    global_data: Mapping[str, Any] = field(factory=dict)
    summary: Any = None
    findings: tuple[str, ...] = ()


@frozen
class Veto:
    """Everything that must not happen.

    One of these fails a scenario, however many of its runs pass.

    Args:
        tools: function calls.
        calls: largest numbers of successful calls, by function.
        said: words of the agents.
        agents: agents that must not have the call.
        global_data: names that must not be in the global data, at any depth.
        actions: actions.
    """

    tools: tuple[ExpectedCall, ...] = ()
    calls: Mapping[str, int] = field(factory=dict)
    said: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    global_data: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


@frozen
class ScenarioTurn:
    """One step of the script.

    Args:
        input: the input, or None for turns of the model before the caller's first words.
        turns: the model's turns. None lets the scenario's model answer.
        expect: what must happen in this step.
        line: its line in the file.
    """

    input: Input | None
    turns: tuple[ModelTurn, ...] | None
    expect: Expectation
    line: int


@frozen
class Persona:
    """A caller who follows rules instead of a script.

    Args:
        goal: the first words.
        facts: answers, by the word that an agent's question has in it.
        rules: ``spells_codes``, ``changes_mind``, ``late``, ``silent`` and ``injects``.
        instead: values that the caller says first, by fact, for ``changes_mind``.
        turns: the most turns.
    """

    goal: str
    facts: Mapping[str, str] = field(factory=dict)
    rules: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(factory=dict)
    turns: int = 8


@frozen
class HostSpec:
    """The host under test.

    Args:
        files: agents in files, ``clinic.py`` or ``clinic.py:ClinicAgent``.
        installed: distributions whose agents and plugins are served.
        config: the text of ``agenthost.toml``.
        url: URL of a running host, in place of all these.
        public_urls: further URLs that its documents name as its own.
        other_urls: URLs of running hosts to which its documents transfer calls.
    """

    files: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    config: str = ""
    url: str = ""
    public_urls: tuple[str, ...] = ()
    other_urls: tuple[str, ...] = ()


@frozen
class ModelSpec:
    """The model that answers for the agents.

    Args:
        kind: ``script``, ``offline`` or ``openai``.
        url: URL of an API of OpenAI's form.
        model: the name of its model.
        key: environment variable with the API key.
    """

    kind: str = "script"
    url: str = ""
    model: str = ""
    key: str = "OPENAI_API_KEY"


@frozen
class Scenario:
    """A scripted call with expectations.

    Args:
        file: its file.
        title: its title.
        agent: route of the called agent, or a SIP address.
        host: the host under test.
        caller: the caller.
        model: the agents' model.
        turns: the script.
        persona: a caller who follows rules, in place of the script.
        summary: the model's summary.
        expect: what must happen.
        veto: what must not happen.
        options: options of the platform.
        runs: the number of runs.
        passes: the number of runs that must pass.
        chat: whether it is a conversation of AI Chat.
    """

    file: Path
    title: str
    agent: str
    host: HostSpec
    caller: Caller
    model: ModelSpec
    turns: tuple[ScenarioTurn, ...]
    persona: Persona | None
    summary: Any
    expect: Expectation
    veto: Veto
    options: PlatformOptions
    runs: int = 1
    passes: int = 1
    chat: bool = False
