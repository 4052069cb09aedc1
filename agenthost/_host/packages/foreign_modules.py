"""Foreign modules: a module that an entry point names, and that another distribution put there.

Two distributions may ship a module of one name; the installer lets the second overwrite the first, and the entry points
of both then lead to the same agent.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from agenthost._discovery import neighbours, required_by
from agenthost._host.generations.contents import listing
from agenthost._host.packages.diagnosis import Diagnosed, Diagnosis

if TYPE_CHECKING:
    from agenthost._discovery import Candidate

__all__ = ["refuse_foreign"]


def refuse_foreign(candidate: Candidate) -> None:
    """Refuse a module that is imported, and is another distribution's.

    Raises:
        Diagnosed: its file is not as its own distribution recorded it, or that does not list it; and another one has
            it, which its own does not require.
    """
    module = candidate.value.partition(":")[0].strip()
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file or not candidate.location:
        return
    directory = os.path.dirname(candidate.location)  # noqa: PTH120 - every start pays for pathlib
    name = os.path.relpath(file, directory).replace(os.sep, "/")
    if name.startswith("..") or listing(candidate.location, name) in ("same", "unknown"):
        return
    required = required_by(candidate)
    for other in neighbours(candidate):
        has = listing(other.location, name)
        named = has == "unknown" and module in other.modules
        if (has in ("same", "changed") or named) and other.distribution not in required:
            reason = f"its module {name} is that of {other.distribution}, which has one of the same name"
            remedy = f"uninstall {other.distribution} or {candidate.distribution}, until one of them renames its module"
            raise Diagnosed(Diagnosis(reason, remedy))
