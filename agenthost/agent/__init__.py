"""Agents: ``AgentBase``, its declaration, and its configuration per call."""

from __future__ import annotations

__all__: list[str] = []
