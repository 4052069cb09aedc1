"""The built-in skills, which are also examples."""

from __future__ import annotations

from agenthost.builtin.skills.math import MathSkill
from agenthost.builtin.skills.time import DateTimeSkill

__all__ = ["DateTimeSkill", "MathSkill"]
