"""Agents that are configured in ``agenthost.toml`` and not programmed."""

from __future__ import annotations

__all__: list[str] = []
