"""The skill that reads Agent Skills: folders with SKILL.md (agentskills.io)."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import yaml

from agenthost import FunctionResult, Skill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["AgentSkillsSettings", "AgentSkillsSkill"]

_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)(.*)\Z", re.DOTALL)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME = 64
_LONGEST_FILE = 20_000
_MOST_FILES = 200
_TEXTS = frozenset((".csv", ".html", ".json", ".md", ".txt", ".toml", ".xml", ".yaml", ".yml"))


@attrs.frozen
class AgentSkillsSettings:
    """Settings of ``agent_skills``.

    Args:
        path: Folder that contains the folders of the skills
        include: Patterns of the names that are offered
        exclude: Patterns of the names that are not
        tool_name: Name of the tool that returns the instructions of a skill
        file_tool_name: Name of the tool that returns one of its files
    """

    path: str = attrs.field(validator=attrs.validators.min_len(1))
    include: Sequence[str] = ("*",)
    exclude: Sequence[str] = ()
    tool_name: str = "use_skill"
    file_tool_name: str = "read_skill_file"


@attrs.frozen
class _Folder:
    """A skill in a folder, as it was when the agent was built."""

    name: str
    description: str
    instructions: str
    files: dict[str, str]


class AgentSkillsSkill(Skill):
    """Offers the instructions of Agent Skills, and their files. Scripts never run."""

    Settings = AgentSkillsSettings
    _folders: dict[str, _Folder]

    def setup(self) -> None:
        """Read the folders."""
        root = Path(self.settings.path).expanduser()
        if not root.is_dir():
            raise ValueError(f"{root}: there is no such folder. fix: write the folder that contains NAME/SKILL.md")
        found = [_read(file.parent) for file in sorted(root.glob("*/SKILL.md"))]
        self._folders = {each.name: each for each in found if each is not None and self._offered(each.name)}
        if not self._folders:
            raise ValueError(f"{root}: no folder in it has a SKILL.md that is offered. fix: check include and exclude")

    def prompt_sections(self) -> list[dict[str, Any]]:
        """Return the section that lists the skills."""
        name = self.tool_name(self.settings.tool_name)
        body = f"Call {name} for instructions, before you do something that one of these skills is for."
        bullets = [f"{each.name}: {each.description}" for each in self._folders.values()]
        return [{"title": "Skills", "body": body, "bullets": bullets}]

    def describe(self, agent: Any) -> None:
        """Add the tools."""
        skill = {"type": "string", "description": "Name of the skill", "enum": list(self._folders)}
        agent.define_tool(
            name=self.tool_name(self.settings.tool_name),
            description="Get the instructions of a skill",
            parameters={"skill": skill},
            required=["skill"],
            handler=self._use,
        )
        if any(each.files for each in self._folders.values()):
            file = {"type": "string", "description": "Path of the file, as in the instructions"}
            agent.define_tool(
                name=self.tool_name(self.settings.file_tool_name),
                description="Read a file that the instructions of a skill name",
                parameters={"skill": skill, "file": file},
                required=["skill", "file"],
                handler=self._read_file,
            )

    def _offered(self, name: str) -> bool:
        def fits(patterns: Sequence[str]) -> bool:
            return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

        return fits(self.settings.include) and not fits(self.settings.exclude)

    def _use(self, args: dict[str, str]) -> FunctionResult:
        found = self._folders[args["skill"]]
        files = f"\n\nFiles: {', '.join(found.files)}" if found.files else ""
        return FunctionResult(f"{found.instructions}{files}")

    def _read_file(self, args: dict[str, str]) -> FunctionResult:
        files = self._folders[args["skill"]].files
        text = files.get(args["file"].removeprefix("./"))
        return FunctionResult(text if text is not None else f"No such file. Files: {', '.join(files) or 'none'}")


def _read(folder: Path) -> _Folder | None:
    """Return the skill of a folder, or None if models may not call it.

    Raises:
        ValueError: its SKILL.md does not follow the format.
    """
    file = folder / "SKILL.md"
    parts = _FRONT.match(file.read_text(encoding="utf-8-sig", errors="replace").replace("\r\n", "\n"))
    try:
        front = yaml.safe_load(parts[1]) if parts else None
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: the front matter is not YAML: {str(error).splitlines()[0]}") from None
    if parts is None or not isinstance(front, dict):
        raise ValueError(f"{file}: there is no front matter. fix: begin the file with ---, name, description, ---")
    name, description = front.get("name", folder.name), front.get("description")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(f"{file}: the name must have lower case letters, digits and hyphens, not {name!r}")
    if not isinstance(description, str) or not description.strip():
        raise ValueError(f"{file}: there is no description. fix: write when the skill should be used")
    if front.get("disable-model-invocation") is True:
        return None
    return _Folder(name, " ".join(description.split()), parts[2].strip()[:_LONGEST_FILE], dict(_files(folder)))


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the texts of a folder, without those that a link leads out of it."""
    inside = folder.resolve()
    for file in sorted(folder.rglob("*"))[:_MOST_FILES]:
        if file.suffix in _TEXTS and file.is_file() and file.resolve().is_relative_to(inside):
            name = file.relative_to(folder).as_posix()
            if name != "SKILL.md":
                yield name, file.read_text(encoding="utf-8-sig", errors="replace")[:_LONGEST_FILE]
