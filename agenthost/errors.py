"""Every exception that agenthost raises, and the exit codes of its commands.

AgentHostError
├── ConfigurationError       agenthost.toml, a variable or an option has a wrong value
├── AddressError             the port cannot be opened
├── DefinitionError          an agent, a tool, an action or a prompt is defined wrongly (also a ValueError)
│   └── AgentSealed          an agent was configured after the host had started serving it
├── UnsupportedHost          a package's requirements exclude this version of agenthost
├── PlanError                the host cannot serve what it found (--strict, or nothing to serve)
├── ArgumentsRefused         a tool was called with arguments that its schema does not allow
├── ConversationRefused      a message is refused: it is empty, too long, or asks for what the agent cannot do
├── StateRefused             a key or a value that no store accepts (also a ValueError)
├── StateUnavailable         the store of shared state cannot be reached
├── TurnTakenOver            another process goes on with a durable turn
├── Unanswered               a workflow has no answer: too few of its agents answered
├── BudgetSpent              a turn has used up its time, its calls or its tokens
└── ModelError               a language model gives no usable answer
    ├── ModelUnavailable     it cannot be reached, is overloaded or too slow: a retry may succeed
    ├── ModelRefused         it rejects the request: the key, the model's name, or the request is wrong
    └── ModelNonsense        its answer cannot be read
        └── AnswerMalformed  its answer does not have the format that the client requires
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "AddressError",
    "AgentHostError",
    "AgentSealed",
    "AnswerMalformed",
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
    "TurnTakenOver",
    "Unanswered",
    "UnsupportedHost",
]


class ExitCode(IntEnum):
    """The exit codes of the commands."""

    OK = 0
    FINDINGS = 1
    """A check has found problems."""
    USAGE = 2
    """The command line is wrong, or the port cannot be opened."""
    CONFIGURATION = 3
    """agenthost.toml or an environment variable is wrong."""
    PLUGIN = 4
    """An agent package or plugin failed or is in conflict, with --strict (or nothing is left to serve)."""
    INTERNAL = 5
    """An internal error of agenthost."""


class AgentHostError(Exception):
    """Base of all errors that agenthost raises on purpose.

    The message is written for the person who reads it.
    """


class ConfigurationError(AgentHostError):
    """A configured value cannot be used.

    The message has the form ``<where>: <key>: <what is wrong>. <what to write instead>``.
    """


class AddressError(AgentHostError):
    """The host cannot listen: the port is taken, or the address belongs to another machine."""


class DefinitionError(AgentHostError, ValueError):
    """An agent, a tool, a prompt or a result is defined wrongly."""


class AgentSealed(DefinitionError):  # noqa: N818 - named after the state
    """A configuration method was called on an agent that is already being served.

    One caller's words must never reach the next caller, so an agent's document is frozen when the host starts.
    """


class UnsupportedHost(AgentHostError):  # noqa: N818 - it is the package's state, not its error
    """A distribution's ``Requires-Dist`` excludes this version of agenthost."""


class PlanError(AgentHostError):
    """The host cannot start with what it found."""


class ArgumentsRefused(AgentHostError):  # noqa: N818 - it is an answer, not an error
    """The arguments of a tool call do not fit the tool's schema.

    The message is one sentence that a model can act on.
    """


class ConversationRefused(AgentHostError):  # noqa: N818 - as ArgumentsRefused
    """A message is refused: it is empty, too long, or cannot be answered as required.

    Args:
        message: the reason.
        option: the option of the request that cannot be honoured, if it is the reason.
    """

    def __init__(self, message: str, option: str | None = None) -> None:
        super().__init__(message)
        self.option = option


class StateRefused(AgentHostError, ValueError):  # noqa: N818 - as ArgumentsRefused
    """A key, a value or a number that no store accepts."""


class StateUnavailable(AgentHostError):  # noqa: N818 - a state, not an error
    """The store of shared state cannot be reached.

    A write may or may not have happened.
    """


class TurnTakenOver(AgentHostError):  # noqa: N818 - a state, not an error
    """Another process goes on with a turn, so this attempt at it ends.

    Engines of durable turns raise it, and receive it from ``Host.resume``.

    Args:
        message: the message.
    """

    def __init__(self, message: str = "another process goes on with this turn.") -> None:
        super().__init__(message)


class Unanswered(AgentHostError):  # noqa: N818 - as ArgumentsRefused
    """A workflow has no answer to a turn.

    The message names the agents that did not answer, with the reasons.
    """


class BudgetSpent(AgentHostError):  # noqa: N818 - a state, not an error
    """A turn has used up its time, its calls of agents or its tokens."""


class ModelError(AgentHostError):
    """A language model gives no usable answer."""


class ModelUnavailable(ModelError):  # noqa: N818 - a state, not an error
    """The model cannot be reached, is overloaded or took too long.

    A retry of the same request may succeed.

    Args:
        message: the message.
        retry_after: seconds to wait before a retry, as the model's server requests.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelRefused(ModelError):  # noqa: N818 - as ArgumentsRefused
    """The model rejects the request: the key, the model's name or the request is wrong."""


class ModelNonsense(ModelError):  # noqa: N818 - named after the answer
    """The model answered with something that cannot be read."""


class AnswerMalformed(ModelNonsense):
    """The answer does not have the format that the client requires, also after one repair."""
