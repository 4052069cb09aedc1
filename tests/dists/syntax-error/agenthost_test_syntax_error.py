"""Cannot be compiled."""

class Agent(
