"""New projects: the files of a package, made from the templates in ``templates``."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from attrs import field, frozen

from agenthost._host.plan.routes import route_problem
from agenthost._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

__all__ = ["KINDS", "Kind", "NewProject"]

Kind: TypeAlias = Literal["agent", "plugin", "skill", "workflow"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of packages."""

_PREFIX = "agenthost-"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_HOME = "https://pypi.org/project/agenthost/"
_PURPOSES: dict[Kind, str] = {
    "agent": "Tells the opening hours and takes messages.",
    "plugin": "Logs tool calls that take too long.",
    "skill": "Draws lucky numbers.",
    "workflow": "Sends questions about orders and returns to the agent in charge.",
}
_ENTRY_POINTS: dict[Kind, str] = {
    "agent": '[project.entry-points."agenthost.agents"]\n{key} = "{module}:{class_}Agent"',
    "plugin": '[project.entry-points.agenthost]\n{key} = "{module}:{class_}Plugin"',
    "skill": '[project.entry-points."agenthost.skills"]\n{key} = "{module}:{class_}Skill"',
    "workflow": (
        '[project.entry-points."agenthost.agents"]\n'
        '{key} = "{module}:router"\n'
        '{key}-orders = "{module}:OrdersAgent"\n'
        '{key}-returns = "{module}:ReturnsAgent"'
    ),
}
_COMMAND_ROWS: dict[Kind, str] = {
    "agent": "| call a tool as the platform does | `agenthost tool {key} take_message --text Hello` |\n"
    "| print the document that the platform fetches | `agenthost swml {key}` |\n",
    "plugin": "| list its hooks | `agenthost plugins --load` |\n"
    "| serve an agent beside the plugin, once it is installed | `agenthost dev tests/{file}_agent.py` |\n",
    "skill": "| serve an agent with the skill, once it is installed | `agenthost dev tests/{file}_agent.py` |\n",
    "workflow": '| ask a question in text | `agenthost ask {key} "Where is my order?"` |\n'
    '| read how the router decides | `agenthost route explain {key} "Where is my order?"` |\n',
}


@frozen(kw_only=True)
class NewProject:
    """A package to be written.

    Args:
        name: name of the project, and of its folder.
        module: name of its import package.
        key: name of its entry point.
        kind: its content.
        flat: whether the import package lies at the top, not below ``src``.
        description: its purpose, in a sentence.
    """

    name: str
    module: str
    key: str
    kind: Kind = "agent"
    flat: bool = False
    description: str = field()

    @description.default
    def _usual_purpose(self) -> str:
        return _PURPOSES[self.kind]

    @classmethod
    def named(
        cls,
        name: str,
        kind: Kind = "agent",
        *,
        project: str | None = None,
        module: str | None = None,
        flat: bool = False,
        description: str | None = None,
    ) -> NewProject:
        """Return the project of a name, such as ``cinema`` or ``agenthost-cinema``.

        ``project`` and ``module`` default to ``agenthost-cinema`` and ``agenthost_cinema``.

        Raises:
            ValueError: a name cannot be used, with the fix.
        """
        key = re.sub(r"[-_.]+", "-", name).lower().removeprefix(_PREFIX)
        if not _NAME.fullmatch(key):
            raise ValueError(
                f"{name!r} is not a name: a letter, then letters, digits and hyphens. fix: write one such as cinema"
            )
        if kind in ("agent", "workflow") and (problem := route_problem(f"/{key}")):
            raise ValueError(f"{name!r} cannot be the name of an agent: {problem}. fix: choose another one")
        project = project or f"{_PREFIX}{key}"
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", project):
            raise ValueError(f"{project!r} is not a name of a project. fix: write one such as acme-{key}")
        module = module or re.sub(r"[-.]+", "_", project).lower()
        if not module.isidentifier() or keyword.iskeyword(module):
            raise ValueError(f"{module!r} is not a name of a module. fix: --module acme_{key.replace('-', '_')}")
        purpose = _sentence(description) if description else _PURPOSES[kind]
        return cls(name=project, module=module, key=key, kind=kind, flat=flat, description=purpose)

    @property
    def folder(self) -> str:
        """The folder of its import package, relative to the project."""
        return self.module if self.flat else f"src/{self.module}"

    @property
    def file(self) -> str:
        """The key as part of the name of a file."""
        return self.key.replace("-", "_")

    def files(self) -> dict[str, str]:
        """Return the text of each file by its path, relative to the project."""
        root = files(__package__) / "templates"
        values = self._values()
        found = {}
        for origin in ("common", self.kind):
            for path, text in _texts(root / origin):
                name = path.replace("dot-", ".").replace("tests/MODULE.call", f"tests/{self.key}.call")
                name = name.replace("test_MODULE", f"test_{self.file}").replace("MODULE_agent", f"{self.file}_agent")
                found[name.replace("MODULE", self.folder)] = Template(text).substitute(values)
        return dict(sorted(found.items()))

    def write(self, place: Path) -> list[Path]:
        """Write the project into a new folder below *place*, and return its files.

        Raises:
            FileExistsError: there is a file that it would overwrite, or a folder with other files.
        """
        top = place / self.name
        if top.exists() and (not top.is_dir() or any(top.iterdir())):
            raise FileExistsError(f"{top} exists and is not empty. fix: choose another name, or --project NAME")
        written = []
        for name, text in self.files().items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            written.append(path)
        return written

    def _values(self) -> dict[str, str]:
        names = {"key": self.key, "file": self.file, "module": self.module, "class_": _class_name(self.key, self.kind)}
        return names | {
            "name": self.name,
            "description": self.description,
            "host": ".".join(__version__.split(".")[:2]),
            "home": _HOME,
            "folder": self.folder,
            "top": self.folder.partition("/")[0],
            "parent": "." if self.flat else "src",
            "distribution": re.sub(r"[-_.]+", "-", self.name).lower(),
            "a_kind": f"{'an' if self.kind == 'agent' else 'a'} {self.kind}",
            "entry_points": _ENTRY_POINTS[self.kind].format(**names),
            "command_rows": _COMMAND_ROWS[self.kind].format(**names),
        }


def _sentence(words: str) -> str:
    """Return words as one line that can be written between quotes in Python and TOML."""
    line = " ".join(words.replace("\\", "/").replace('"', "'").split())
    return f"{line[:1].upper()}{line[1:].rstrip('.')}."


def _class_name(key: str, kind: Kind) -> str:
    """Return ``FrontDesk`` for ``front-desk``, and for ``front-desk-agent`` of the kind ``agent``."""
    return "".join(part.capitalize() for part in key.removesuffix(f"-{kind}").split("-"))


def _texts(folder: Traversable, below: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each template, without its suffix ``.txt``."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _texts(entry, f"{below}{entry.name}/")
        else:
            yield f"{below}{entry.name.removesuffix('.txt')}", entry.read_text(encoding="utf-8")
