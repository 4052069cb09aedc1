"""Forms, and Agent Skills in folders."""

from __future__ import annotations

import pytest
from agenthost_skills.folders import AgentSkillsSkill
from agenthost_skills.questions import InfoGathererSkill

from agenthost import AgentBase, DefinitionError
from agenthost.testing import SkillContract

QUESTIONS = [
    {"key_name": "name", "question_text": "What is your name?"},
    {"key_name": "email", "question_text": "Your email?", "confirm": True, "prompt_add": "it has an @"},
]
REFUNDS = """\
---
name: refunds
description: >-
  Use when a caller wants
  money back.
---

1. Ask for the order.
2. Read references/rules.md.
"""


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "skills"
    (root / "refunds" / "references").mkdir(parents=True)
    (root / "refunds" / "SKILL.md").write_text(REFUNDS)
    (root / "refunds" / "references" / "rules.md").write_text("Thirty days.")
    (root / "refunds" / "run.py").write_text("raise SystemExit")
    (root / "refunds" / "out.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "secret.md").write_text("secret")
    (root / "hidden").mkdir()
    (root / "hidden" / "SKILL.md").write_text(
        "---\nname: hidden\ndescription: x\ndisable-model-invocation: true\n---\nx"
    )
    return root


class TestInfoGatherer(SkillContract):
    @pytest.fixture
    def skill(self):
        return InfoGathererSkill

    @pytest.fixture
    def params(self):
        return {"questions": QUESTIONS}


class TestAgentSkills(SkillContract):
    @pytest.fixture
    def skill(self):
        return AgentSkillsSkill

    @pytest.fixture
    def params(self, folder):
        return {"path": str(folder)}


@pytest.fixture
def call(agenthost_host, folder):
    agent = AgentBase("desk", "/desk")
    agent.add_skill("info_gatherer", {"questions": QUESTIONS, "prefix": "intake"})
    agent.add_skill("agent_skills", {"path": str(folder)})
    return agenthost_host.add(agent).call("/desk")


def test_a_form_is_filled_in_once(call):
    assert call.tool("intake_start_questions").response == "[name] What is your name?"
    for _ in range(2):  # the platform repeats requests
        answer = call.tool("intake_submit_answer", answer="Ann", key="name").response
        assert answer == "[email] Your email? (it has an @)"
    assert 'Read the answer "a@b.c" back' in call.tool("intake_submit_answer", answer="a@b.c", key="email").response
    done = call.tool("intake_submit_answer", answer="a@b.c", key="email", confirmed_by_user=True)

    assert done.response == "All questions are answered. Thank the caller."
    assert call.global_data["skill:intake"] == {
        "answers": [{"key_name": "name", "answer": "Ann"}, {"key_name": "email", "answer": "a@b.c"}]
    }
    call.expect.no_findings()


def test_instructions_and_files_are_read_when_they_are_needed(call):
    assert "refunds: Use when a caller wants money back." in call.prompt
    assert "Ask for the order" not in call.prompt
    assert "hidden" not in call.prompt

    assert call.tool("use_skill", skill="refunds").response.endswith("rules.md.\n\nFiles: references/rules.md")
    assert call.tool("read_skill_file", skill="refunds", file="./references/rules.md").response == "Thirty days."
    for file in ("../../secret.md", "out.md", "run.py", "/etc/passwd"):
        assert call.tool("read_skill_file", skill="refunds", file=file).response.startswith("No such file.")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no front matter", r"there is no front matter\. fix: begin the file with"),
        ("---\nname: a: b\n---\n", "the front matter is not YAML"),
        ("---\nname: Not Plain\ndescription: x\n---\n", "lower case letters, digits and hyphens"),
        ("---\nname: plain\n---\n", r"there is no description\. fix: write when"),
    ],
)
def test_folders_that_do_not_follow_the_format_are_reported(tmp_path, text, reason):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "SKILL.md").write_text(text)
    with pytest.raises(DefinitionError, match=reason):
        AgentBase("desk").add_skill("agent_skills", {"path": str(tmp_path)})


@pytest.mark.parametrize(
    ("name", "params", "reason"),
    [
        ("agent_skills", {"path": "/nowhere"}, "there is no such folder"),
        ("info_gatherer", {"questions": []}, "questions must be a list"),
        ("info_gatherer", {"questions": [{"key_name": "a"}]}, "needs key_name and question_text"),
        ("info_gatherer", {"questions": [QUESTIONS[0], QUESTIONS[0]]}, "two of them have the key_name 'name'"),
    ],
)
def test_settings_that_cannot_work_are_rejected(name, params, reason):
    with pytest.raises(DefinitionError, match=reason):
        AgentBase("desk").add_skill(name, params)


def test_patterns_choose_the_skills(folder):
    with pytest.raises(DefinitionError, match="no folder in it has a SKILL"):
        AgentBase("desk").add_skill("agent_skills", {"path": str(folder), "exclude": ["ref*"]})
