"""The OpenAI-compatible API under ``/v1``: agents in text."""
