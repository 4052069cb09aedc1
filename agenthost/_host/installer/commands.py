"""Commands of installers: what each of them is called with to change an environment."""

from __future__ import annotations

import os
import re
import shlex
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Command", "Installer", "Pip", "Pipx", "Uv", "UvTool", "name_of"]

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@frozen(eq=False, repr=False)
class Command:
    """A command of an installer."""

    words: tuple[str, ...]
    """The program, as it is started, and its arguments."""
    program: tuple[str, ...]
    """The program as people write it: ``pip`` for ``/srv/venv/bin/python -m pip``."""
    started: int = 1
    """The number of ``words`` that start the program."""

    def __str__(self) -> str:
        return shlex.join((*self.program, *self.words[self.started :]))


class Installer(ABC):
    """An installer of packages, and the environment that it changes."""

    name: ClassVar[str]

    @abstractmethod
    def install(self, *requirements: str) -> Command:
        """Return the command that installs requirements."""

    @abstractmethod
    def develop(self, project: str) -> Command:
        """Return the command that installs a project in editable mode: its folder, with extras."""

    @abstractmethod
    def upgrade(self, *requirements: str) -> Command:
        """Return the command that installs the newest versions of requirements, and no others."""

    @abstractmethod
    def reinstall(self, *requirements: str) -> Command:
        """Return the command that installs requirements again, over the files that are there."""

    @abstractmethod
    def uninstall(self, *names: str) -> Command:
        """Return the command that removes distributions."""


@frozen(eq=False, repr=False)
class Pip(Installer):
    """pip, in the environment of an interpreter."""

    name: ClassVar[str] = "pip"
    python: str

    def install(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command("install", *requirements)

    def develop(self, project: str) -> Command:
        """See ``Installer``."""
        return self._command("install", "--editable", project)

    def upgrade(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command("install", "--upgrade", *requirements)

    def reinstall(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command("install", "--force-reinstall", "--no-deps", *requirements)

    def uninstall(self, *names: str) -> Command:
        """See ``Installer``."""
        return self._command("uninstall", "--yes", *names)

    def _command(self, *arguments: str) -> Command:
        return Command((self.python, "-m", "pip", *arguments), ("pip",), 3)


@frozen(eq=False, repr=False)
class Uv(Installer):
    """uv, in the environment of an interpreter.

    ``active`` is True if uv finds the environment by itself.
    """

    name: ClassVar[str] = "uv"
    uv: str
    python: str
    active: bool = False

    def install(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command("install", *requirements)

    def develop(self, project: str) -> Command:
        """See ``Installer``."""
        return self._command("install", "--editable", project)

    def upgrade(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command("install", *_each("--upgrade-package", requirements), *requirements)

    def reinstall(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command("install", "--no-deps", *_each("--reinstall-package", requirements), *requirements)

    def uninstall(self, *names: str) -> Command:
        """See ``Installer``."""
        return self._command("uninstall", *names)

    def _command(self, verb: str, *arguments: str) -> Command:
        where = () if self.active else ("--python", self.python)
        return Command((self.uv, "pip", verb, *where, *arguments), ("uv",))


@frozen(eq=False, repr=False)
class UvTool(Installer):
    """``uv tool``: the environment of one command, whose requirements are always named together.

    ``tool`` is the distribution that has the command. ``requirements`` are those that uv has recorded.
    """

    name: ClassVar[str] = "uv tool"
    uv: str
    tool: str
    requirements: tuple[str, ...]

    def install(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command(self._with(requirements))

    def develop(self, project: str) -> Command:
        """See ``Installer``."""
        return self._command(self.requirements, "--with-editable", project)

    def upgrade(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command(self._with(requirements), *_each("--upgrade-package", requirements))

    def reinstall(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command(self._with(requirements), *_each("--reinstall-package", requirements))

    def uninstall(self, *names: str) -> Command:
        """See ``Installer``."""
        gone = {name_of(name) for name in names}
        return self._command([each for each in self.requirements if name_of(each) not in gone])

    def _with(self, requirements: Iterable[str]) -> list[str]:
        """Return the recorded requirements, with some of them replaced and others added."""
        found = {name_of(each): each for each in (*self.requirements, *requirements)}
        return list(found.values())

    def _command(self, requirements: Sequence[str], *options: str) -> Command:
        own = next((each for each in requirements if name_of(each) == name_of(self.tool)), self.tool)
        others = [each for each in requirements if each != own]
        beside = [word for each in others for word in ("--with", each)]
        return Command((self.uv, "tool", "install", *options, own, *beside), ("uv",))


@frozen(eq=False, repr=False)
class Pipx(Installer):
    """pipx: the environment of one command, into which other packages are injected.

    ``tool`` is the distribution that has the command. Without ``--force``, pipx leaves an injected package as it is,
    also when another version is asked for.
    """

    name: ClassVar[str] = "pipx"
    pipx: str
    tool: str

    def install(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._command("inject", "--force", self.tool, *requirements)

    def develop(self, project: str) -> Command:
        """See ``Installer``."""
        return self._command("inject", "--force", "--editable", self.tool, project)

    def upgrade(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._pip("--upgrade", *requirements)

    def reinstall(self, *requirements: str) -> Command:
        """See ``Installer``."""
        return self._pip("--force-reinstall", "--no-deps", *requirements)

    def uninstall(self, *names: str) -> Command:
        """See ``Installer``."""
        return self._command("uninject", self.tool, *names)

    def _pip(self, *arguments: str) -> Command:
        """Return a command of the environment's own pip, which runs in another directory."""
        return self._command("runpip", self.tool, "install", *map(_anywhere, arguments))

    def _command(self, *arguments: str) -> Command:
        return Command((self.pipx, *arguments), ("pipx",))


def name_of(requirement: str) -> str:
    """Return the canonical name in a requirement.

    A path or a URL is returned as it is.
    """
    found = None if "/" in requirement.partition("@")[0] else _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else requirement


def _anywhere(argument: str) -> str:
    """Return an argument with its path made absolute."""
    path = Path(argument)
    return os.path.normpath(path.absolute()) if argument.startswith(".") or path.exists() else argument


def _each(option: str, requirements: Iterable[str]) -> list[str]:
    """Return an option once for each name in requirements."""
    return [
        word for each in requirements if name_of(each) != each or "/" not in each for word in (option, name_of(each))
    ]
