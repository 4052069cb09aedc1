"""Five ways to combine the four agents; each is an agent itself, with a route of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agenthost import Escalation, FunctionResult, Parallel, Router, Sequential, Vote
from agenthost_supportgenie.specialist import ESCALATION

if TYPE_CHECKING:
    from agenthost import Workflow

__all__ = ["chain", "genie", "levels", "options", "vote"]

_SUPPORT, _TECHNICAL, _SALES = "genie-support", "genie-technical", "genie-sales"
_W = TypeVar("_W", bound="Workflow")
_VOICE = ("English", "en-US", "rime.spore")


def genie() -> Router:
    """The router, at ``/genie``: finds out whose matter something is, in text and on the call."""
    router = Router(
        "genie",
        [_SUPPORT, _TECHNICAL, _SALES, ESCALATION],
        route="/genie",
        sip=("genie", "supportgenie"),
        fallback_agent=_SUPPORT,
        escalate_to=ESCALATION,
        description="The customer support of an electronics shop.",
        fallback="I am sorry, nobody can answer that right now. Please try again in a moment.",
    )
    router.add_language(*_VOICE)
    return router


def options() -> Parallel:
    """Three agents at once, and one answer made of theirs, at ``/genie/options``: for what has several sides."""
    return _for_messages(
        Parallel(
            "genie-options",
            [_SUPPORT, _TECHNICAL, _SALES],
            route="/genie/options",
            description="A matter with several sides: what support, technical and sales say, in one answer.",
        )
    )


def vote() -> Vote:
    """Three agents at once, and the answer that most agree on, at ``/genie/vote``."""
    return _for_messages(
        Vote(
            "genie-vote",
            [_SUPPORT, _TECHNICAL, _SALES],
            route="/genie/vote",
            description="The answer that support, technical and sales agree on.",
        )
    )


def chain() -> Sequential:
    """One agent after the other, at ``/genie/chain``: a diagnosis, what to buy instead, and how to go about it."""
    return _for_messages(
        Sequential(
            "genie-chain",
            [_TECHNICAL, _SALES, _SUPPORT],
            route="/genie/chain",
            description="A defect from its diagnosis by way of a replacement to the policy that applies.",
        )
    )


def levels() -> Escalation:
    """Two levels, at ``/genie/levels``: support answers, the senior colleague takes over."""
    return _for_messages(
        Escalation(
            "genie-levels",
            [_SUPPORT, ESCALATION],
            route="/genie/levels",
            description="Support first, and the senior colleague where that is not enough.",
        )
    )


def _for_messages(workflow: _W) -> _W:
    """A workflow that answers in text; a caller who reaches it is connected to the router."""
    workflow.prompt_add_section(
        "Role", "This line answers messages, not calls. Greet the caller, and call connect_to_genie at once."
    )
    workflow.define_tool("connect_to_genie", "Connect the caller to the support.", {}, _connect)
    workflow.add_language(*_VOICE)
    return workflow


def _connect() -> FunctionResult:
    return FunctionResult("One moment, I connect you to the support.").hand_over("genie")
