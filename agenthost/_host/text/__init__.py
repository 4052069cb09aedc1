"""Agents in text: conversations, what is kept of them, and agents that ask each other."""
