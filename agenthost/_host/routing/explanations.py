"""Explanations of a router's choice, as JSON and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agenthost._host.routing.routers import Explained
    from agenthost.conversation.turns import Decision
    from agenthost.workflows.explanation import Explanation

__all__ = ["because", "explanation_as_json"]


def explanation_as_json(found: Explained, text: str) -> dict[str, Any]:
    """Return an explanation, as ``agenthost route explain --json`` has it."""
    told = found.explanation
    return {
        "router": found.router,
        "text": text,
        "matter": told.matter,
        "says_nothing": told.says_nothing,
        "conversation_with": told.with_whom,
        "asked": told.asked,
        "threshold": told.threshold,
        "margin": told.margin,
        "tried": [{**_decision_as_json(each), "counts": told.counts(each)} for each in told.tried],
        "closest": [
            {"agent": each.agent, "text": each.text, "similarity": round(each.similarity, 4)} for each in found.closest
        ],
        "decision": _decision_as_json(told.decision),
    }


def because(told: Explanation) -> str:
    """Return the reason of the decision in words."""
    decision = told.decision
    reasons = {
        "name": "the message is the name of the agent",
        "only": "it is the only agent",
        "fallback": "no agent could be chosen, and the router does not ask (again)",
    }
    if decision.by == "sticky":
        return decision.reason if told.says_nothing else f"no classifier is sure, and {decision.reason}"
    if decision.agent is None:
        return "no classifier is sure, and the conversation has no agent"
    if not told.tried:
        return reasons.get(decision.by, f"detector {decision.by}: {decision.reason}")
    return reasons.get(decision.by, f"classifier {decision.by} is sure")


def _decision_as_json(decision: Decision) -> dict[str, Any]:
    return {
        "agent": decision.agent,
        "by": decision.by,
        "reason": decision.reason,
        "confidence": round(decision.confidence, 4),
        "margin": round(decision.margin, 4),
        "ranking": [{"agent": agent, "share": round(share, 4)} for agent, share in decision.ranking],
    }
