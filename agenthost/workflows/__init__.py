"""Workflows: several agents acting as one, and the values that travel between them."""

from agenthost.workflows.turns import Decision, Note, Outcome, Reply, Status, Turn

__all__ = ["Decision", "Note", "Outcome", "Reply", "Status", "Turn"]
