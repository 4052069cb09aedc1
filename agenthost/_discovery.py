"""Listing of entry points of installed distributions without importing any of them.

``importlib_metadata`` gives the same list, but importing it and reading names and versions costs more than ten times
the processor time, and one line that it cannot parse hides the entry points of every distribution. So the metadata
directories on ``sys.path`` are read here. Distributions that only a finder can list (zip files, eggs, custom finders on
``sys.meta_path``) come from ``importlib_metadata``, and are then treated alike.
"""

# Importing pathlib would cost as much as the whole listing.
# ruff: noqa: PTH100, PTH112, PTH119, PTH120, PTH208

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    import importlib_metadata

__all__ = [
    "AGENTS",
    "COMMANDS",
    "PLUGINS",
    "SKILLS",
    "Candidate",
    "dependencies",
    "discover",
    "extra_for",
    "missing_requirements",
    "misspelt_groups",
    "neighbours",
    "offered_alone",
    "offered_here",
    "required_by",
    "requirement_problem",
]

AGENTS = "agenthost.agents"
COMMANDS = "agenthost.commands"
PLUGINS = "agenthost"
SKILLS = "agenthost.skills"

_AT_ONCE = 65536
_TYPED = 3
"""A name that is longer or shorter by as many letters is not misspelt."""
_SEPARATORS = re.compile(r"[-_.]+")
_STANDARD_FINDERS = frozenset({"_frozen_importlib_external", "importlib_metadata"})


@attrs.frozen
class Candidate:
    """An entry point seen, not yet imported."""

    group: str
    """The entry-point group, such as ``agenthost.agents``."""
    name: str
    value: str
    """The text after it, ``package.module:attribute``, which is not checked here."""
    distribution: str
    """Canonical name of the distribution, such as ``agenthost-dental``."""
    version: str
    """Version of the distribution, empty if unknown."""
    location: str
    """Absolute path of the metadata directory, empty if a custom finder does not give it."""

    @property
    def package(self) -> str:
        """The distribution and version, for messages."""
        return f"{self.distribution} {self.version}".rstrip()

    def stamp(self) -> tuple[str, int]:
        """Return a value that changes with each installation: version and time."""
        try:
            return self.version, os.stat(self.location).st_mtime_ns if self.location else 0  # noqa: PTH116
        except OSError:
            return self.version, 0


def discover(
    groups: Collection[str] = (AGENTS, COMMANDS, PLUGINS, SKILLS), path: Sequence[str] | None = None
) -> tuple[Candidate, ...]:
    """List the entry points of *groups*, sorted by distribution and name.

    If a distribution is found more than once, the choice is that of ``importlib_metadata`` 10.1: the first
    one on *path* that has metadata, else the first one. Entries that cannot be read or parsed are ignored.

    ``path`` has the directories and archives to search, by default ``sys.path``. An empty string is the current
    directory.
    """
    candidates: list[Candidate] = []
    for distribution, metadata in sorted(_installed(sys.path if path is None else path).items()):
        if entries := _entries(metadata.read("entry_points.txt"), groups):
            version, location = metadata.version(), metadata.location
            candidates += [
                Candidate(group, name, value, distribution, version, location) for name, group, value in sorted(entries)
            ]
    return tuple(candidates)


def offered_here() -> tuple[str, ...]:
    """Return the names of the agents of the project in the current directory."""
    if not os.path.exists("pyproject.toml"):  # noqa: PTH110 - lists import no pathlib
        return ()
    import tomllib  # noqa: PLC0415 - only for a project

    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError), open("pyproject.toml", "rb") as file:  # noqa: PTH123 - as above
        return tuple(tomllib.load(file)["project"]["entry-points"][AGENTS].keys())
    return ()


def offered_alone(candidate: Candidate, groups: Collection[str]) -> tuple[Candidate, ...]:
    """List the entry points of one distribution that is still where it was.

    No other directory may have it, too. Only the names of the others are read. The result is empty where finders would
    have to be queried.
    """
    if not _only_standard_finders() or (metadata := _on_disk(sys.path)) is None:
        return ()
    places = [each.location for each in metadata if _canonical(_named(each.location)[0]) == candidate.distribution]
    if set(places) != {candidate.location}:
        return ()
    entries = _entries(_read(candidate.location, "entry_points.txt"), groups)
    return tuple(attrs.evolve(candidate, group=group, name=name, value=value) for name, group, value in sorted(entries))


