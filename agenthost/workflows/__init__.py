"""Workflows: several agents acting as one."""

from __future__ import annotations

__all__: list[str] = []
