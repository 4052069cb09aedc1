"""Agents of other hosts: calls to them, and the guard against circles of hosts."""
