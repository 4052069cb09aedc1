"""Agents in text: conversations, transcripts, one agent's turn, calls between agents, budgets."""
