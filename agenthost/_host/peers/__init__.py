"""Agents of other hosts: directory, calls, budget, and the guard against circles of hosts."""
