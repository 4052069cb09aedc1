"""Requests of the platform: clients, deliveries, retries, faults and recorded answers."""

from __future__ import annotations

__all__: list[str] = []
