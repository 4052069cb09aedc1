"""Sources: a file or a project that is served without being installed."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost._discovery import AGENTS, COMMANDS, PLUGINS, SKILLS, Candidate, discover
from agenthost._error_words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Source", "file_called", "read_source"]

_GROUPS = (AGENTS, PLUGINS, SKILLS, COMMANDS)
_PROJECT = "pyproject.toml"
_FOLDERS = ("src", ".", "lib")
"""Folders of a project in which import packages are looked for, in this order."""
_NO_VERSION = "0.dev0"
"""The version of a file, and of a project whose version is computed by its build backend."""
_OF_AGENTHOST = frozenset({"AgentBase", "Escalation", "Parallel", "Router", "Sequential", "Vote", "Workflow"})


@frozen(kw_only=True)
class Source:
    """A package as its author has it on disk."""

    name: str
    """Name of the distribution."""
    version: str = _NO_VERSION
    entry_points: Mapping[str, Mapping[str, str]] = field(factory=dict)
    """By group, the values of its entry points by name; empty if it is installed."""
    requires: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    """Further fields of its metadata."""
    paths: tuple[str, ...] = ()
    """Folders to import from."""
    watched: tuple[str, ...] = ()
    """Files and folders whose changes matter."""
    folder: str = ""
    """The folder of the project, or of the file."""
    file: str | None = None
    """The file, if it is a single one."""

    @property
    def metadata(self) -> str:
        """The content of METADATA (core metadata 2.4)."""
        lines = ("Metadata-Version: 2.4", f"Name: {self.name}", f"Version: {self.version}")
        more = [f"{name}: {value}" for name, value in self.fields]
        return "\n".join([*lines, *more, *(f"Requires-Dist: {each}" for each in self.requires), ""])

    @property
    def entry_points_text(self) -> str:
        """The content of entry_points.txt."""
        lines = []
        for group, entries in self.entry_points.items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""]
        return "\n".join(lines)


def read_source(target: str | None) -> Source:
    """Return what a target names: ``file.py``, ``file.py:Name``, a folder with pyproject.toml, or an installed key.

    Without a target, it is the current directory.

    Raises:
        ValueError: there is nothing that can be served, with the fix.
    """
    target = target or "."
    path, _, attribute = target.partition(".py:")
    if attribute:
        return _file(Path(f"{path}.py"), attribute)
    if target.endswith(".py"):
        return _file(Path(target), "")
    if Path(target).is_dir():
        return _project(Path(target))
    return _installed(target)


def file_called(name: str) -> Path | None:
    """Return the Python file here that is served under a name, or None."""
    return next((file for file in sorted(Path().glob("*.py")) if _plain(file.stem) == name), None)


def _project(folder: Path) -> Source:
    file = folder / _PROJECT
    if not file.is_file():
        raise ValueError(f"{file}: there is no such file. fix: name a Python file with an agent, or run agenthost new")
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    project = content.get("project", {})
    named = isinstance(project, dict) and isinstance(project.get("name"), str)
    if not named:
        raise ValueError(
            f"{file}: there is no [project] with a name. fix: write [project] with name = "
            '"agenthost-…", or install the project, and name its agent'
        )
    entries = {group: _entries(file, group, project) for group in _GROUPS}
    entries = {group: each for group, each in entries.items() if each}
    if not entries:
        raise ValueError(
            f'{file}: nothing is offered to agenthost. fix: [project.entry-points."{AGENTS}"] '
            f'{project["name"]} = "module:Agent"'
        )
    modules = sorted(
        {value.partition(":")[0].partition(".")[0].strip() for each in entries.values() for value in each.values()}
    )
    roots = {module: _root(folder, module) for module in modules}
    paths = tuple(dict.fromkeys(str(root) for root in roots.values()))
    places = [place for module, root in roots.items() for place in _places(root, module)]
    return Source(
        name=str(project["name"]),
        version=str(project.get("version", _NO_VERSION)),
        entry_points=entries,
        requires=tuple(_requirements(project)),
        fields=tuple(_fields(project)),
        paths=paths,
        watched=(*map(str, places), str(file.resolve())),
        folder=str(folder.resolve()),
    )


def _entries(file: Path, group: str, project: Mapping[str, Any]) -> dict[str, str]:
    """Return the entry points of a group.

    Raises:
        ValueError: they are not a table of texts.
    """
    listed = project.get("entry-points", {})
    entries = listed.get(group, {}) if isinstance(listed, dict) else None
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        raise ValueError(
            f"{file}: the entry points of {group} are not a table of texts. "
            f'fix: [project.entry-points."{group}"] {project["name"]} = "module:Agent"'
        )
    return entries


def _root(folder: Path, module: str) -> Path:
    """Return the folder of a project from which a module is imported."""
    for name in _FOLDERS:
        if any(True for _ in _places(folder / name, module)):
            return (folder / name).resolve()
    raise ValueError(
        f"{folder / _PROJECT}: module {module!r} of an entry point is neither below src nor beside the file. "
        "fix: correct the entry point"
    )


def _places(root: Path, module: str) -> Iterator[Path]:
    for place in (root / module, root / f"{module}.py"):
        if place.exists():
            yield place.resolve()


def _requirements(project: Mapping[str, Any]) -> Iterator[str]:
    yield from project.get("dependencies", ())
    for extra, lines in project.get("optional-dependencies", {}).items():
        for line in lines:
            requirement, _, marker = line.partition(";")
            condition = f"({marker.strip()}) and " if marker else ""
            yield f"{requirement.strip()} ; {condition}extra == '{extra}'"


def _fields(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields that a build backend would write into the metadata."""
    licence = project.get("license")
    single = {
        "Summary": project.get("description"),
        "License-Expression": licence if isinstance(licence, str) else None,
        "License": licence.get("text") if isinstance(licence, dict) else None,
        "Requires-Python": project.get("requires-python"),
        "Keywords": ",".join(project.get("keywords", ())),
    }
    yield from ((name, " ".join(str(value).split())) for name, value in single.items() if value)
    yield from (("Classifier", each) for each in project.get("classifiers", ()))
    yield from (("Project-URL", f"{name}, {url}") for name, url in project.get("urls", {}).items())


