"""Workflows: several agents acting as one."""

from agenthost.conversation.turns import Decision, Note, Outcome, Reply, Status, Turn
from agenthost.workflows.escalation import Escalation
from agenthost.workflows.parallel import Parallel
from agenthost.workflows.router import Router
from agenthost.workflows.sequential import Sequential
from agenthost.workflows.team import Remaining, Team
from agenthost.workflows.vote import Vote
from agenthost.workflows.workflow import Workflow

__all__ = [
    "Decision",
    "Escalation",
    "Note",
    "Outcome",
    "Parallel",
    "Remaining",
    "Reply",
    "Router",
    "Sequential",
    "Status",
    "Team",
    "Turn",
    "Vote",
    "Workflow",
]
