"""The settings of an agent: those that its class declares, and their values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from agenthost._host.telemetry.secrets.redactor import SecretRedactor
from agenthost._web.console.agents.described import HIDDEN, names_a_secret, without_secrets
from agenthost._web.console.texts import gettext
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted

__all__ = ["shown_settings"]

_KEY = re.compile(r"(?:^|[-_])key$", re.IGNORECASE)
_HOLDS_SECRET = re.compile(r"\bSecret\b")


def shown_settings(config: Config, agent: Mounted) -> list[dict[str, Any]]:
    """Return the settings of an agent, each with its value and where that is written.

    Secrets are hidden. An agent in a process of its own declares its settings there, so that only those that the
    configuration sets are known here.
    """
    cls = getattr(type(agent.agent), "Settings", None)
    declared, secret = _declared(cls), _secret(cls)
    written: Mapping[str, object] = agent.config.settings
    redactor = SecretRedactor(config)
    return [
        {
            "name": name,
            "value": HIDDEN if name in secret else _shown(name, written.get(name, default), redactor),
            "place": str(config.place("agents", agent.key, name)) if name in written else "",
            "required": default is attrs.NOTHING,
        }
        for name, default in {**dict.fromkeys(written, attrs.NOTHING), **declared}.items()
    ]


def _declared(cls: Any) -> dict[str, object]:
    if not isinstance(cls, type) or not attrs.has(cls):
        return {}
    return {each.name: each.default for each in attrs.fields(cls) if each.init}


def _secret(cls: Any) -> set[str]:
    """Return the names of fields whose type holds a secret."""
    if not isinstance(cls, type) or not attrs.has(cls):
        return set()
    return {each.name for each in attrs.fields(cls) if _HOLDS_SECRET.search(str(each.type))}


def _shown(name: str, value: object, redactor: SecretRedactor) -> str:
    if value is attrs.NOTHING:
        return ""
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]
        return gettext("made by the package")
    if isinstance(value, Secret) or (value and (names_a_secret(name) or _KEY.search(name))):
        return HIDDEN
    hidden = without_secrets(value if isinstance(value, dict | list | str) else repr(value))
    return redactor.redacted(hidden if isinstance(hidden, str) else repr(hidden))
