"""Needs a name that this agenthost does not have."""

from agenthost import AgentOfAnotherRelease


class Agent(AgentOfAnotherRelease):
    pass
