"""The platform as a client of a host: whole calls, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.testing.platform.http.asgi import AsgiClient
from agenthost.testing.platform.http.client import Client, HttpRequest, HttpResponse, UnreachableError
from agenthost.testing.platform.http.delivery import Exchange
from agenthost.testing.platform.http.several import SeveralHosts
from agenthost.testing.platform.leg import Caller
from agenthost.testing.platform.options import Limits, PlatformOptions
from agenthost.testing.platform.script import (
    Digits,
    Fault,
    FunctionCall,
    HangUp,
    ModelSays,
    ModelTurn,
    Says,
    Silence,
    Stub,
    Unhold,
)
from agenthost.testing.platform.session import Call, Outcome, Platform
from agenthost.testing.platform.trace import Trace, TraceEvent

if TYPE_CHECKING:
    from agenthost.testing.platform.http.sockets import HttpClient

__all__ = [
    "AsgiClient",
    "Call",
    "Caller",
    "Client",
    "Digits",
    "Exchange",
    "Fault",
    "FunctionCall",
    "HangUp",
    "HttpClient",
    "HttpRequest",
    "HttpResponse",
    "Limits",
    "ModelSays",
    "ModelTurn",
    "Outcome",
    "Platform",
    "PlatformOptions",
    "Says",
    "SeveralHosts",
    "Silence",
    "Stub",
    "Trace",
    "TraceEvent",
    "Unhold",
    "UnreachableError",
]


def __getattr__(name: str) -> Any:
    """Import the client for URLs on first use, which needs aiohttp."""
    if name != "HttpClient":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from agenthost.testing.platform.http.sockets import HttpClient  # noqa: PLC0415

    return HttpClient
