"""The built-in skills keep the contract."""

import pytest

from agenthost.builtin.skills.math import MathSkill
from agenthost.builtin.skills.time import DateTimeSkill
from agenthost.testing import SkillContract


class TestMath(SkillContract):
    """``math``."""

    @pytest.fixture
    def skill(self):
        return MathSkill


class TestDateTime(SkillContract):
    """``datetime``."""

    @pytest.fixture
    def skill(self):
        return DateTimeSkill

    @pytest.fixture
    def params(self):
        return {"timezone": "Europe/Berlin"}
