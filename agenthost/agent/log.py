"""Log lines of an author's code, with fields: ``self.log.info("order_placed", order=7)``."""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["FieldsLogger", "get_logger"]

_OF_RECORDS = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "fields", "taskName"))
_PASSED_ON = ("exc_info", "stack_info")
_CALLER = 3
"""Frames from the standard library to the author's line."""


class FieldsLogger:
    """A logger of the standard library whose methods accept fields as keyword arguments.

    Args:
        logger: the logger.
        fields: fields of every line.
    """

    def __init__(self, logger: logging.Logger, fields: dict[str, Any] | None = None) -> None:
        self._logger = logger
        self._fields = fields or {}

    def debug(self, event: object, *args: object, **fields: Any) -> None:
        """Log an event at level ``debug``."""
        self._write(logging.DEBUG, event, args, fields)

    def info(self, event: object, *args: object, **fields: Any) -> None:
        """Log an event at level ``info``."""
        self._write(logging.INFO, event, args, fields)

    def warning(self, event: object, *args: object, **fields: Any) -> None:
        """Log an event at level ``warning``."""
        self._write(logging.WARNING, event, args, fields)

    warn = warning

    def error(self, event: object, *args: object, **fields: Any) -> None:
        """Log an event at level ``error``."""
        self._write(logging.ERROR, event, args, fields)

    def exception(self, event: object, *args: object, **fields: Any) -> None:
        """Log an event at level ``error``, with the current exception."""
        self._write(logging.ERROR, event, args, {"exc_info": True, **fields})

    def critical(self, event: object, *args: object, **fields: Any) -> None:
        """Log an event at level ``critical``."""
        self._write(logging.CRITICAL, event, args, fields)

    def log(self, level: int, event: object, *args: object, **fields: Any) -> None:
        """Log an event at a level of the standard library."""
        self._write(level, event, args, fields)

    def bind(self, **fields: Any) -> FieldsLogger:
        """Return a logger that adds fields to every line."""
        return FieldsLogger(self._logger, {**self._fields, **fields})

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the standard library's
        """Return True if lines of this level are written."""
        return self._logger.isEnabledFor(level)

    def _write(self, level: int, event: object, args: tuple[object, ...], fields: dict[str, Any]) -> None:
        if not self._logger.isEnabledFor(level):
            return
        passed = {name: fields.pop(name) for name in _PASSED_ON if name in fields}
        told = {**self._fields, **(fields.pop("extra", None) or {}), **fields}
        extra = {f"{name}_" if name in _OF_RECORDS else name: value for name, value in told.items()}
        self._logger.log(level, event, *args, extra=extra, stacklevel=_CALLER, **passed)


def get_logger(name: str) -> FieldsLogger:
    """Return the logger of a module, whose methods accept fields as keyword arguments.

    Args:
        name: its name, such as ``__name__``.
    """
    return FieldsLogger(logging.getLogger(name))
