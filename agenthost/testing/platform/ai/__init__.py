"""AI sessions: prompts, steps, functions, actions and summaries."""

from __future__ import annotations

__all__: list[str] = []
