"""Agents whose endpoints tests ask for all that an agent may do besides answering with its document."""
