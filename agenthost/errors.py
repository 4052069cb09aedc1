"""Every exception that agenthost raises, and the exit codes of its commands.

AgentHostError
├── ConfigurationError       agenthost.toml, a variable or an option says something impossible
├── AddressError             the port cannot be opened
├── DefinitionError          an agent, a tool, an action or a prompt was described wrongly (also a ValueError)
│   └── AgentSealed          an agent was configured after the host had started serving it
├── UnsupportedHost          a package's requirements exclude this version of agenthost
├── PlanError                the host cannot serve what it found (--strict, or nothing to serve)
├── ArgumentsRefused         a tool was called with arguments that its schema does not allow
├── ConversationRefused      a message cannot be taken: it is empty, too long, or its conversation's id is none
├── StateRefused             a key or a value that no store takes (also a ValueError)
├── StateUnavailable         the store of shared state cannot be reached
├── Unanswered               a workflow has no answer: too few of its agents gave one
├── BudgetSpent              a turn has used up its time, its calls or its tokens
└── ModelError               a language model gives no usable answer
    ├── ModelUnavailable     it cannot be reached, or is overloaded; later it may answer
    ├── ModelRefused         it does not take the request: the key, the model's name, or the request is wrong
    └── ModelNonsense        its answer cannot be read
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "AddressError",
    "AgentHostError",
    "AgentSealed",
    "ArgumentsRefused",
    "BudgetSpent",
    "ConfigurationError",
    "ConversationRefused",
    "DefinitionError",
    "ExitCode",
    "ModelError",
    "ModelNonsense",
    "ModelRefused",
    "ModelUnavailable",
    "PlanError",
    "StateRefused",
    "StateUnavailable",
    "Unanswered",
    "UnsupportedHost",
]


class ExitCode(IntEnum):
    """What a command's exit status says."""

    OK = 0
    FINDINGS = 1
    """A check ran to its end and found problems."""
    USAGE = 2
    """The command line itself is wrong, or the port that it names cannot be opened."""
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


class AddressError(AgentHostError):
    """The host cannot listen where it should: the port is taken, or the address is not this machine's."""


class DefinitionError(AgentHostError, ValueError):
    """An agent, a tool, a prompt or a result was described in a way that cannot work."""


class AgentSealed(DefinitionError):  # noqa: N818 - the state is the name
    """A configuration method was called on an agent that is already being served.

    One caller's words must never reach the next caller, so an agent's document is frozen when the host starts.
    """


class UnsupportedHost(AgentHostError):  # noqa: N818 - it is the package's state, not its error
    """A distribution's ``Requires-Dist`` excludes this version of agenthost."""


class PlanError(AgentHostError):
    """The host cannot start with what it found."""


class ArgumentsRefused(AgentHostError):  # noqa: N818 - it is an answer, not an error
    """A tool call's arguments do not fit the tool's schema; the text is one sentence that a model can act on."""


class ConversationRefused(AgentHostError):  # noqa: N818 - as ArgumentsRefused
    """What a person said cannot be taken: it is empty or too long, or the conversation's id is none."""


class StateRefused(AgentHostError, ValueError):  # noqa: N818 - as ArgumentsRefused
    """A key, a value or a number that no store takes, whichever is configured; the text says why."""


class StateUnavailable(AgentHostError):  # noqa: N818 - a state, not an error
    """The store of shared state cannot be reached; a write that was under way may have happened or not."""


class Unanswered(AgentHostError):  # noqa: N818 - as ArgumentsRefused
    """A workflow has no answer to a turn; the text names the agents that gave none, and why."""


class BudgetSpent(AgentHostError):  # noqa: N818 - a state, not an error
    """A turn has used up the time, the calls of agents or the tokens that it may take; the text says which."""


class ModelError(AgentHostError):
    """A language model gives no usable answer."""


class ModelUnavailable(ModelError):  # noqa: N818 - a state, not an error
    """The model cannot be reached, is overloaded or took too long; the same request may be answered later."""


class ModelRefused(ModelError):  # noqa: N818 - as ArgumentsRefused
    """The model does not take the request: the key, the model's name or the request itself is wrong."""


class ModelNonsense(ModelError):  # noqa: N818 - what it said
    """The model answered with something that cannot be read."""
