"""Loads, but cannot be built."""

from agenthost import AgentBase


class Agent(AgentBase):
    def __init__(self):
        raise RuntimeError("no calendar is configured")
