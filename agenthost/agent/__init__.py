"""Agents: ``AgentBase``, what it declares, and its configuration per call."""
