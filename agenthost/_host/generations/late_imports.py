"""Late imports: modules of hosted distributions that are first imported while a host serves.

A finder before the others of ``sys.meta_path`` compares their files with the manifest. A file that has changed since
is refused: the process would run two versions of one distribution. Bytecode that is older than its source is not used:
Python takes it for current if the size and the second of the change are the same, as after two quick edits.
"""

from __future__ import annotations

import logging
import os
import sys
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING

from agenthost._discovery import AGENTS, PLUGINS, offered_alone
from agenthost._host.generations.contents import held_files
from agenthost._host.generations.manifest import modules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

    from agenthost._discovery import Candidate
    from agenthost._host.generations.contents import HeldFile

__all__ = ["LateImports"]

_log = logging.getLogger("agenthost.generations")


class LateImports:
    """The finder of one process.

    ``files`` are those of the hosted distributions, by path, each with its distribution. ``withheld`` are modules
    whose import did not end within a number of seconds; they are not imported again. ``lock`` is the path of the lock
    file, and that file; None where it was not followed. ``report`` is called with the name of a distribution that has
    changed.
    """

    def __init__(
        self,
        files: Mapping[str, tuple[str, HeldFile]],
        withheld: Mapping[str, float],
        lock: tuple[str, HeldFile] | None = None,
    ) -> None:
        self._files = files
        self._withheld = withheld
        self._lock = lock
        self.report: Callable[[str], object] = lambda _: None

    @classmethod
    def of_this_process(cls) -> LateImports | None:
        """Return the finder of this process, or None where it serves no generation."""
        return next((finder for finder in sys.meta_path if isinstance(finder, cls)), None)

    def files_of(self, distribution: str) -> dict[str, HeldFile]:
        """Return the files of a distribution as they were decided, by their paths."""
        return {path: file for path, (name, file) in self._files.items() if name == distribution}

    def has_as_it_is(self, candidate: Candidate) -> bool:
        """Return True if a distribution and the lock file are as they were decided.

        False where that takes a look at everything that is installed.
        """
        if self._lock is None or not self._lock[1].is_same(self._lock[0]):
            return False
        offers = offered_alone(candidate, (AGENTS, PLUGINS))
        if not offers:
            return False
        return held_files(candidate.location, modules_of(offers)) == self.files_of(candidate.distribution)

    def install(self) -> None:
        """Put this finder before the others."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as the other finders do, and compare its file.

        Raises:
            ImportError: the file has changed.
            TimeoutError: the module is withheld.
        """
        if name in self._withheld:
            raise TimeoutError(f"did not finish loading within {self._withheld[name]:g} s")
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                known = self._files.get(spec.origin or "")
                if known is not None and spec.origin is not None:
                    self._compare(name, spec.origin, *known)
                    if type(spec.loader) is SourceFileLoader and _is_older(spec.cached, spec.origin):
                        spec.loader = _FromSource(name, spec.origin)
                return spec
        return None

    def _compare(self, name: str, path: str, distribution: str, file: HeldFile) -> None:
        if file.is_same(path):
            return
        _log.error(
            "module %s is refused: its file has changed since this host loaded %s. fix: agenthost reload",
            name,
            distribution,
        )
        self.report(distribution)
        msg = f"{path} has changed since this host loaded {distribution}. fix: agenthost reload"
        raise ImportError(msg, name=name, path=path)


class _FromSource(SourceFileLoader):
    """A loader that uses no bytecode."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the module."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _is_older(bytecode: str | None, source: str) -> bool:
    """Return True if there is bytecode from before the last change of its source."""
    try:
        return bytecode is not None and os.stat(bytecode).st_mtime_ns < os.stat(source).st_mtime_ns  # noqa: PTH116 - as above
    except OSError:
        return False
