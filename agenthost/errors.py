"""Every exception that agenthost raises, and the exit codes of its commands.

AgentHostError
├── ConfigurationError       agenthost.toml, a variable or an option says something impossible
├── DefinitionError          an agent, a tool, an action or a prompt was described wrongly (also a ValueError)
│   └── AgentSealed          an agent was configured after the host had started serving it
├── PlanError                the host cannot serve what it found (--strict, or nothing left to serve)
└── ArgumentsRefused         a tool was called with arguments that its schema does not allow
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "AgentHostError",
    "AgentSealed",
    "ArgumentsRefused",
    "ConfigurationError",
    "DefinitionError",
    "ExitCode",
    "PlanError",
]


class ExitCode(IntEnum):
    """What a command's exit status says."""

    OK = 0
    FINDINGS = 1
    """A check ran to its end and found problems."""
    USAGE = 2
    """The command line itself is wrong (also a port in use)."""
    CONFIGURATION = 3
    """agenthost.toml or an environment variable is wrong."""
    PLUGIN = 4
    """An agent package or plugin failed or is in conflict, and --strict was asked for (or nothing is left)."""
    INTERNAL = 5
    """A mistake of agenthost itself."""


class AgentHostError(Exception):
    """Base of every error that agenthost raises on purpose; its text is written for the person who reads it."""


class ConfigurationError(AgentHostError):
    """A configured value cannot be used.

    The text reads ``<where>: <key>: <what is wrong>. <what to write instead>``.
    """


class DefinitionError(AgentHostError, ValueError):
    """An agent, a tool, a prompt or a result was described in a way that cannot work."""


class AgentSealed(DefinitionError):
    """A configuration method was called on an agent that is already being served.

    One caller's words must never reach the next caller, so an agent's document is frozen when the host starts.
    """


class PlanError(AgentHostError):
    """The host cannot start with what it found."""


class ArgumentsRefused(AgentHostError):
    """A tool call's arguments do not fit the tool's schema; the text is one sentence that a model can act on."""
