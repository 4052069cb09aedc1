"""Passwords and keys that can be guessed, however slowly guessing is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._host.config.line_numbers import Path
    from agenthost._host.config.schema import AgentConfig, Config, HostConfig

__all__ = ["FIX", "guessable_secrets"]

FIX = "python -c 'import secrets; print(secrets.token_urlsafe())' makes one"

_SHORT = 12
_SHORT_KEY = 16
_USUAL = frozenset(
    ("password", "passwort", "changeme", "secret", "agenthost", "admin", "letmein", "12345678", "signalwire")
)


def guessable_secrets(config: Config) -> dict[str, str]:
    """Return a sentence about each password or key that can be guessed, by its place.

    The place names the variable or file that the secret comes from. The sentence does not contain the reason, because
    its reader may not be allowed to know the password.
    """
    password = f"the password can be guessed: it is common, or has fewer than {_SHORT} characters"
    key = f"the key can be guessed: it has fewer than {_SHORT_KEY} characters"
    return {
        **{config.located(*path): password for path, user, text in _passwords(config) if _guessable(text, user)},
        **{config.located(*path): key for path in _short_keys(config)},
    }


def _guessable(password: str, user: str) -> bool:
    return len(password) < _SHORT or password.casefold() in _USUAL or password == user


def _passwords(config: Config) -> Iterator[tuple[Path, str, str]]:
    """Yield the path of each configured password, its user and itself."""
    host = config.host
    sections: list[tuple[Path, HostConfig | AgentConfig]] = [(("host",), host)]
    sections += [(("agents", key), agent) for key, agent in config.agents.items()]
    for path, section in sections:
        user = section.user or host.user
        if section.password is not None:
            yield (*path, "password"), user, section.password.reveal()
        for number, password in enumerate(section.passwords):
            yield (*path, "passwords", number), user, password.reveal()


def _short_keys(config: Config) -> Iterator[Path]:
    for name, key in config.keys.items():
        for number, secret in enumerate(key.secret):
            if secret.length < _SHORT_KEY:
                yield ("keys", name, "secret", number)[: None if len(key.secret) > 1 else 3]