def dependencies(distributions: Iterable[str]) -> dict[str, str]:
    """Return the versions of direct and indirect requirements.

    Extras and distributions that are not installed are left out.

    ``distributions`` are canonical names. They are not in the result, unless one requires another.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - dear, seldom needed

    installed = _installed(sys.path)
    found: dict[str, str] = {}
    waiting = list(distributions)
    while waiting:
        metadata = installed.get(waiting.pop())
        for line in metadata.headers("Requires-Dist") if metadata is not None else ():
            with suppress(InvalidRequirement):
                wanted = Requirement(line)
                name = _canonical(wanted.name)
                applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
                if applies and name in installed and name not in found:
                    found[name] = installed[name].version()
                    waiting.append(name)
    return found


def neighbours(candidate: Candidate) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield the distributions that share the directory of *candidate*'s own, in order of their names.

    Each is its name, the directory of its metadata, and the modules that its entry points name.
    """
    for name, metadata in sorted(_installed([os.path.dirname(candidate.location)]).items()):
        if name != candidate.distribution:
            values = re.findall(r"^[^#\[\n=]+=\s*([\w.]+)", metadata.read("entry_points.txt") or "", re.MULTILINE)
            yield name, metadata.location, frozenset(values)


def required_by(candidate: Candidate) -> frozenset[str]:
    """Return the distributions that *candidate*'s own requires, under any condition."""
    names = (re.match(r"[\w.-]+", line.strip()) for line in _requirements(candidate))
    return frozenset(_canonical(name[0]) for name in names if name)


def misspelt_groups() -> Iterator[tuple[str, str, str]]:
    """Yield entry-point groups whose names resemble those of the host.

    Each is a distribution, its group, and the group to write.
    """
    known = {_letters(group): group for group in (AGENTS, COMMANDS, PLUGINS, SKILLS)}
    for name, metadata in sorted(_installed(sys.path).items()):
        for group in re.findall(r"^\s*\[(.*?)\]\s*$", metadata.read("entry_points.txt") or "", re.MULTILINE):
            meant = known.get(_letters(group)) or _nearest(group.strip(), known.values())
            if meant is not None and group.strip() != meant:
                yield name, group, meant


def _nearest(group: str, known: Iterable[str]) -> str | None:
    """Return the group of the host that a misspelt one resembles, or None."""
    from difflib import get_close_matches  # noqa: PLC0415 - only `agenthost check` looks

    near = get_close_matches(group, list(known), 1, 0.85)
    return near[0] if near and abs(len(group) - len(near[0])) < _TYPED else None


def _letters(group: str) -> str:
    """Return the letters that several spellings of a group share."""
    return re.sub(r"[^a-z]", "", group.lower()).rstrip("s")


def requirement_problem(candidate: Candidate, host_version: str) -> str | None:
    """Return the reason that a distribution excludes this host, or None.

    Its ``Requires-Dist`` fields are compared as in PEP 440 and PEP 508. A pre-release of the host counts as a release.
    """
    problems = (_excluding(line, host_version) for line in _requirements(candidate))
    return next(filter(None, problems), None)


@lru_cache
def _excluding(line: str, host_version: str) -> str | None:
    """Return the reason that a ``Requires-Dist`` field excludes this host.

    The result is cached, as many agents share a few such fields.
    """
    if not re.match(r"\s*agenthost(?![\w.-])", line, re.IGNORECASE):
        return None
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - dear, seldom needed

    with suppress(InvalidRequirement):
        wanted = Requirement(line)
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if applies and not wanted.specifier.contains(host_version, prereleases=True):
            return f"it requires agenthost{wanted.specifier}, and this is agenthost {host_version}"
    return None


def missing_requirements(candidate: Candidate) -> tuple[str, ...]:
    """Return the requirements of a distribution, without extras, that are not installed: ``PyYAML>=6``."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - dear, seldom needed

    installed, missing = _installed(sys.path), []
    for line in _requirements(candidate):
        with suppress(InvalidRequirement):
            wanted = Requirement(line)
            applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
            if applies and _canonical(wanted.name) not in installed:
                missing.append(f"{wanted.name}{wanted.specifier}")
    return tuple(missing)


def extra_for(candidate: Candidate, module: str) -> str | None:
    """Return the extra of a distribution that is named like *module* and requires it."""
    for line in _requirements(candidate):
        requirement, _, marker = line.partition(";")
        name = re.match(r"\s*([\w.-]+)", requirement)
        extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)", marker)
        if name and extra and re.sub(r"[-_.]+", "_", name[1]).lower() == module.lower():
            return extra[1]
    return None


class _Metadata:
    """The metadata of one installed distribution, from any finder.

    ``read`` returns the text of a file in it, or None. An empty file name means the location itself.
    """

    __slots__ = ("_named", "location", "read")

    def __init__(self, location: str, read: Callable[[str], str | None]) -> None:
        self.location = location
        self.read = read
        self._named = _named(location)

    def distribution(self) -> str:
        """Return the canonical name, from the directory's name if possible."""
        return _canonical(self._named[0] or self.header("Name"))

    def version(self) -> str:
        """Return the version, from the directory's name if possible."""
        return self._named[1] or self.header("Version")

    def complete(self) -> bool:
        """Return False for the remains of an uninstalled distribution."""
        return any(self.read(file) is not None for file in ("METADATA", "PKG-INFO", ""))

    def header(self, field: str) -> str:
        """Return the first value of a core metadata field, or an empty text."""
        return next(self.headers(field), "")

    def headers(self, field: str) -> Iterator[str]:
        """Yield every value of a core metadata field, unfolded (PEP 566)."""
        text = self.read("METADATA") or self.read("PKG-INFO") or ""
        head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
        for line in re.sub(r"\r?\n(?=[ \t])", "", head).splitlines():
            name, _, value = line.partition(":")
            if name.lower() == field.lower():
                yield value.strip()


