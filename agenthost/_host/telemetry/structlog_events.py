"""structlog, for agents that log through it: the host neither needs nor imports it."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from agenthost._host.telemetry.records import MARK

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["STANDARD", "configure_structlog"]

STANDARD = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "fields", "taskName", MARK))
"""Attributes that every record of the standard library's logging may have."""


def configure_structlog() -> None:
    """Send structlog's events to the standard library's logging.

    It does so only if a package has imported structlog and not configured it.
    """
    structlog: Any = sys.modules.get("structlog")
    if structlog is None or structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            _as_fields,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _as_fields(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> tuple[tuple[object, ...], dict[str, Any]]:
    given = {name: event.pop(name) for name in ("exc_info", "stack_info", "stacklevel") if name in event}
    words = str(event.pop("event", ""))
    taken = {(f"{name}_" if name in STANDARD else name): value for name, value in event.items()}
    return ("%s", words), {"extra": taken, **given}
