"""The log: a line for each event, as JSON or as text.

All records go through the standard library's logging, including those of libraries and agents, and are written in one
form to standard error. Further fields come from a record's ``fields``, an agent's ``extra``, and, for lines of an
agent's own code, the agent, the tool and the call.
"""

from __future__ import annotations

import logging
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from agenthost._error_words import author_traceback
from agenthost._escaping import escaped
from agenthost._host.telemetry.call_log import DelayedLine, EndedCall, write_what_waits
from agenthost._host.telemetry.current_call import calling, requesting, running
from agenthost._host.telemetry.recent_lines import recent_lines
from agenthost._host.telemetry.records import redact_records
from agenthost._host.telemetry.secrets.redactor import SecretRedactor
from agenthost._host.telemetry.spans import trace_id
from agenthost._host.telemetry.structlog_events import STANDARD, configure_structlog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import msgspec

    from agenthost._host.config.schema import Config
    from agenthost._host.telemetry.current_call import Owner

__all__ = ["JsonLines", "Lines", "TextLines", "for_programs", "join_structlog", "start_log"]

_OURS = "agenthost."
_UNDER = "    "
_TOOLS = "agenthost.tools"
_CHANGES = frozenset({"agenthost.reload", "agenthost.console"})
"""Loggers of changes of the host."""
_LINES = "\n\t"
_DELETE = "\x7f"
_PLAIN, _BOLD, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN = (f"\x1b[{color}m" for color in range(31, 37))


class Lines(logging.Formatter):
    """Records as lines, without secrets."""

    def __init__(self, hidden: SecretRedactor) -> None:
        super().__init__()
        self.hidden = hidden

    def format(self, record: logging.LogRecord) -> str:
        """Format a record, without secrets."""
        return self.hidden.redacted(self.line(record))

    def line(self, record: logging.LogRecord, *, live: bool = True) -> str:
        """Format a record, which belongs to the current request if it is live."""
        raise NotImplementedError

    def waited(self, line: EndedCall | DelayedLine) -> str:
        """Format a delayed line."""
        return self.line(line.record(), live=False)

    def trace(self, record: logging.LogRecord) -> str:
        """Return the traceback and the stack of a record, or an empty text."""
        parts = [self.formatException(record.exc_info)] if record.exc_info else []
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return "\n".join(parts)


