"""Trials of an agent without a server: calls, conversations and tools at a terminal."""
