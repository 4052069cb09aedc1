"""Log records without secrets: each is redacted where it is made, for all handlers.

A program or a package may install handlers and formats of its own, also by ``logging.basicConfig(force=True)``.
Whatever formats a record reads its message first. Then everything in it is redacted.
"""

from __future__ import annotations

import logging
from typing import Any

from agenthost._host.telemetry.secrets.redactor import NO_SECRETS, SecretRedactor

__all__ = ["MARK", "Record", "redact_records"]

MARK = "agenthost_redacts"
"""The attribute of a record whose traceback was looked at, and of a factory that redacts."""
_PLAIN = (int, float, bool, type(None))
_hidden = NO_SECRETS


class Record(logging.LogRecord):
    """A log record that is redacted when its message is first read."""

    def getMessage(self) -> str:  # noqa: N802 - logging's
        """Return the redacted message."""
        words = super().getMessage()
        if not _hidden:
            return words
        self._redact()
        shown = _hidden.redacted(words)
        if shown != words:
            self.msg, self.args = shown, None
        return shown

    def _redact(self) -> None:
        fields = vars(self)
        for name, value in list(fields.items()):
            if name not in _STANDARD:
                fields[name] = _redacted(value)
        if self.exc_info and self.exc_info[1] is not None and not self.exc_text and MARK not in fields:
            trace = _formatter.formatException(self.exc_info)
            if (shown := _hidden.redacted(trace)) != trace:
                self.exc_text = shown  # which formatters take instead of making one
                error = _shown_error(self.exc_info[1], {})  # for those that make one all the same
                self.exc_info = type(error), error, self.exc_info[2]
            fields[MARK] = True


_formatter = logging.Formatter()
_STANDARD = frozenset((*vars(logging.makeLogRecord({})), MARK)) - {"exc_text", "stack_info"}


def redact_records(hidden: SecretRedactor) -> None:
    """Redact every record that is made from now on.

    A new call replaces the secrets. A factory that a program has installed still makes the records.
    """
    global _hidden  # noqa: PLW0603 - one process has one log
    _hidden = hidden
    made_by = logging.getLogRecordFactory()
    if made_by is logging.LogRecord:
        logging.setLogRecordFactory(Record)
    elif made_by is not Record and not getattr(made_by, MARK, False):

        def factory(*args: Any, **named: Any) -> logging.LogRecord:
            record = made_by(*args, **named)
            if type(record) is logging.LogRecord:
                record.__class__ = Record
            elif not isinstance(record, Record):  # one of a class of its own: its message is made now
                record.msg, record.args = _hidden.redacted(record.getMessage()), None
            return record

        setattr(factory, MARK, True)
        logging.setLogRecordFactory(factory)


class _ShownError(Exception):
    """An error in a traceback, with the name of another one and its redacted words."""


def _shown_error(error: BaseException, seen: dict[int, BaseException]) -> BaseException:
    """Return an error that a traceback shows like another one, with its causes, without secrets.

    It is of another class, since a copy of an unknown class could run its author's code.
    """
    if id(error) in seen:
        return seen[id(error)]
    kind = type(error)
    named = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    shown: BaseException
    if isinstance(error, BaseExceptionGroup):
        inner = [_shown_error(each, seen) for each in error.exceptions]
        shown = type(kind.__name__, (BaseExceptionGroup,), named)(_hidden.redacted(error.message), inner)
    else:
        shown = type(kind.__name__, (_ShownError,), named)(_hidden.redacted(_words_of(error)))
    seen[id(error)] = shown
    shown.__traceback__ = error.__traceback__
    for name in ("__cause__", "__context__"):
        if (other := getattr(error, name)) is not None:
            setattr(shown, name, _shown_error(other, seen))
    shown.__suppress_context__ = error.__suppress_context__  # which setting a cause has set
    for note in getattr(error, "__notes__", ()):
        shown.add_note(_hidden.redacted(str(note)))
    return shown


def _words_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an author's str(): a traceback says the same of it
        return "<exception str() failed>"


def _redacted(value: Any) -> Any:
    """Return a field without secrets.

    An object whose ``repr`` shows a secret is replaced by a text.
    """
    if isinstance(value, str):
        return _hidden.redacted(value)
    if isinstance(value, _PLAIN):
        return value
    if type(value) is dict:
        return {_redacted(name): _redacted(each) for name, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_redacted(each) for each in value)
    try:
        words = repr(value)
    except Exception:  # noqa: BLE001 - an author's repr(): it fails for every formatter
        return value
    return value if (shown := _hidden.redacted(words)) == words else shown
