"""Kinds of configured values: the values that a key may have.

Each kind is described once, for the reader, error messages and the reference page of the docs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost.errors import ConfigurationError
from agenthost.secret import HashedSecret, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.config.place import Place

__all__ = [
    "AGENTS",
    "CLASSIFIER",
    "FLAG",
    "HASHED",
    "HOST",
    "HOSTS",
    "KEYS",
    "MODEL",
    "MOUNT",
    "NAMES",
    "NETWORKS",
    "ORIGINS",
    "PASSWORD",
    "PATH",
    "PATHS",
    "PAUSE",
    "ROUTE",
    "SECONDS",
    "STORE",
    "TEXT",
    "TEXTS",
    "UNIX",
    "URL",
    "USE",
    "USER",
    "Kind",
    "Refused",
    "choice",
    "choices",
    "shown",
    "whole",
]

UNIX = "unix"
"""In place of a network: the programs that may open the host's Unix socket."""
_DAY = 86400
_SHOWN = 60
_TOML_WHOLE = 2**63
_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
# Patterns are compiled when they are used: most commands need none of them.
_HOST = r"[A-Za-z0-9._:%-]+"
_HOST_PATTERN = r"\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]"
_ORIGIN_PATTERN = r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?"
_URL = (
    r"(?ai)(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?P<port>:\d{1,5})?"
    r"(?P<path>(/[a-z0-9._~-]+)*)/*"
)
_STORE = r"[a-z][a-z0-9+.-]*://.*"
_USE = r"[^:\s]+:[^:\s]+"
_ROUTE = r"(/[a-z0-9._-]{1,64}){1,4}"
_HOSTS_OWN = ("health", "ready", "live", "startup", "metrics", "v1", "-")
_PRINTABLE = r"[!-~]{1,512}"
_CONTROL = r"[\x00-\x1f\x7f\ud800-\udfff]"


class Refused(ValueError):  # noqa: N818  # as in agenthost.errors
    """A value that is not of its key's kind.

    The message contains the reason and never a secret.

    ``path`` are the steps from the value to the part of it that is refused. ``advice`` is the sentence about what
    to write; None for the key's own, empty where only its author knows.
    """

    def __init__(self, reason: str, *path: str | int, advice: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.advice = advice

    def below(self, step: str | int, advice: str | None = None) -> Refused:
        """Return this refusal as seen from the table or list that contains the value."""
        return Refused(self.reason, step, *self.path, advice=advice if self.advice is None else self.advice)

    def error(self, place: Place) -> ConfigurationError:
        """Return the error for the operator."""
        place = place.at(*self.path)
        return ConfigurationError(f"{place}: {self.reason}. {self.advice or f'fix: change [{place.key}]'}")


@frozen(eq=False, repr=False, slots=False)
class Kind:
    """A kind of value."""

    name: str
    read: Callable[[object], object]
    """Checks a value and returns it in the form the host uses; raises :class:`Refused`."""
    example: str
    parse: Callable[[str], object] = str
    """Turns the text of a variable or an option into what the TOML file would hold."""
    other: str = ""


def shown(value: object) -> str:
    """Return the form in which an error names a refused value.

    Text and numbers appear as written, and other values by their type.
    """
    if isinstance(value, Secret):
        return "a secret"
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value) if isinstance(value, float) or abs(value) < _TOML_WHOLE else "a number beyond 64 bits"
    sorts = {"dict": "a table", "list": "a list", "tuple": "a list"}
    return sorts.get(type(value).__name__, "a date or a time")


def whole(low: int, high: int | None = None) -> Kind:
    """Return the kind of whole numbers from ``low`` to ``high``, both included."""
    name = f"whole number, {low} or more" if high is None else f"whole number, {low} to {high}"
    said = f"a whole number of {low} or more" if high is None else f"a whole number from {low} to {high}"

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(f"{shown(value)} is not {said}")
        if value < low or value > (_TOML_WHOLE - 1 if high is None else high):
            raise Refused(f"{shown(value)} is not {said}")
        return value

    return Kind(name, read, str(low), _number, str(low + 1))


