"""agenthost-skills: skills whose tools run on the platform, as data maps."""

from __future__ import annotations

__all__: list[str] = []
