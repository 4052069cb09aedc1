"""The redactors of transcripts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenthost._host.config.schema import Config
    from agenthost.conversation.redaction import Redactor

__all__ = ["UNREDACTED", "choose_redactors", "redacted"]

UNREDACTED = "[not stored: redaction failed]"
"""The text in a transcript if a redactor failed."""

_log = logging.getLogger("agenthost.conversations")


def choose_redactors(
    config: Config, offered: Sequence[tuple[str, Redactor]]
) -> tuple[tuple[Redactor, ...], tuple[str, ...]]:
    """Return the redactors in use, and warnings about unknown ones."""
    wanted = config.conversation.redact
    if wanted is None:
        return tuple(redactor for _, redactor in offered), ()
    known = {redactor.name for _, redactor in offered}
    there_are = ", ".join(sorted(known)) or "none"
    unknown = tuple(
        f"{config.place('conversation', 'redact')}: there is no redactor {name!r}. The redactors are: {there_are}."
        for name in wanted
        if name not in known
    )
    if unknown:  # store too little rather than too much
        return tuple(redactor for _, redactor in offered), unknown
    return tuple(redactor for _, redactor in offered if redactor.name in wanted), ()


def redacted(redactors: Iterable[Redactor], text: str) -> str:
    """Redact a text for storage, completely if a redactor fails."""
    for redactor in redactors:
        try:
            text = str(redactor.redact(text))
        except Exception:  # noqa: BLE001 - a plugin's code
            _log.exception("redactor %s failed", redactor.name)
            return UNREDACTED
    return text
