"""Agents in text: conversations, transcripts, one agent's turn, and the tools that it offers."""
