"""Scenarios of an agent: the files ``*.call.toml`` of its package or project."""

from __future__ import annotations

import os
import tomllib
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._host.generations.contents import editable_folder, recorded_files
from agenthost._host.generations.owners import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan

__all__ = ["FoundScenario", "found_scenarios"]

_SUFFIX = ".call.toml"
_MOST_FOLDERS, _MOST_FILES = 2000, 200
"""The most that is looked at in a project. A command is for more."""
_NOT_ITS_OWN = ("node_modules", "site-packages", "__pycache__")


@frozen
class FoundScenario:
    """A scenario file.

    Args:
        name: its name among those of the agent, for paths.
        file: its path.
        title: its title.
        calls: the route or SIP address that it calls, or an empty text.
        text: its content.
        digest: the digest of its content.
    """

    name: str
    file: str
    title: str
    calls: str
    text: str
    digest: str


def found_scenarios(plan: HostPlan, agent: Mounted) -> list[FoundScenario]:
    """Return the scenarios of an agent.

    They are those of its package that call it, and those that call no agent of its package.
    """
    siblings = [each for each in plan.agents if each.distribution == agent.distribution]
    names: set[str] = set()
    found = []
    for file in sorted(islice(_files(agent), _MOST_FILES)):
        scenario = _read(file, names)
        if _is_called(agent, scenario.calls) or not any(_is_called(each, scenario.calls) for each in siblings):
            names.add(scenario.name)
            found.append(scenario)
    return found


def _files(agent: Mounted) -> Iterator[str]:
    location = agent.selected.candidate.location
    if not location:
        yield from _below(".") if agent.distribution == PROGRAM else ()
    elif folder := editable_folder(location):
        yield from _below(folder)
    else:
        yield from recorded_files(location, _SUFFIX)


def _below(folder: str) -> Iterator[str]:
    for directory, folders, names in islice(os.walk(folder), _MOST_FOLDERS):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_ITS_OWN]
        yield from (str(Path(directory, name).absolute()) for name in names if name.endswith(_SUFFIX))


def _read(file: str, taken: Iterable[str]) -> FoundScenario:
    """Return a scenario, also if its file has a mistake, which running it reports."""
    try:
        content = Path(file).read_bytes()
        told = tomllib.loads(content.decode())
    except (OSError, ValueError):
        content, told = b"", {}
    own = Path(file).name.removesuffix(_SUFFIX)
    name = next(each for each in _numbered(own) if each not in taken)
    calls, title = told.get("agent", ""), told.get("title", own)
    return FoundScenario(name, file, str(title), str(calls), content.decode(), sha256(content).hexdigest()[:16])


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def _is_called(agent: Mounted, calls: str) -> bool:
    if calls.startswith("/"):
        short = agent.key.rpartition(":")[2]
        return calls.rstrip("/") in {each.rstrip("/") for each in (agent.route, agent.own.route, f"/{short}") if each}
    return calls.removeprefix("sip:").partition("@")[0].lower() in {each.lower() for each in agent.sip}
