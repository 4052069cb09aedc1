"""Loading in a child process, which finds a package that ends the process."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from agenthost._host.installer.environment import installer
from agenthost._host.packages.crash_journal import Journal
from agenthost._host.packages.diagnosis import Diagnosis
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["result_of", "survive"]

T = TypeVar("T")

_ORDERLY = b"."
_UNNAMED = 2
"""Processes that may end without a package that was being loaded."""


def survive(state_dir: str, work: Callable[[Mapping[str, Diagnosis]], int]) -> int:
    """Do work that loads packages, and begin again without those that ended the process.

    Where the system has no fork, the work is done in this process.

    ``work`` takes the distributions that must not be loaded, each with the reason, and returns the exit code.

    Returns:
        The exit code. It is returned in the child, too, which goes on with it.

    Raises:
        PlanError: the process ended, and the journal names no package.
    """
    deadly: dict[str, Diagnosis] = {}
    unnamed = 0
    while hasattr(os, "fork"):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            try:
                return work(MappingProxyType(deadly))
            finally:  # an error is orderly, too: only ``os._exit`` and signals pass this by
                os.write(writing, _ORDERLY)
        os.close(writing)
        orderly = os.read(reading, 1) == _ORDERLY
        os.close(reading)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if orderly:
            return code
        ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        package = Journal(state_dir).left_by(child)
        if package is None and unnamed < _UNNAMED:  # a signal to the whole process can arrive after the package's end
            unnamed += 1
            continue
        if package is None or package[0] in deadly:
            raise PlanError(f"loading the packages ended the process ({ended}), and none can be named")
        distribution, version = package
        deadly[distribution] = Diagnosis(
            f"{distribution} {version} ended the process while it was loaded ({ended})",
            f'{installer().upgrade(distribution)}; or isolation = "process" in the section of its agent',
        )
    return work(deadly)


def result_of(state_dir: str, work: Callable[[Mapping[str, Diagnosis]], T]) -> T:
    """Return the result of work that loads packages, without their imports in this process.

    ``work`` is called as by ``survive``. Its result can be pickled.

    Raises:
        SystemExit: the work failed, and the child has reported it.
        PlanError: see ``survive``.
    """
    parent = os.getpid()
    with tempfile.TemporaryFile() as file:

        def write(deadly: Mapping[str, Diagnosis]) -> int:
            pickle.dump(work(deadly), file)
            file.flush()
            return 0

        code = survive(state_dir, write)
        if os.getpid() != parent:
            os._exit(code)
        if code:
            raise SystemExit(code)
        file.seek(0)
        result: T = pickle.load(file)  # noqa: S301 - this program wrote it
        return result
