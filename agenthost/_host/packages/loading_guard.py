"""The loading guard: it undoes changes to the process that an import makes.

Standard output is the host's own: output of packages while they are loaded goes to standard error, and standard input
is empty. After each package, its changes to the process are undone, and the package is named.
"""

from __future__ import annotations

import io
import locale
import logging
import os
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LoadingGuard", "streams_aside"]

_OWN_VARIABLES = ("AGENTHOST_", "SWML_", "SIGNALWIRE_", "PYTHON")
_OWN_LOGGER = "agenthost"


@contextmanager
def streams_aside() -> Iterator[None]:
    """Redirect output during the block to standard error, and empty standard input."""
    kept = sys.stdin, sys.stdout, sys.stderr
    with open(os.devnull, encoding="utf-8") as nothing:  # noqa: PTH123 - every start pays for pathlib
        aside = _beside(kept[2]), _beside(kept[2])
        sys.stdin, (sys.stdout, sys.stderr) = nothing, aside
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = kept
            for stream in aside:
                with suppress(OSError, ValueError):  # full, or closed by a package
                    stream.flush()


def _beside(stream: TextIO | None) -> TextIO:
    """Return a new stream to the target of ``stream``.

    So a package may close, detach or replace it.
    """
    try:
        number = stream.fileno() if stream is not None else -1
        raw = io.FileIO(number, "w", closefd=False)
    except (OSError, ValueError):
        return stream or io.StringIO()
    return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)


class LoadingGuard:
    """Undoes the changes to the process that packages make while they are loaded.

    Packages are loaded one at a time.
    """

    def __init__(self) -> None:
        self._changes: dict[str, list[str]] = {}
        self._open: tuple[str, _Process] | None = None
        self._restored: _Process | None = None

    @contextmanager
    def around(self, package: str) -> Iterator[None]:
        """Load a package in the block."""
        self.close()
        self._open = opened = (package, self._begin())
        try:
            yield
        finally:
            if self._open is opened:  # otherwise it was left behind, and the next one has begun
                self.close()

    def _begin(self) -> _Process:
        """Return the state before a package.

        It is the one that was restored after the package before it.
        """
        if self._restored is None:
            return _Process.now()
        self._restored.begin_again()
        return self._restored

    def close(self) -> None:
        """Undo the changes of the last package, if that has not been done."""
        if self._open is not None:
            package, before = self._open
            self._open, self._restored = None, before
            if changed := before.restore():
                known = self._changes.setdefault(package, [])
                known += [each for each in changed if each not in known]

    @property
    def changes(self) -> tuple[str, ...]:
        """Sentences about packages that changed the process."""
        return tuple(
            f"{package} changed the process while it was loaded; the changes were undone: {', '.join(changed)}"
            for package, changed in self._changes.items()
        )


@frozen
class _Logger:
    """The state of one logger."""

    level: int
    handlers: list[logging.Handler]
    filters: list[Any]
    disabled: bool
    propagate: bool

    @classmethod
    def of(cls, logger: logging.Logger) -> _Logger:
        return cls(logger.level, [*logger.handlers], [*logger.filters], logger.disabled, logger.propagate)

    def restore(self, logger: logging.Logger) -> bool:
        """Undo the changes of a logger. Return True if there were any."""
        if (
            logger.level == self.level
            and logger.handlers == self.handlers
            and logger.filters == self.filters
            and logger.disabled == self.disabled
            and logger.propagate == self.propagate
        ):
            return False
        logger.setLevel(self.level)
        logger.handlers[:], logger.filters[:] = self.handlers, self.filters
        logger.disabled, logger.propagate = self.disabled, self.propagate
        return True


