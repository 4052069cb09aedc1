"""Passwords and keys that can be guessed, however slowly guessing is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._host.config.place import Place
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

    It does not contain the reason, because its reader may not be allowed to know the password.
    """
    says = f"the password can be guessed: it is common, or has fewer than {_SHORT} characters"
    found = {str(place): says for place, user, password in _passwords(config) if _guessable(password, user)}
    return found | {
        str(place): f"the key can be guessed: it has fewer than {_SHORT_KEY} characters" for place in _short(config)
    }


def _short(config: Config) -> Iterator[Place]:
    """Yield the places of short keys."""
    for name, key in config.keys.items():
        place = config.place("keys", name, "secret")
        for number, secret in enumerate(key.secret):
            if secret.length < _SHORT_KEY:
                yield place.at(number) if len(key.secret) > 1 else place


def _guessable(password: str, user: str) -> bool:
    return len(password) < _SHORT or password.casefold() in _USUAL or password == user


def _passwords(config: Config) -> Iterator[tuple[Place, str, str]]:
    """Yield each configured password, with its place and user."""
    host = config.host
    sections: list[tuple[Place, HostConfig | AgentConfig]] = [(config.place("host"), host)]
    sections += [(config.place("agents", key), agent) for key, agent in config.agents.items()]
    for place, section in sections:
        user = section.user or host.user
        if section.password is not None:
            yield place.at("password"), user, section.password.reveal()
        for number, password in enumerate(section.passwords):
            yield place.at("passwords").at(number), user, password.reveal()
