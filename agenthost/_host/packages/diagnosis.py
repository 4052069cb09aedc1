"""Diagnosis: the reason that a package failed, in one line, and the fix."""

from __future__ import annotations

import re
from types import NoneType
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._discovery import AGENTS, PLUGINS, extra_for, missing_requirements, required_by
from agenthost._error_words import author_traceback, message_of, near_name, one_line, summary_of
from agenthost._host.config.place import key_path
from agenthost._host.generations.contents import is_editable
from agenthost._host.installer.environment import installer
from agenthost.errors import AgentHostError, ConfigurationError, DefinitionError, UnsupportedHost

if TYPE_CHECKING:
    from agenthost._discovery import Candidate

__all__ = ["AgentOfSdk", "Diagnosed", "Diagnosis", "diagnose", "disable_line", "timeout_remedy", "upgrade_remedy"]


_PATH = re.compile(r" \([^()]*[\\/][^()]*\)$")
"""The file at the end of a message of Python's import."""
_SUGGESTION = re.compile(r"\.? Did you mean '[^']*'\?$")
"""The near name that Python 3.13 puts into a message itself."""
_MAIN_THREAD = ("signal only works in main thread", "There is no current event loop in thread", "main thread is not in")
"""Words of errors that a package raises because it is not loaded in the main thread."""
_NOT_UTF_8 = ("cannot contain null bytes", "codec can't decode", "Non-UTF-8")
"""Words of errors about the encoding of a source file."""


@frozen
class Diagnosis:
    """The reason that an agent or a plugin was quarantined, and the fix."""

    reason: str
    remedy: str
    traceback: str = field(default="", eq=False, repr=False)
    """The frames of the author's files, and the exception; empty if there was none."""

    def report(self) -> dict[str, str]:
        """Return the reason and the fix as JSON."""
        return {"reason": self.reason, "remedy": self.remedy}


class Diagnosed(Exception):  # noqa: N818 - the package's state, not its error
    """A package failed in another process, which made the diagnosis."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(diagnosis.reason)
        self.diagnosis = diagnosis


class AgentOfSdk(DefinitionError):  # noqa: N818 - the object, not its error
    """An agent of SignalWire's SDK that no plugin adapts."""

    remedy = (
        "pip install agenthost-signalwire, which serves it unchanged, or change its imports (docs/how-to/migrate.md)"
    )


def diagnose(error: BaseException, candidate: Candidate, key: str) -> Diagnosis:
    """Explain the failure of a package.

    Its author reads what to correct, and where; others read how to upgrade it, or to switch it off.

    ``key`` is the agent's or plugin's key, for the line that switches it off.
    """
    if isinstance(error, Diagnosed):
        return error.diagnosis
    own = bool(candidate.location) and is_editable(candidate.location)
    reason, remedy = _reason(error, candidate, own=own), _remedy(error, candidate, key, own=own)
    if isinstance(error, AgentOfSdk):
        return Diagnosis(reason.partition(" fix: ")[0], error.remedy)
    if own and isinstance(error, (AgentHostError, ImportError)):
        reason, _, fix = reason.partition(" fix: ")
        place = _last_line(error, candidate)
        reason = reason.rstrip(".") + (f" ({place})" if place and ".py:" not in reason else "")
        remedy = fix.rstrip(".") or remedy
    return Diagnosis(reason, remedy, author_traceback(error, _top_level(candidate)))


def disable_line(candidate: Candidate, key: str) -> str:
    """Return the line of agenthost.toml that switches an agent or a plugin off."""
    if candidate.group == PLUGINS:
        return f'[plugins] disable = ["{key}"]'
    return f"[{key_path('agents', key)}] enabled = false"


def timeout_remedy(candidate: Candidate, key: str) -> str:
    """Return the remedy for a package that loads too slowly."""
    more = "[host] build_timeout = 60 in agenthost.toml gives it more time"
    return f"{more}; {disable_line(candidate, key)} switches it off" if _can_be_disabled(candidate) else more


def upgrade_remedy(candidate: Candidate, key: str) -> str:
    """Return the remedy for a package that fails."""
    upgrade = str(installer().upgrade(candidate.distribution))
    line = f"; or switch it off in agenthost.toml: {disable_line(candidate, key)}"
    return upgrade + (line if _can_be_disabled(candidate) else "")


def _can_be_disabled(candidate: Candidate) -> bool:
    return candidate.group in (AGENTS, PLUGINS)


