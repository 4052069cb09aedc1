"""What a person is told about a package that failed: the reason in one line, and what mends it."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._discovery import PLUGINS, extra_for
from agenthost._host.config.key_paths import key_path
from agenthost._host.packages.crash_journal import Deadly
from agenthost.errors import AgentHostError, ConfigurationError, UnsupportedHost

if TYPE_CHECKING:
    from agenthost._discovery import Candidate

__all__ = ["Diagnosed", "Diagnosis", "diagnose", "off"]

_MOST_CHARACTERS = 240


@frozen
class Diagnosis:
    """Why something was set aside.

    Args:
        reason: one line.
        remedy: a command to run or a line to write.
    """

    reason: str
    remedy: str


class Diagnosed(Exception):  # noqa: N818 - the package's state, not its error
    """A package failed elsewhere, where it was diagnosed.

    Args:
        diagnosis: what was found.
    """

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(diagnosis.reason)
        self.diagnosis = diagnosis


def diagnose(error: BaseException, candidate: Candidate, key: str) -> Diagnosis:
    """Explain what a package did while it was loaded.

    Args:
        error: what it raised.
        candidate: the package.
        key: the agent's or plugin's key, for the line that switches it off.
    """
    if isinstance(error, Diagnosed):
        return error.diagnosis
    if isinstance(error, Deadly):
        return Diagnosis(str(error), error.remedy)
    return Diagnosis(_one_line(_reason(error, candidate)), _remedy(error, candidate, key))


def off(candidate: Candidate, key: str) -> str:
    """The line of agenthost.toml that switches an agent or a plugin off."""
    if candidate.group == PLUGINS:
        return f'[plugins] disable = ["{key}"]'
    return f"[{key_path('agents', key)}] enabled = false"


def _reason(error: BaseException, candidate: Candidate) -> str:
    if isinstance(error, SystemExit):
        return f"it called sys.exit({_said(error)}) while loading"
    said = _said(error)
    if isinstance(error, (AgentHostError, ImportError, TimeoutError)):
        return said or type(error).__name__
    return f"{type(error).__name__}{said and ': '}{said}{_place(error, candidate)}"


def _said(error: BaseException) -> str:
    """An error's own words; a package's ``__str__`` may itself do anything."""
    try:
        return repr(error.code) if isinstance(error, SystemExit) else str(error)
    except BaseException:  # noqa: BLE001 - it must not keep the other packages from being served
        return ""


def _place(error: BaseException, candidate: Candidate) -> str:
    """The last line of the package's own code that the error passed, such as ``(agenthost_dental.py:12)``."""
    package = candidate.value.partition(":")[0].partition(".")[0]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if found := re.search(rf"[\\/]({re.escape(package)}(?:\.py|[\\/].*))$", frame.filename):
            return f" ({found[1]}:{frame.lineno})"
    return ""


def _one_line(text: str) -> str:
    """Printable and short: a package's words must not move a terminal's cursor or fill its screen."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= _MOST_CHARACTERS else flat[: _MOST_CHARACTERS - 1] + "…"


def _remedy(error: BaseException, candidate: Candidate, key: str) -> str:
    distribution = candidate.distribution
    if isinstance(error, UnsupportedHost):
        return f"pip install --upgrade agenthost {distribution}"
    if isinstance(error, ModuleNotFoundError):
        return _install_missing(str(error.name or "").partition(".")[0], candidate)
    if isinstance(error, TimeoutError):
        return f"[host] build_timeout = 60 in agenthost.toml gives it longer; {off(candidate, key)} switches it off"
    if isinstance(error, ConfigurationError):
        return "do as it says, then run agenthost check"
    return f"pip install --upgrade {distribution}; or switch it off in agenthost.toml: {off(candidate, key)}"


def _install_missing(module: str, candidate: Candidate) -> str:
    if not module.isidentifier() or module == candidate.value.partition(":")[0].partition(".")[0]:
        return f"pip install --force-reinstall {candidate.distribution}"
    if extra := extra_for(candidate, module):
        return f"pip install '{candidate.distribution}[{extra}]'"
    return f"pip install {module}"
