"""The log of what people do in the console."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenthost._web.request.site import Request

__all__ = ["audit"]

_log = logging.getLogger("agenthost.console")


def audit(request: Request, act: str, *, words: str, **fields: str) -> None:
    """Log a warning that the principal of a request does something."""
    principal = request.principal.name
    _log.warning("%s %s", principal, words, extra={"fields": {"act": act, "principal": principal, **fields}})