@define
class _Process:
    """The state of the process that an import can change."""

    streams: tuple[Any, ...]
    disabled_logging: int
    loggers: dict[str, _Logger]
    warning_errors: tuple[Any, ...]
    directory: str | None
    locale: str
    variables: dict[str, str]
    formatters: dict[logging.Handler, Any] = field(factory=dict)
    record_factory: Any = field(factory=logging.getLogRecordFactory)
    """It redacts secrets, also in the records of packages."""

    @classmethod
    def now(cls) -> _Process:
        loggers = _own_loggers()
        return cls(
            (sys.stdin, sys.stdout, sys.stderr),
            logging.root.manager.disable,
            {name: _Logger.of(logger) for name, logger in loggers.items()},
            _warning_errors(),
            _directory(),
            locale.setlocale(locale.LC_ALL),
            _own_variables(),
            {handler: (handler.formatter, handler.level, (*handler.filters,)) for handler in logging.root.handlers},
        )

    def begin_again(self) -> None:
        """Take what a restored process may have in another form: open streams, an existing directory."""
        self.streams = (sys.stdin, sys.stdout, sys.stderr)
        self.directory = _directory()

    def restore(self) -> list[str]:
        """Undo all changes, and return their names."""
        changed = []
        if (sys.stdin, sys.stdout, sys.stderr) != self.streams or any(_is_closed(each) for each in self.streams):
            sys.stdin, sys.stdout, sys.stderr = (
                _beside(sys.__stderr__) if _is_closed(stream) else stream for stream in self.streams
            )
            changed.append("standard streams")
        if self._restore_logging():
            changed.append("logging")
        if added := [each for each in _warning_errors() if each not in self.warning_errors]:
            warnings.filters[:] = [each for each in warnings.filters if each not in added]  # type: ignore[index]
            warnings._filters_mutated()  # type: ignore[attr-defined]  # noqa: SLF001 - as ``warnings`` does itself
            changed.append("warning filters")
        if self.directory is not None and _directory() != self.directory:
            with suppress(OSError):
                os.chdir(self.directory)
            changed.append("working directory")
        if locale.setlocale(locale.LC_ALL) != self.locale:
            locale.setlocale(locale.LC_ALL, self.locale)
            changed.append("locale")
        changed += self._restore_variables()
        return changed

    def _restore_logging(self) -> bool:
        changed = logging.root.manager.disable != self.disabled_logging
        logging.disable(self.disabled_logging)
        if logging.getLogRecordFactory() is not self.record_factory:
            logging.setLogRecordFactory(self.record_factory)
            changed = True
        for name, logger in _own_loggers().items():
            before = self.loggers.get(name)
            if before is not None:
                changed |= before.restore(logger)
            else:
                changed |= logger.disabled
                logger.disabled = False
                self.loggers[name] = _Logger.of(logger)
        for handler, (formatter, level, filters) in self.formatters.items():
            if (handler.formatter, handler.level, (*handler.filters,)) != (formatter, level, filters):
                handler.setFormatter(formatter)
                handler.setLevel(level)
                handler.filters[:] = filters
                changed = True
        return changed

    def _restore_variables(self) -> list[str]:
        now = _own_variables()
        names = sorted(name for name in now.keys() | self.variables.keys() if now.get(name) != self.variables.get(name))
        for name in names:
            if name in self.variables:
                os.environ[name] = self.variables[name]
            else:
                del os.environ[name]
        return [f"variable {name}" for name in names]


def _own_loggers() -> dict[str, logging.Logger]:
    """Return the root and the host's own loggers, by name."""
    found: dict[str, logging.Logger] = {"": logging.root}
    for name, logger in logging.root.manager.loggerDict.items():
        own = name.startswith(_OWN_LOGGER) and name.partition(".")[0] == _OWN_LOGGER
        if own and isinstance(logger, logging.Logger):
            found[name] = logger
    return found


def _warning_errors() -> tuple[Any, ...]:
    return tuple(each for each in warnings.filters if each[0] == "error")


def _directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - every start pays for pathlib
    except OSError:
        return None


def _own_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_OWN_VARIABLES)}


def _is_closed(stream: Any) -> bool:
    """Return True if a stream is closed or detached."""
    try:
        return bool(stream.closed)
    except ValueError:
        return True
    except AttributeError:
        return False