def choice(*names: str) -> Kind:
    """Return the kind of values that are one of ``names``."""

    def read(value: object) -> str:
        text = _revealed(value)
        if text not in names:
            raise Refused(f"{shown(value)} is not one of {', '.join(names)}")
        return str(text)

    listed = ", ".join(f"`{name}`" for name in names)
    return Kind(f"one of {listed}", read, f'"{names[0]}"', str.lower, f'"{names[1]}"')


def choices(*names: str) -> Kind:
    """Return the kind of lists of some of ``names``."""

    def read(value: object) -> tuple[str, ...]:
        chosen = _names(value)
        for name, written in zip(chosen, value if isinstance(value, list | tuple) else (), strict=True):
            if name not in names:
                raise Refused(f"{shown(written)} is not one of {', '.join(names)}")
        return chosen

    listed = ", ".join(f"`{name}`" for name in names)
    return Kind(f"list of {listed}", read, f'["{names[0]}"]', _words, "[]")


def _number(text: str) -> object:
    for form in (int, float):
        try:
            return form(text)
        except ValueError:
            continue
    return text


def _revealed(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _DAY:
        raise Refused(f"{shown(value)} is not a number of seconds above 0, up to {_DAY}")
    return float(value)


def _pause(value: object) -> float:
    return 0.0 if value == 0 and not isinstance(value, bool) else _seconds(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{shown(value)} is not true or false")
    return value


def _text(value: object) -> str:
    text = _revealed(value)
    if not isinstance(text, str):
        raise Refused(f"{shown(value)} is not text")
    if not text:
        raise Refused("it is empty")
    if not text.isprintable() and re.search(_CONTROL, text):
        raise Refused("it contains a control character, or is not UTF-8 text")
    return text


def _host(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(_HOST, text):
        raise Refused(f"{shown(value)} is not a host name or an IP address without port and brackets")
    return text


def _url(value: object) -> str:
    text = _text(value)
    if "@" in text:
        raise Refused("it contains credentials, which belong in user and password")
    if "?" in text or "#" in text:
        raise Refused(f"{shown(value)} has a query or a fragment")
    parts = re.fullmatch(_URL, text)
    if not parts:
        raise Refused(f"{shown(value)} is not http:// or https:// with a host and, optionally, a path of plain words")
    port, path = parts["port"] or "", parts["path"]
    if port and not 0 < int(port[1:]) < 65536:  # noqa: PLR2004  # the range of TCP ports
        raise Refused(f"{shown(value)} has a port outside 1 to 65535")
    if {".", ".."} & set(path.split("/")):
        raise Refused(f"{shown(value)} has a path with dot segments")
    return f"{parts['scheme']}://{parts['host']}".lower() + port + path


def _user(value: object) -> str:
    text = _text(value)
    if ":" in text:
        raise Refused(f"{shown(value)} contains a colon, which ends the user name in basic auth (RFC 7617, section 2)")
    return text


def _password(value: object) -> Secret:
    if not isinstance(value, str | Secret):
        raise Refused("it is not text")
    return Secret(_text(value))


def _store(value: object) -> Secret:
    if not isinstance(value, str | Secret):
        raise Refused("it is not text")
    text = _text(value)
    if not re.fullmatch(_STORE, text):
        raise Refused("it is not the URL of a store, such as sqlite:///state.db or redis://localhost:6379/0")
    return Secret(text)


def _keys(value: object) -> tuple[Secret, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        raise Refused("it contains no key")
    return tuple(_password(item) for item in items)


def _hashed(value: object) -> tuple[HashedSecret, ...]:
    keys = tuple(each.reveal() for each in _keys(value))
    for index, key in enumerate(keys):
        if not re.fullmatch(_PRINTABLE, key):
            where = (index,) if isinstance(value, list | tuple) else ()
            raise Refused("it is longer than 512 characters, or has others than printable ASCII without spaces", *where)
    return tuple(HashedSecret.of(key) for key in keys)


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise Refused(f"{shown(value)} is not a list of names")
    return tuple(_text(item) for item in value)


def _patterns(value: object) -> tuple[str, ...]:
    names = _names(value)
    if not names:
        raise Refused("the list is empty, so that no agent would be served")
    return names


def _hosts(value: object) -> tuple[str, ...]:
    names = tuple(name.lower() for name in _names(value))
    for name, written in zip(names, value if isinstance(value, list | tuple) else (), strict=True):
        if not re.fullmatch(_HOST_PATTERN, name):
            raise Refused(f"{shown(written)} is not a host name without port, *.example.com, or *")
    return names


def _origins(value: object) -> tuple[str, ...]:
    origins = tuple(name.lower() for name in _names(value))
    for origin, written in zip(origins, value if isinstance(value, list | tuple) else (), strict=True):
        if origin != "*" and not re.fullmatch(_ORIGIN_PATTERN, origin):
            raise Refused(f"{shown(written)} is not an origin such as https://app.example.com, or *")
    return origins


def _networks(value: object) -> tuple[str, ...]:
    from ipaddress import ip_network  # noqa: PLC0415 - most hosts need none

    networks = _names(value)
    for network, written in zip(networks, value if isinstance(value, list | tuple) else (), strict=True):
        try:
            _ = network == UNIX or ip_network(network)
        except ValueError:
            raise Refused(f"{shown(written)} is not an address, a network such as 10.0.0.0/8, or {UNIX}") from None
    return networks


def _words(text: str) -> list[str]:
    return [word for each in text.split(",") if (word := each.strip())]


def _use(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(_USE, text):
        raise Refused(f"{shown(value)} is not the name of a distribution and of its agent, separated by a colon")
    return text


def _route(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(_ROUTE, text) or {".", ".."} & set(text.split("/")):
        raise Refused(f"{shown(value)} is not a path such as /sip: segments of a-z, 0-9, '.', '_' and '-'")
    if text.split("/")[1] in _HOSTS_OWN:
        raise Refused(f"{shown(value)} belongs to the host's other endpoints")
    return text


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        raise Refused("the list is empty")
    return tuple(_text(item) for item in items)


def _paths(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise Refused(f"{shown(value)} is not a list of paths")
    return tuple(_text(item) for item in value)


AGENT_PATTERNS = Kind("list of patterns", _patterns, '["*"]', _words, '["s*"]')
AGENTS = Kind("list of agents", _names, '["support", "sales"]', other='["sales"]')
CLASSIFIER = Kind("text", _text, '"lexical"', other='"near"')
FLAG = Kind("true or false", _flag, "true", lambda text: _WORDS.get(text.lower(), text), "false")
HASHED = Kind("secret, or list of secrets", _hashed, '{ env = "NAME" }', other='"written here"')
HOST = Kind("host name or IP address", _host, '"0.0.0.0"', other='"::1"')
HOSTS = Kind("list of host names", _hosts, '["agents.example.com"]', _words, "[]")
KEYS = Kind("list of secrets", _keys, '[{ env = "KEY" }]', other='["written here"]')
MODEL = Kind("text", _text, '"offline"', other='"house"')
MOUNT = Kind("path", _text, '"/sales"', other='"/shop"')
NAMES = Kind("list of names", _names, '["name"]', other='["other name"]')
NETWORKS = Kind("list of networks", _networks, '["10.0.0.0/8"]', _words, "[]")
ORIGINS = Kind("list of origins", _origins, '["https://app.example.com"]', _words, "[]")
PEER_AGENTS = Kind("list of agents", _names, '["billing"]', other='["refunds"]')
PASSWORD = Kind("secret", _password, '{ env = "NAME" }', other='"written here"')
PATH = Kind("path", _text, '"state"', other='"other state"')
PATHS = Kind("list of paths", _paths, '["/srv/data", "/srv/models:ro"]', _words, "[]")
PAUSE = Kind(f"number from 0, up to {_DAY}", _pause, "5", _number, "0")
ROUTE = Kind("path", _route, '"/sip"', other='"/other"')
SECONDS = Kind(f"number above 0, up to {_DAY}", _seconds, "10", _number, "20")
STORE = Kind("URL, or secret", _store, '"redis://localhost:6379/0"', other='"sqlite:///other.db"')
TEXT = Kind("text", _text, '"…"', other='"other"')
TEXTS = Kind("text, or list of texts", _texts, '"…"', other='["other"]')
URL = Kind("URL without credentials, query and fragment", _url, '"https://agents.example.com"', other='"http://host"')
USE = Kind("`distribution:name`", _use, '"agenthost-support:support"', other='"other-support:support"')
USER = Kind("text without colon", _user, '"agenthost"', other='"other"')
