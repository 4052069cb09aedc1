"""The words by which customers and agents escalate."""

from __future__ import annotations

__all__: list[str] = []