def _reason(error: BaseException, candidate: Candidate, *, own: bool) -> str:
    if isinstance(error, SystemExit):
        code = repr(error.code) if isinstance(error.code, (int, str, NoneType)) else type(error.code).__name__
        return f"it called sys.exit({one_line(code)}) while loading"
    if isinstance(error, (AgentHostError, TimeoutError)):
        return message_of(error) or type(error).__name__
    if isinstance(error, ModuleNotFoundError) and (not own or _declares(str(error.name or ""), candidate)):
        return message_of(error)
    near = near_name(error) if own else ""
    if isinstance(error, ImportError):
        message = message_of(error) or type(error).__name__
        return f"{_PATH.sub('', message) if own else message}{near}"
    if isinstance(error, SyntaxError) and own:
        return f"{type(error).__name__}: {one_line(error.msg)}{_place(error, candidate)}"
    summary = _SUGGESTION.sub("", summary_of(error)) if near else summary_of(error)
    return f"{summary}{near}{_place(error, candidate)}"


def _declares(module: str, candidate: Candidate) -> bool:
    """Return True if a distribution requires a package that may have a module."""
    name = module.partition(".")[0].replace("_", "-").lower()
    return name in required_by(candidate) or bool(extra_for(candidate, module) or missing_requirements(candidate))


def _place(error: BaseException, candidate: Candidate) -> str:
    """Return the last line of the package's own code: ``(agenthost_dental.py:12)``."""
    place = _last_line(error, candidate)
    return f" ({place})" if place else ""


def _last_line(error: BaseException, candidate: Candidate) -> str:
    import traceback  # noqa: PLC0415 - lists pay for none

    package = _top_level(candidate)
    pattern = rf"(?:^|[\\/])({re.escape(package)}(?:\.py|[\\/].*))$"
    if isinstance(error, SyntaxError) and (found := re.search(pattern, error.filename or "")):
        return f"{one_line(found[1])}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if found := re.search(pattern, frame.filename):
            return f"{one_line(found[1])}:{frame.lineno}"
    return ""


def _remedy(error: BaseException, candidate: Candidate, key: str, *, own: bool) -> str:
    distribution = candidate.distribution
    if isinstance(error, UnsupportedHost):
        again = "correct the requirement on agenthost in pyproject.toml, or "
        return f"{again if own else ''}{installer().upgrade('agenthost', *(() if own else (distribution,)))}"
    if isinstance(error, ModuleNotFoundError):
        return _install_missing(str(error.name or "").partition(".")[0], candidate, key, own=own)
    if isinstance(error, TimeoutError):
        return timeout_remedy(candidate, key)
    if candidate.group == AGENTS and any(words in summary_of(error) for words in _MAIN_THREAD):
        return f'[{key_path("agents", key)}] isolation = "process" loads it in a main thread of its own'
    if isinstance(error, ConfigurationError):
        return "follow the message, then run agenthost check"
    if own and isinstance(error, SyntaxError) and any(words in str(error.msg) for words in _NOT_UTF_8):
        return f"save {_last_line(error, candidate).rpartition(':')[0] or _top_level(candidate)} as UTF-8"
    if own:
        return _correction(error, candidate)
    return upgrade_remedy(candidate, key)


def _correction(error: BaseException, candidate: Candidate) -> str:
    """Return the remedy for the author of a package."""
    place = _last_line(error, candidate)
    if place and not isinstance(error, (DefinitionError, SystemExit)):
        return f"correct {place}"
    if candidate.value.partition(":")[0].strip() and not place:
        return f"correct {candidate.value.partition('[')[0].strip()}, or its entry point in pyproject.toml"
    return f"correct {place or candidate.distribution}"


def _install_missing(module: str, candidate: Candidate, key: str, *, own: bool) -> str:
    distribution = candidate.distribution
    if not module.isidentifier() or module == _top_level(candidate):
        return (
            f"correct the entry point {candidate.name} in pyproject.toml"
            if own
            else str(installer().reinstall(distribution))
        )
    if extra := extra_for(candidate, module):
        return str(installer().install(f"{distribution}[{extra}]"))
    name = module.replace("_", "-").lower()
    if name in required_by(candidate):
        return str(installer().install(name))
    if missing := missing_requirements(candidate):
        requires = f"{distribution} requires {', '.join(missing)}, which is not installed: "
        return f"{requires}{installer().install(*missing)}"
    if own:
        return f"correct the import, or add the package that has {module!r} to dependencies in pyproject.toml"
    again = (
        f"{installer().upgrade(distribution)}; if {module!r} is still missing, {distribution} does not declare the "
        "package that has it, which its author has to correct"
    )
    return f"{again}. {disable_line(candidate, key)} switches it off" if _can_be_disabled(candidate) else again


def _top_level(candidate: Candidate) -> str:
    """Return the top-level module of an entry point."""
    return candidate.value.partition(":")[0].partition(".")[0].strip()
