"""Agents with all endpoints besides the document."""
