"""Call credentials: a pair that opens one agent for one call.

They replace the agent's permanent pair if that must not be shown. The user is ``call``, or ``call.NAME`` with the name
of those that began the call with other credentials than the host's, see ``Principal.begins``. The password is a token
of the agent, the call and this name, then ``~`` and the call's ID.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from agenthost._host.access.tokens import Tokens

__all__ = ["call_of", "call_userinfo", "token_in"]

_USER = "call"
_REACH = "/reach/"
"""In place of a tool's name, which cannot contain a slash."""
_MOST = 2048
_NOTHING = ("", "", "")


def call_userinfo(tokens: Tokens, route: str, call_id: str, begun: str = "") -> str:
    """Return the pair in the form of a URL, for the agent at a route.

    ``begun`` is the name of those that began the call.
    """
    token = tokens.minter(route, call_id)(_REACH + begun).decode()
    return f"{_USER}{'.' if begun else ''}{begun}:{token}~{quote(call_id, safe='')}"


def call_of(header: bytes, tokens: Tokens, route: str) -> tuple[str, str] | None:
    """Return the call that a header opens an agent for, and who began it.

    The result is None if the header opens nothing.
    """
    token, call_id, begun = _parts_of(header)
    return (call_id, begun) if call_id and tokens.verify(token, route, _REACH + begun, call_id) else None


def token_in(header: bytes) -> str:
    """Return the token in an ``Authorization`` header for a call, unverified, or an empty text."""
    return _parts_of(header)[0]


def _parts_of(header: bytes) -> tuple[str, str, str]:
    """Return the token, the call and those that began it, or empty texts."""
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic" or len(encoded) > _MOST:
        return _NOTHING
    try:
        given = binascii.a2b_base64(encoded.strip(b" "), strict_mode=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return _NOTHING
    user, _, password = given.partition(":")
    kind, _, begun = user.partition(".")
    token, separator, call_id = password.partition("~")
    return (token, call_id, begun) if kind == _USER and separator else _NOTHING
