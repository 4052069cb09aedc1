"""SIP addresses (RFC 3261, RFC 3966). Reading one never raises."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from attrs import evolve, frozen

__all__ = ["SipUri", "number_of", "uri_of", "user_of"]

MOST_CHARACTERS = 1024
"""The longest address, in characters."""

_NAME_ADDR = re.compile(
    r'\s*+(?:"(?P<quoted>(?:[^"\\]|\\.)*)"\s*+|(?P<plain>[^<"]*+))<(?P<uri>[^<>]*+)>[^<>]*+', re.DOTALL
)
# No pattern here tries one character in two ways: what a caller sends may be made of one that fits both (issue 12).
_SCHEME = re.compile(r"(?P<scheme>sips?|tel):(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_NUMBER = re.compile(r"\+?[().\s-]*[0-9][0-9().\s-]*")
_DIGITS = re.compile(r"\+?[0-9]+")
_SEPARATORS = re.compile(r"[().\s-]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_USER_SAFE = "-_.!~*'()&=+$,/"
"""Unescaped characters of a user part, besides letters and digits (RFC 3261, section 25.1), without ``;`` and ``?``."""


@frozen
class SipUri:
    """A SIP, SIPS or TEL address.

    Args:
        scheme: ``sip``, ``sips`` or ``tel``.
        user: its user part, unescaped. A telephone number has no separators.
        host: its host, in lower case. Empty for ``tel``.
        port: its port, or None.
        parameters: ``;name=value`` after the host, in order, unescaped. A value is None if there is no ``=``.
        headers: ``?name=value&…``, in order, unescaped.
        display: the name before ``<…>``.
    """

    scheme: str
    user: str
    host: str = ""
    port: int | None = None
    parameters: tuple[tuple[str, str | None], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    display: str = ""

    @classmethod
    def parse(cls, text: str) -> SipUri | None:
        """Read an address, bare or as ``"Name" <address>``, or return None.

        The grammar is that of RFC 3261, section 19.1, and RFC 3966, section 3.

        Args:
            text: any text.
        """
        if len(text) > MOST_CHARACTERS or _CONTROL.search(text):
            return None
        display = ""
        if named := _NAME_ADDR.fullmatch(text):
            display = (
                re.sub(r"\\(.)", r"\1", named["quoted"]) if named["quoted"] is not None else named["plain"].rstrip()
            )
            text = named["uri"]
        found = _SCHEME.fullmatch(text.strip())
        if found is None:
            return None
        scheme = found["scheme"].lower()
        if scheme == "tel":
            number, _, parameters = found["rest"].partition(";")
            user = _number(unquote(number))
            return cls("tel", user, parameters=_parameters(parameters), display=display) if user else None
        return cls._sip(scheme, found["rest"], display)

    @classmethod
    def _sip(cls, scheme: str, rest: str, display: str) -> SipUri | None:
        userinfo, at, place = rest.rpartition("@")
        user = _unescaped(userinfo.partition(":")[0])
        place, _, headers = place.partition("?")
        host, _, parameters = place.partition(";")
        where = _HOST.fullmatch(host)
        if where is None or (at and not user) or _CONTROL.search(user):
            return None
        port = int(where["port"]) if where["port"] else None
        if port is not None and port > 65535:  # noqa: PLR2004 - the range of ports
            return None
        pairs = tuple((unquote(n), unquote(v)) for n, _, v in (h.partition("=") for h in headers.split("&")) if n)
        return cls(scheme, user, where["host"].lower(), port, _parameters(parameters), pairs, display)

    def __str__(self) -> str:
        """Return the address as text, escaped so that ``parse`` reads it back."""
        parameters = "".join(
            f";{quote(name, safe='')}" + ("" if value is None else f"={quote(value, safe='[]/:&+$')}")
            for name, value in self.parameters
        )
        if self.scheme == "tel":
            text = f"tel:{self.user}{parameters}"
        else:
            user = f"{quote(self.user, safe=_USER_SAFE)}@" if self.user else ""
            port = "" if self.port is None else f":{self.port}"
            headers = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.headers)
            text = f"{self.scheme}:{user}{self.host}{port}{parameters}" + (f"?{headers}" if headers else "")
        if not self.display:
            return text
        return '"' + self.display.replace("\\", "\\\\").replace('"', '\\"') + f'" <{text}>'


def uri_of(address: str) -> SipUri | None:
    """Return the address of an end of a call, or None.

    Args:
        address: an address that ``SipUri.parse`` reads, ``user@host``, a telephone number, or a bare user part, which
            gives an address without a host.
    """
    uri = SipUri.parse(address)
    if uri is None and not _SCHEME.match(address.strip()):
        bare = "@" not in address
        uri = SipUri.parse(f"sip:{address.strip()}@localhost" if bare else f"sip:{address.strip()}")
        if uri is not None and bare:
            uri = evolve(uri, host="")
    return uri if uri is not None and uri.user else None


def user_of(address: str | SipUri) -> str | None:
    """Return the user part of an end of a call, or None.

    Args:
        address: see ``uri_of``. The result for a telephone number has no separators.
    """
    uri = address if isinstance(address, SipUri) else uri_of(address)
    if uri is None or not uri.user:
        return None
    return _number(uri.user.partition(";")[0]) or uri.user


def number_of(address: str | None) -> str | None:
    """Return the telephone number of an end of a call, without separators, or None.

    Args:
        address: see ``uri_of``.
    """
    user = user_of(address) if address else None
    return user if user is not None and _DIGITS.fullmatch(user) else None


def _number(text: str) -> str:
    """Return a telephone number without its separators, or an empty text."""
    return _SEPARATORS.sub("", text) if _NUMBER.fullmatch(text) else ""


def _unescaped(user: str) -> str:
    """Unescape a user part. An escape that is not UTF-8 makes it empty."""
    try:
        return unquote(user, errors="strict")
    except UnicodeDecodeError:
        return ""


def _parameters(text: str) -> tuple[tuple[str, str | None], ...]:
    found = []
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if name:
            found.append((unquote(name), unquote(value) if equals else None))
    return tuple(found)
