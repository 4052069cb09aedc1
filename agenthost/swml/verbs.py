"""The verbs of SWML, and their form in a document."""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agenthost.errors import DefinitionError
from agenthost.swml.verb_schema import verb_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

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
"""Verbs that work while the call rings. ``play`` and ``connect`` answer it unless ``auto_answer`` is false."""

_FORMS: dict[str, type | tuple[type, ...]] = {"sleep": (int, str), "label": str, "unset": (str, list), "return": object}

_NONE: Mapping[str, Any] = MappingProxyType({})

_log = logging.getLogger("agenthost.agent")


def written_verb(
    name: str, config: Any, *, checked: bool, handlers: Mapping[str, Any] = _NONE
) -> tuple[str, Any] | None:
    """Return a verb with its configuration, or None if it must be left out.

    Args:
        name: the verb.
        config: its configuration: an object, or the value that the verb takes in place of one.
        checked: whether the verb must be one of ``VERBS``, and fit its schema.
        handlers: the author's own checks, by name: objects with ``validate_config(config)``.

    Raises:
        DefinitionError: the verb is unknown, or its configuration does not fit.
    """
    if name in handlers:
        fits, errors = handlers[name].validate_config(config)
        if not fits:
            raise DefinitionError(f"verb {name!r}: {'; '.join(map(str, errors))}")
        return name, config
    if not checked:
        return name, config
    if name not in VERBS:
        raise DefinitionError(
            f"SWML has no verb {name!r}. The verbs are {', '.join(sorted(VERBS))}. "
            "fix: AgentBase(..., schema_validation=False) accepts any"
        )
    if isinstance(config, (dict, _FORMS.get(name, dict))):
        if (problem := verb_problem(name, config)) is not None:
            raise DefinitionError(
                f"verb {name!r} does not fit SWML's schema: {problem}. "
                "fix: AgentBase(..., schema_validation=False) accepts any"
            )
        return name, config
    # The conformance data (doc0199) leave such a verb out of the document. So do we, with a warning.
    _log.warning(
        "verb %s is left out: its configuration is %s, not an object. fix: "
        "AgentBase(..., schema_validation=False) keeps it as written",
        name,
        type(config).__name__,
    )
    return None
