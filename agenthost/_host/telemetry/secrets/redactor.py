"""Redaction of secrets in the log, from any source."""

# ruff: noqa: PLC0415 - the supervisor, which seldom has anything to log, keeps what it imports

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._host.config.schema import Config

__all__ = ["NO_SECRETS", "SecretRedactor"]

_SHORTEST = 4
"""The shortest secret to redact, as shorter ones occur in any text by chance."""
_SHOWN = "***"


class SecretRedactor:
    """The secrets of a configuration, in all forms that a line may contain.

    What was fetched by ``{ env }`` or ``{ file }`` is redacted as a whole and in its parts. A URL that is written
    in the configuration is an address, of which only the parts are secret.

    ``config`` is the configuration, with the secrets that were made; None for nothing to redact. The forms are found
    when the first line is redacted.
    """

    def __init__(self, config: Config | None) -> None:
        self._config = config

    @cached_property
    def _forms(self) -> tuple[str, ...]:
        config = self._config
        if config is None:
            return ()
        from agenthost._host.telemetry.secrets.parts import secret_parts

        kept = {secret.reveal() for secret in _secrets(attrs.evolve(config, fetched=()))}
        fetched = {secret.reveal() for secret in config.fetched}
        whole = {text for text in kept if text in fetched or "://" not in text}
        texts = whole | {part for text in kept | fetched for part in secret_parts(text)}
        users = {config.host.user, *config.keys, *(agent.user for agent in config.agents.values() if agent.user)}
        forms = {form for text in texts if len(text) >= _SHORTEST for form in _forms(text, users)}
        return tuple(sorted(forms, key=len, reverse=True))

    def __bool__(self) -> bool:
        return self._config is not None

    def redacted(self, line: str) -> str:
        """Redact a line."""
        for form in self._forms:
            if form in line:
                line = line.replace(form, _SHOWN)
        return line


NO_SECRETS = SecretRedactor(None)
"""Before there is a configuration."""


def _secrets(value: Any) -> Iterator[Secret]:
    """Yield every secret in a configuration, at any depth."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _secrets(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _secrets(item)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _secrets(getattr(value, field.name))


def _forms(text: str, users: set[str]) -> set[str]:
    """Return the forms of a secret: in text, a URL, or an ``Authorization`` header.

    Each may be quoted by JSON or Python, also twice.
    """
    from base64 import b64encode
    from urllib.parse import quote

    forms = {text, quote(text, safe="")}
    for _ in range(2):
        forms |= {quoted for form in forms for quoted in _quoted(form)}
    return forms | {b64encode(f"{user}:{text}".encode()).decode() for user in users}


def _quoted(text: str) -> tuple[str, ...]:
    import json

    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]
