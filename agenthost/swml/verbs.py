"""The verbs of SWML: which there are, and how one is written down."""

from __future__ import annotations

import logging
from typing import Any

from agenthost.errors import DefinitionError

__all__ = ["BEFORE_ANSWER", "VERBS", "written_verb"]

VERBS = frozenset(
    {
        "ai",
        "ai_sidecar",
        "amazon_bedrock",
        "answer",
        "cond",
        "connect",
        "denoise",
        "detect_machine",
        "enter_queue",
        "execute",
        "goto",
        "hangup",
        "join_conference",
        "join_room",
        "label",
        "live_transcribe",
        "live_translate",
        "pay",
        "play",
        "prompt",
        "receive_fax",
        "record",
        "record_call",
        "request",
        "return",
        "send_digits",
        "send_fax",
        "send_sms",
        "set",
        "sip_refer",
        "sleep",
        "stop_denoise",
        "stop_record_call",
        "stop_tap",
        "switch",
        "tap",
        "transfer",
        "unset",
        "user_event",
    }
)
"""Names of the verbs that the platform runs."""

BEFORE_ANSWER = frozenset(
    {
        "cond",
        "connect",
        "execute",
        "goto",
        "hangup",
        "label",
        "play",
        "request",
        "return",
        "send_sms",
        "set",
        "sleep",
        "stop_denoise",
        "stop_record_call",
        "stop_tap",
        "switch",
        "transfer",
        "unset",
    }
)
"""Verbs that work while the call still rings; ``play`` and ``connect`` answer it unless ``auto_answer`` is false."""

_FORMS: dict[str, type | tuple[type, ...]] = {"sleep": (int, str), "label": str, "unset": (str, list), "return": object}

_log = logging.getLogger("agenthost.agent")


def written_verb(name: str, config: Any, *, checked: bool) -> tuple[str, Any] | None:
    """A verb with its configuration, as a document carries it; None when it must be left out.

    Args:
        name: the verb.
        config: its configuration: an object, or the value that the verb takes instead of one.
        checked: whether the verb must be one of ``VERBS``.

    Raises:
        DefinitionError: the verb is unknown.
    """
    if not checked:
        return name, config
    if name not in VERBS:
        raise DefinitionError(
            f"SWML has no verb {name!r}. Verbs are {', '.join(sorted(VERBS))}; "
            "AgentBase(..., schema_validation=False) lets any through"
        )
    if isinstance(config, (dict, _FORMS.get(name, dict))):
        return name, config
    # The conformance data (doc0199) leaves such a verb out of the document, and so do we, but aloud.
    _log.warning(
        "verb %s is left out: its configuration is %s and should be an object; "
        "AgentBase(..., schema_validation=False) keeps it as written",
        name,
        type(config).__name__,
    )
    return None
