"""Calls of agents in text: deadline, budget, the tools that ran, outcome."""