class JsonLines(Lines):
    """One JSON object a line: ``timestamp``, ``level``, ``logger``, ``event``, and fields."""

    def line(self, record: logging.LogRecord, *, live: bool = True) -> str:
        event: dict[str, Any] = {
            "timestamp": _stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        for name, value in (getattr(record, "fields", None) or _extra_fields(record)).items():
            event.setdefault(name, value)
        if live and (request := requesting.get()):
            event.setdefault("request_id", request)
        if live and (trace := trace_id()):
            event.setdefault("trace_id", trace)
        if shown := self.trace(record):
            event["exception"] = shown
        return _escaped(_encoded(event))

    def waited(self, line: EndedCall | DelayedLine) -> str:
        """Format a delayed line without a record, as most lines are such."""
        if isinstance(line, DelayedLine):
            level = logging.getLevelName(line.level).lower()
            said = {"timestamp": _stamp(line.then), "level": level, "logger": line.logger, "event": line.words}
            return _escaped(_encoded({**said, **line.fields}))
        then, owner, call, seconds, outcome, error_id, request, trace = line
        try:
            start, middle = _parts_of(owner)
            rest = f',"request_id":{_json(request)}' if request else ""
            rest += f',"trace_id":"{trace}"' if trace else ""
            rest += "" if error_id is None else f',"error_id":{_json(error_id)}'
            return _escaped(
                f'{{"timestamp":"{_stamp(then)}{start}{outcome} in {seconds * 1000:.1f}{middle}{_json(call)}'
                f',"duration":{seconds:.6f},"outcome":"{outcome}"{rest}}}'
            )
        except UnicodeEncodeError:  # a call's id that is not UTF-8
            return self.line(line.record(), live=False)


@lru_cache(maxsize=1024)
def _parts_of(owner: Owner) -> tuple[str, str]:
    """Return the parts that the lines of all calls of an owner share, as JSON."""
    start = f'","level":"info","logger":"agenthost.calls","event":{_json(f"{owner}: ")[:-1]}'
    return start, f' ms","agent":{_json(owner.agent)},"tool":{_json(str(owner.fields.get("tool", "")))},"call":'


def _json(text: str) -> str:
    return _encoder().encode(text).decode()


class TextLines(Lines):
    """Lines for people, whose text includes the host's own fields.

    What cannot be printed is escaped. One entry is one line, and what follows it, such as a traceback, is indented: no
    caller, package or process of an agent can write a line that looks like the host's.
    """

    def __init__(self, hidden: SecretRedactor, *, colors: bool) -> None:
        super().__init__(hidden)
        self._colors = colors

    def line(self, record: logging.LogRecord, *, live: bool = True) -> str:
        own = _own_fields() if live else {}
        told = {escaped(name): self._value(value) for name, value in (own | _extra_fields(record)).items()}
        words, logger = escaped(record.getMessage().removesuffix("\n")), escaped(record.name)
        if self._colors:
            line = _colored(record, logger, words, told)
        else:
            line = f"{_stamp(record.created)} {record.levelname} {logger}: {words}"
            line += "".join(f" {name}={value}" for name, value in told.items())
        if trace := self.trace(record):
            from textwrap import indent  # noqa: PLC0415 - the supervisor's memory

            return f"{line}\n{indent(escaped(trace, keep=_LINES), _UNDER)}"
        return line

    def trace(self, record: logging.LogRecord) -> str:
        """Return the traceback and the stack of a record.

        That of a failed tool has no frames of the host.
        """
        if record.name == _TOOLS and record.exc_info and record.exc_info[1] is not None and not record.stack_info:
            return author_traceback(record.exc_info[1], None)
        return super().trace(record)

    def _value(self, value: object) -> str:
        return escaped(value if self._colors and isinstance(value, str) else _safe_repr(value))


class _Handler(logging.StreamHandler[Any]):
    """Writes to standard error, in batches if possible."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, after the calls that ended before it."""
        write_what_waits()
        super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        """Format a record, and keep it as JSON for ``agenthost logs``."""
        line = super().format(record)
        form = self.formatter
        if isinstance(form, Lines):
            kept = line if isinstance(form, JsonLines) else JsonLines(form.hidden).format(record)
            severe, change = record.levelno >= logging.WARNING, record.name in _CHANGES
            recent_lines.add(f"{kept}\n", severe=severe, change=change)
        return line

    def handle_many(self, lines: Sequence[EndedCall | DelayedLine]) -> None:
        """Write delayed lines."""
        form = self.formatter
        if not isinstance(form, Lines):
            return
        try:
            text = form.hidden.redacted("".join([f"{form.waited(each)}\n" for each in lines]))
            self._keep(form, lines, text)
            with self.lock or nullcontext():
                self.stream.write(text)
                self.flush()
        except Exception:  # noqa: BLE001 - as logging itself does
            self.handleError(logging.makeLogRecord({}))

    @staticmethod
    def _keep(form: Lines, lines: Sequence[EndedCall | DelayedLine], text: str) -> None:
        """Keep delayed lines, of which ``text`` are all if the log is JSON."""
        if isinstance(form, JsonLines) and DelayedLine not in set(map(type, lines)):  # calls alone, none of them severe
            recent_lines.add(text, severe=False)
            return
        as_json = JsonLines(form.hidden)
        for each in lines:
            recent_lines.add(form.hidden.redacted(f"{as_json.waited(each)}\n"), severe=_is_severe(each))


def _is_severe(line: EndedCall | DelayedLine) -> bool:
    return isinstance(line, DelayedLine) and line.level >= logging.WARNING


def start_log(config: Config) -> None:
    """Write the log to standard error, unless the program has set up its own.

    A second call applies the present configuration.
    """
    hidden = SecretRedactor(config)
    redact_records(hidden)
    root = logging.getLogger()
    handler = _handler()
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    if handler is None and root.handlers:
        return
    if handler is None:
        handler = _Handler(sys.stderr)
        root.addHandler(handler)
        logging.captureWarnings(capture=True)
    handler.setFormatter(_lines(config, hidden))
    root.setLevel(config.host.log_level.upper())
    configure_structlog()


def join_structlog() -> None:
    """Send structlog's events to the log.

    It does so only if the host writes the log and a package has imported structlog.
    """
    if _handler() is not None:
        configure_structlog()


def _handler() -> logging.Handler | None:
    return next((each for each in logging.getLogger().handlers if isinstance(each.formatter, Lines)), None)


def _lines(config: Config, hidden: SecretRedactor) -> Lines:
    return JsonLines(hidden) if for_programs(config) else TextLines(hidden, colors=sys.stderr.isatty())


def for_programs(config: Config) -> bool:
    """Return True if the log is JSON."""
    form = config.host.log_format
    return form == "json" or (form == "auto" and not sys.stderr.isatty())


def _colored(record: logging.LogRecord, logger: str, words: str, told: Mapping[str, str]) -> str:
    """Format a record for a terminal, by the attributes of ECMA-48 that every terminal has."""
    then = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
    level = _GREEN if record.levelno < logging.WARNING else _YELLOW if record.levelno < logging.ERROR else _RED
    fields = "".join(f" {_CYAN}{name}{_PLAIN}={_MAGENTA}{value}{_PLAIN}" for name, value in told.items())
    return (
        f"{_DIM}{then}{_PLAIN} [{level}{record.levelname.lower():<9}{_PLAIN}] {_BOLD}{words}{_PLAIN} "
        f"[{_BLUE}{logger}{_PLAIN}]{fields}"
    )


def _extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the further fields of an agent's own line, with its owner."""
    if hasattr(record, "fields"):
        return {}
    told = {name: value for name, value in vars(record).items() if name not in STANDARD}
    owner = running.get()
    if owner is not None and not record.name.startswith(_OURS):
        told = {**owner.fields, **told}
        if call := calling.get():
            told.setdefault("call", call)
    return told


def _own_fields() -> dict[str, str]:
    """Return the host's fields of a line that belongs to the present request."""
    known = {"request_id": requesting.get(), "trace_id": trace_id()}
    return {name: value for name, value in known.items() if value}


def _stamp(then: float) -> str:
    """Format a time (RFC 3339), in UTC."""
    return f"{_second(int(then))}.{int(then % 1 * 1000):03}Z"


@lru_cache(maxsize=4)
def _second(then: int) -> str:
    return datetime.fromtimestamp(then, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@cache
def _encoder() -> msgspec.json.Encoder:
    import msgspec  # noqa: PLC0415 - the supervisor's memory, which seldom has anything to log

    return msgspec.json.Encoder(enc_hook=repr)


def _encoded(event: dict[str, Any], **_: object) -> str:
    try:
        return _encoder().encode(event).decode()
    except Exception:  # noqa: BLE001 - a key that is not text, text that is not UTF-8, a repr() that raises
        import json  # noqa: PLC0415 - seldom needed

        return json.dumps({str(name): _plain(value) for name, value in event.items()})


def _escaped(line: str) -> str:
    """Escape the characters in a line that a terminal acts on.

    JSON has already escaped most of them.
    """
    return line if line.isascii() and _DELETE not in line else escaped(line)


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - an author's repr()
        return f"<{type(value).__name__} whose repr() raises {type(error).__name__}>"


def _plain(value: object) -> object:
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return _safe_repr(value)
