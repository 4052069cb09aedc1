"""Foreign modules: a module that an entry point names, and that another distribution put there.

Two distributions may ship a module of one name; the installer lets the second overwrite the first, and the entry points
of both then lead to the same agent.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._discovery import neighbours, required_by
from agenthost._host.generations.contents import listing
from agenthost._host.packages.diagnosis import Diagnosed, Diagnosis

if TYPE_CHECKING:
    from agenthost._discovery import Candidate

__all__ = ["ModuleCheck"]


@frozen
class ModuleCheck:
    """The check of one load, which reads each module once.

    Many agents of a package share a module.
    """

    _passed: set[tuple[str, str]] = field(factory=set)

    def refuse_foreign(self, candidate: Candidate) -> None:
        """Refuse a module that is imported, and is another distribution's.

        Raises:
            Diagnosed: its file is not as its own distribution recorded it, or that does not list it; and another one
                has it, which its own does not require.
        """
        module = candidate.value.partition(":")[0].strip()
        file = getattr(sys.modules.get(module), "__file__", None)
        if file and candidate.location and (candidate.location, module) not in self._passed:
            _refuse_foreign(candidate, module, file)
            self._passed.add((candidate.location, module))


def _refuse_foreign(candidate: Candidate, module: str, file: str) -> None:
    directory = os.path.dirname(candidate.location)  # noqa: PTH120 - every start pays for pathlib
    name = os.path.relpath(file, directory).replace(os.sep, "/")
    if name.startswith("..") or listing(candidate.location, name) in ("same", "unknown"):
        return
    required = required_by(candidate)
    for other, location, modules in neighbours(candidate):
        has = listing(location, name)
        named = has == "unknown" and module in modules
        if (has in ("same", "changed") or named) and other not in required:
            reason = f"its module {name} is that of {other}, which has one of the same name"
            remedy = f"uninstall {other} or {candidate.distribution}, until one of them renames its module"
            raise Diagnosed(Diagnosis(reason, remedy))