def _installed(key: str) -> Source:
    """Return an installed agent or plugin by its key."""
    known = [each for each in discover(_GROUPS) if each.distribution != "agenthost"]
    found = [each for each in known if key in (each.name, f"{each.distribution}:{each.name}", each.distribution)]
    if not found:
        names = sorted({each.name for each in known})
        raise ValueError(
            f"{key!r} is neither a file, nor a folder, nor an installed package. {did_you_mean(key, names)}"
            f"Installed: {', '.join(names) or 'none'}"
        )
    return Source(name=found[0].distribution, version=found[0].version, watched=tuple(_watched(found)))


def _watched(offers: list[Candidate]) -> Iterator[str]:
    for module in sorted({each.value.partition(":")[0].partition(".")[0].strip() for each in offers}):
        spec = find_spec(module)
        if spec is not None:
            yield from spec.submodule_search_locations or ([spec.origin] if spec.origin else [])


def _file(file: Path, attribute: str) -> Source:
    if not file.is_file():
        near = did_you_mean(file.name, (each.name for each in file.parent.glob("*.py")))
        raise ValueError(f"{file}: there is no such Python file. {near}".rstrip(". "))
    if hidden := _hidden_by(file):
        raise ValueError(f"{file}: its name is that of the module {hidden}. fix: rename the file")
    folder = str(file.resolve().parent)
    found = [attribute] if attribute else _agents_in(file)
    plugin = {PLUGINS: {_plain(file.stem): file.stem}} if not attribute and _has_hooks(file) else {}
    if not found and not plugin:
        raise ValueError(
            f"{file}: there is no agent and no hook in it. fix: write class Agent(AgentBase), "
            f"or name an object or a factory of one as {file}:Name"
        )
    entries = {_key(name, file.stem, alone=len(found) == 1): f"{file.stem}:{name}" for name in found}
    if found == [""]:
        entries = {_plain(file.stem): file.stem}  # which cannot be parsed, and is reported when it is imported
    return Source(
        name=_plain(file.stem),
        entry_points=({AGENTS: entries} if entries else {}) | plugin,
        paths=(folder,),
        watched=(folder,),
        folder=folder,
        file=str(file.resolve()),
    )


def _hidden_by(file: Path) -> str:
    """Return the installed module that a file would hide, or an empty text."""
    if file.stem in sys.stdlib_module_names:
        return f"{file.stem} of Python"
    try:
        spec = find_spec(file.stem)
    except (ImportError, ValueError):
        return ""
    if spec is None or spec.origin is None or ("site-packages" not in spec.origin and file.stem != "agenthost"):
        return ""
    return f"{file.stem} in {Path(spec.origin).parent}" if not file.samefile(spec.origin) else ""


def _key(name: str, stem: str, *, alone: bool) -> str:
    if alone:
        return _plain(stem.removeprefix("agenthost_"))
    return _plain(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name.removesuffix("Agent") or name))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "agent"


def _agents_in(file: Path) -> list[str]:
    """Return the names of the agents in a file without importing it.

    If it cannot be parsed, there is one empty name. Agents are top-level classes that derive from a class of agenthost,
    and top-level objects of such classes.
    """
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return [""]
    classes: dict[str, None] = {}
    bases: set[str] = set()
    made: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names = {_last_name(base) for base in node.bases}
            if names & (_OF_AGENTHOST | classes.keys()) and not node.name.startswith("_"):
                classes[node.name] = None
                bases |= names
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            kind = _last_name(node.value.func)
            made |= {target.id: kind for target in node.targets if isinstance(target, ast.Name)}
    objects = [name for name, kind in made.items() if kind in _OF_AGENTHOST | classes.keys()]
    return [*(name for name in classes if name not in bases.union(made.values())), *objects]


def _has_hooks(file: Path) -> bool:
    """Return True if functions at the top level of a file are marked as hooks."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return False
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(_last_name(each) == "hookimpl" for node in functions for each in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    """Return ``AgentBase`` for ``AgentBase`` and for ``agenthost.AgentBase``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
