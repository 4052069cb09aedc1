"""Five ways to combine the four agents.

Each is an agent itself, with a route of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agenthost import Escalation, FunctionResult, Parallel, Router, Sequential, Vote
from agenthost_supportgenie.specialist import ESCALATION

if TYPE_CHECKING:
    from agenthost import Workflow

__all__ = ["chain", "genie", "levels", "options", "vote"]

_SUPPORT, _TECHNICAL, _SALES = "genie-support", "genie-technical", "genie-sales"
_W = TypeVar("_W", bound="Workflow")
_FALLBACK = "I am sorry, nobody can answer that right now. Please try again in a moment."
_VOICE = ("English", "en-US", "rime.spore")


def genie() -> Router:
    """Return the router, at ``/genie``, which selects an agent in text and on calls."""
    router = Router(
        "genie",
        [_SUPPORT, _TECHNICAL, _SALES, ESCALATION],
        route="/genie",
        sip=("genie", "supportgenie"),
        fallback_agent=_SUPPORT,
        escalate_to=ESCALATION,
        description="The customer support of an electronics shop.",
        fallback=_FALLBACK,
    )
    router.add_language(*_VOICE)
    return router


def options() -> Parallel:
    """Return the parallel workflow, at ``/genie/options``.

    It asks three agents at once and combines their answers, for questions with several sides.
    """
    return _for_messages(
        Parallel(
            "genie-options",
            [_SUPPORT, _TECHNICAL, _SALES],
            route="/genie/options",
            fallback=_FALLBACK,
            description="A matter with several sides: what support, technical and sales say, in one answer.",
        )
    )


def vote() -> Vote:
    """Return the vote, at ``/genie/vote``.

    It asks three agents at once and returns the answer that most agree on.
    """
    return _for_messages(
        Vote(
            "genie-vote",
            [_SUPPORT, _TECHNICAL, _SALES],
            route="/genie/vote",
            fallback=_FALLBACK,
            description="The answer that support, technical and sales agree on.",
        )
    )


def chain() -> Sequential:
    """Return the chain, at ``/genie/chain``.

    It asks one agent after the other: for a diagnosis, a replacement, and the policy.
    """
    return _for_messages(
        Sequential(
            "genie-chain",
            [_TECHNICAL, _SALES, _SUPPORT],
            route="/genie/chain",
            fallback=_FALLBACK,
            description="A defect from its diagnosis by way of a replacement to the policy that applies.",
        )
    )


def levels() -> Escalation:
    """Return the escalation, at ``/genie/levels``.

    Support answers, and the senior colleague takes over if that is not enough.
    """
    return _for_messages(
        Escalation(
            "genie-levels",
            [_SUPPORT, ESCALATION],
            route="/genie/levels",
            fallback=_FALLBACK,
            description="Support first, and the senior colleague where that is not enough.",
        )
    )


def _for_messages(workflow: _W) -> _W:
    """Return a workflow that answers in text.

    A caller who reaches it by phone is connected to the router.
    """
    workflow.prompt_add_section(
        "Role", "This line answers messages, not calls. Greet the caller, and call connect_to_genie at once."
    )
    workflow.define_tool("connect_to_genie", "Connect the caller to the support.", {}, _connect)
    workflow.add_language(*_VOICE)
    return workflow


def _connect() -> FunctionResult:
    return FunctionResult("One moment, I connect you to the support.").hand_over("genie")
