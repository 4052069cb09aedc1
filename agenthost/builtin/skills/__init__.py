"""Skills that come with agenthost, and examples of how one is written."""

from __future__ import annotations

from agenthost.builtin.skills.math import MathSkill
from agenthost.builtin.skills.time import DateTimeSkill

__all__ = ["DateTimeSkill", "MathSkill"]
