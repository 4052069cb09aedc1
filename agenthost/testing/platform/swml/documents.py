"""Documents: the request for one, and the checks of the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from agenthost.testing.platform.http.client import read_json
from agenthost.testing.platform.leg import Script, agent_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.leg import Leg

__all__ = ["document_problem", "fetch", "inline_document"]

_OK = 200
_MULTIPLE_CHOICES = 300


async def fetch(leg: Leg, url: str, params: Mapping[str, Any]) -> Script | None:
    """Fetch a document, or return None after a script error."""
    room = leg.room
    body: dict[str, Any]
    if leg.chat:
        body = {
            "conversation_type": "chat",
            "conversation_id": leg.call_id,
            "call_id": leg.call_id,
            "params": {"id": leg.call_id, "config_url": "", "user_meta_data": dict(leg.caller.user)},
        }
    else:
        body = {
            "call": leg.described(),
            "vars": dict(leg.vars),
            "envs": dict(room.options.envs),
            "params": dict(params),
        }
    delivered = await room.delivery.post("document", url, body, timeout=room.options.document_timeout)
    response = delivered.response
    if response is None:
        _failed(leg, url, "relay_script_unreachable", delivered.failure)
        return None
    if not _OK <= response.status < _MULTIPLE_CHOICES:
        hint = ": the URL carries no credentials, or wrong ones" if response.status == 401 else ""
        _failed(leg, url, "relay_script_http_error", f"HTTP {response.status}{hint}")
        return None
    try:
        document = response.document()
    except ValueError as error:
        _failed(leg, url, "relay_script_parse_error", f"the document cannot be read: {error}"[:300])
        return None
    if problem := document_problem(document):
        _failed(leg, url, "relay_script_parse_error", problem)
        return None
    target = _with_credentials(url, delivered.url)
    agent = agent_of(delivered.url)
    if agent == room.options.sip_path:
        agent = _agent_behind(document) or agent
    leg.trace("document", url=delivered.url, agent_path=agent, document=document)
    return Script(document, target, agent)


def _agent_behind(document: Any) -> str:
    """Return the path of the agent that answered for a SIP address."""
    for verb in document["sections"]["main"]:
        ai = verb.get("ai") if isinstance(verb, dict) else None
        swaig = ai.get("SWAIG") if isinstance(ai, dict) else None
        defaults = swaig.get("defaults") if isinstance(swaig, dict) else None
        url = defaults.get("web_hook_url") if isinstance(defaults, dict) else None
        if isinstance(url, str) and agent_of(url).endswith("/swaig"):
            return agent_of(url).removesuffix("/swaig") or "/"
    return ""


def document_problem(document: Any) -> str:
    """Return the reason why the platform refuses a document, or empty text."""
    if not isinstance(document, dict):
        return "the document is not an object"
    if document.get("version", "1.0.0") != "1.0.0":
        return "the version of the document is not 1.0.0"
    sections = document.get("sections")
    if not isinstance(sections, dict) or not isinstance(sections.get("main"), list):
        return "the document has no section main"
    return ""


def inline_document(value: Any) -> dict[str, Any] | None:
    """Return a document that is written in place, as an object or as JSON text."""
    if isinstance(value, str):
        value = _parsed(value.encode("utf-8", "replace"))
    if isinstance(value, dict) and isinstance(value.get("sections"), dict):
        return value
    return None


def _parsed(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError:
        return None


def _failed(leg: Leg, url: str, code: str, reason: str) -> None:
    leg.trace("script_error", code=code, message=reason, url=url)


def _with_credentials(asked: str, reached: str) -> str:
    """Return the URL that was reached, with the credentials of the request."""
    try:
        before, after = urlsplit(asked), urlsplit(reached)
    except ValueError:
        return reached
    pair, at, _ = before.netloc.rpartition("@")
    return urlunsplit(after._replace(netloc=f"{pair}{at}{after.netloc}"))