def _named(location: str) -> tuple[str, str]:
    """Return the name and version in the name of a metadata directory.

    It is ``name-version.dist-info`` or ``name[-version[-pyX.Y]].egg-info``.
    """
    stem, _, suffix = os.path.basename(location).rpartition(".")
    if suffix not in {"dist-info", "egg-info"}:
        return "", ""
    name, _, rest = stem.partition("-")
    return name, rest.partition("-")[0]


def _canonical(name: str) -> str:
    return name.lower() if name.isalnum() else _SEPARATORS.sub("-", name).lower()


def _installed(path: Sequence[str]) -> dict[str, _Metadata]:
    """Find the distributions on *path* by canonical name."""
    found = _on_disk(path) if _only_standard_finders() else None
    copies: dict[str, list[_Metadata]] = {}
    for metadata in _from_finders(path) if found is None else found:
        name = metadata.distribution()
        # pip renames a distribution that it replaces to "~name" and ignores the rest of it. The same applies here.
        if name[:1].isalnum():
            copies.setdefault(name, []).append(metadata)
    return {
        name: several[0] if len(several) == 1 else max(several, key=_Metadata.complete)
        for name, several in copies.items()
    }


def _on_disk(directories: Iterable[str]) -> list[_Metadata] | None:
    """Return the metadata directories in *directories*.

    Return None if one of *directories* is an archive or an egg.
    """
    found = []
    for directory in map(os.path.abspath, directories):
        if directory.lower().endswith(".egg"):
            return None
        try:
            names = os.listdir(directory)
        except NotADirectoryError:
            return None
        except (OSError, ValueError):
            continue
        found += [_at(f"{directory}/{name}") for name in names if name.endswith((".dist-info", ".egg-info"))]
    return found


def _at(location: str) -> _Metadata:
    return _Metadata(location, partial(_read, location))


def _read(location: str, file: str) -> str | None:
    try:
        opened = os.open(f"{location}/{file}" if file else location, os.O_RDONLY)  # half the calls of open()
    except (OSError, ValueError):
        return None
    try:
        parts = []
        while part := os.read(opened, _AT_ONCE):
            parts.append(part)
        return b"".join(parts).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(opened)


def _only_standard_finders() -> bool:
    return all(
        not hasattr(finder, "find_distributions") or getattr(finder, "__module__", "") in _STANDARD_FINDERS
        for finder in sys.meta_path
    )


def _from_finders(directories: Sequence[str]) -> Iterator[_Metadata]:
    """Query each finder on ``sys.meta_path`` separately, so that a broken one hides no others."""
    import importlib_metadata  # noqa: PLC0415 - costs more than the whole listing without it

    context = importlib_metadata.DistributionFinder.Context(path=list(directories))  # type: ignore[no-untyped-call]
    for finder in sys.meta_path:
        with suppress(Exception):
            for distribution in getattr(finder, "find_distributions", lambda _: ())(context):
                location = str(getattr(distribution, "_path", ""))
                location = location and os.path.abspath(location)
                elsewhere = not os.path.isdir(location)
                yield _Metadata(location, partial(_ask, distribution)) if elsewhere else _at(location)


def _ask(distribution: importlib_metadata.Distribution, file: str) -> str | None:
    with suppress(Exception):
        text: str | None = distribution.read_text(file)
        return text
    return None


def _entries(text: str | None, groups: Collection[str]) -> list[tuple[str, str, str]]:
    """Parse entry_points.txt into (name, group, value), ignoring invalid lines.

    The format: https://packaging.python.org/en/latest/specifications/entry-points/#file-format
    """
    found: list[tuple[str, str, str]] = []
    if text is None or not any(group in text for group in groups):
        return found
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line.strip("[]")
        elif group in groups and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if equals and name.strip():
                found.append((name.strip(), group, value.strip()))
    return found


def _requirements(candidate: Candidate) -> Iterable[str]:
    if candidate.location.endswith(".dist-info") and os.path.isdir(candidate.location):
        return _at(candidate.location).headers("Requires-Dist")
    import importlib_metadata  # noqa: PLC0415 - eggs and archives say it elsewhere

    with suppress(Exception):
        return importlib_metadata.requires(candidate.distribution) or ()
    return ()
