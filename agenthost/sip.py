"""SIP: addresses, the aliases that they reach agents by, and which agent answers one (wire.md, section 4).

All of it is pure: parsing never raises, and a table of aliases is a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["AliasTable", "SipAlias", "SipUri", "squashed", "user_of"]

MOST_CHARACTERS = 1024
"""Length beyond which an address is no address."""

_NAME_ADDR = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<"]*?))\s*<(?P<uri>[^<>]*)>[^<>]*', re.DOTALL)
_SCHEME = re.compile(r"(?P<scheme>sips?|tel):(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_NUMBER = re.compile(r"\+?[0-9().\s-]*[0-9][0-9().\s-]*")
_SEPARATORS = re.compile(r"[().\s-]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_USER_SAFE = "-_.!~*'()&=+$,/"
"""What a user part carries unescaped beside letters and digits (RFC 3261, section 25.1), ``;`` and ``?`` aside."""


@frozen
class SipUri:
    """A SIP, SIPS or TEL address.

    Args:
        scheme: ``sip``, ``sips`` or ``tel``.
        user: its user part, unescaped; a telephone number without separators.
        host: its host, lower case; empty for ``tel``.
        port: its port, or None.
        parameters: ``;name=value`` after the host, in order, unescaped; a value is None where there is no ``=``.
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
        """Read an address, bare or as ``"Name" <address>``; None when it is none (RFC 3261, 19.1; RFC 3966, 3).

        Args:
            text: what arrived, of any form.
        """
        if len(text) > MOST_CHARACTERS or _CONTROL.search(text):
            return None
        display = ""
        if named := _NAME_ADDR.fullmatch(text):
            display = re.sub(r"\\(.)", r"\1", named["quoted"]) if named["quoted"] is not None else named["plain"]
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
        """The address as text, escaped where it must be; ``parse`` reads it back."""
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


@frozen
class SipAlias:
    """A user part that reaches an agent.

    Args:
        user: the user part; compared without regard to case.
        agent: the agent's key, name or route.
    """

    user: str
    agent: str


@frozen
class AliasTable:
    """Which agent each alias reaches.

    Args:
        agents: alias, case-folded, to the key of its agent.
        conflicts: aliases that several agents claim, to the keys of all of them; such an alias reaches nobody.
    """

    agents: Mapping[str, str] = field(factory=dict)
    conflicts: Mapping[str, tuple[str, ...]] = field(factory=dict)

    @classmethod
    def of(cls, *tiers: Iterable[SipAlias]) -> AliasTable:
        """Decide every alias.

        Args:
            tiers: aliases, those that win first; within a tier nobody wins by order. Every alias also counts in its
                squashed form (``sales-agent`` as ``salesagent``) where nobody else has that one.
        """
        claims: dict[str, set[str]] = {}
        listed = [list(tier) for tier in tiers]
        for tier in listed:
            for user, agents in _claims(tier).items():
                claims.setdefault(user, agents)
        short = _claims(SipAlias(squashed(alias.user), alias.agent) for tier in listed for alias in tier)
        claims |= {user: agents for user, agents in short.items() if user not in claims and len(agents) == 1}
        return cls(
            {user: next(iter(agents)) for user, agents in claims.items() if len(agents) == 1},
            {user: tuple(sorted(agents)) for user, agents in claims.items() if len(agents) > 1},
        )

    def find(self, address: str) -> str | None:
        """The key of the agent that ``address`` reaches, or None."""
        user = user_of(address)
        return None if user is None else self.agents.get(user.casefold())


def user_of(address: str) -> str | None:
    """The user part of anything that a platform may name as a call's target, or None.

    Args:
        address: an address that ``SipUri.parse`` reads, ``user@host``, a telephone number, or a bare user part.
    """
    uri = SipUri.parse(address)
    if uri is None and not _SCHEME.match(address.strip()):
        uri = SipUri.parse(f"sip:{address.strip()}" if "@" in address else f"sip:{address.strip()}@localhost")
    if uri is None or not uri.user:
        return None
    subscriber = uri.user.partition(";")[0]
    return _number(subscriber) or uri.user


def squashed(user: str) -> str:
    """A user part as SignalWire's SDK writes it: letters, digits and ``_`` alone, lower case."""
    return re.sub(r"[^a-z0-9_]", "", user.casefold())


def _claims(aliases: Iterable[SipAlias]) -> dict[str, set[str]]:
    claims: dict[str, set[str]] = {}
    for alias in aliases:
        if alias.user:
            claims.setdefault(alias.user.casefold(), set()).add(alias.agent)
    return claims


def _number(text: str) -> str:
    """A telephone number without its separators, or an empty text."""
    return _SEPARATORS.sub("", text) if _NUMBER.fullmatch(text) else ""


def _unescaped(user: str) -> str:
    """A user part; an escape that is no UTF-8 makes it empty."""
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
