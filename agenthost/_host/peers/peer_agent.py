"""An agent of another host: by ``/v1`` in text, and by its URL in calls."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from attrs import frozen

from agenthost._host.config.author_settings import build_settings
from agenthost._host.peers.crossing import CROSSED, HEADER, SECONDS
from agenthost._host.telemetry.spans import outgoing
from agenthost._version import __version__
from agenthost.agent.base import AgentBase
from agenthost.conversation.models import Usage
from agenthost.conversation.turns import Reply
from agenthost.errors import ConversationRefused, Unanswered
from agenthost.health import probe
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientResponse, ClientSession

    from agenthost._host.config.place import Place
    from agenthost._host.config.schema import PeerConfig
    from agenthost.conversation.turns import Turn
    from agenthost.workflows.team import Team

__all__ = ["PeerAgent", "peer_agents"]

_MOST_HOSTS = 4
"""The most hosts that a turn crosses."""
_CONNECT = 3.0
_MOST = 4 * 1024 * 1024
_ADVICE = {
    401: "fix: {place}.user and secret must be those of a key of that host",
    403: 'fix: the key of that host needs scopes = ["call", "text"], and the agent in its list',
    404: "fix: that host must serve the agent, and its key must open it",
}
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("agenthost.peers")


@frozen(kw_only=True)
class PeerAgentSettings:
    """``[peers.<name>.<agent>]``: the description of an agent elsewhere."""

    description: str = ""
    examples: tuple[str, ...] = ()
    fallback: str | None = None
    route: str | None = None


def peer_agents(name: str, table: PeerConfig, place: Place) -> dict[str, PeerAgent]:
    """Return the agents of a peer, by key.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    made = {}
    for key in table.agents:
        own = table.settings.get(key, {})
        settings = build_settings(PeerAgentSettings, own if isinstance(own, dict) else {}, place.at(key))
        made[key] = PeerAgent(name, key, table, settings, str(place))
    return made


class PeerAgent(Workflow):
    """Answers turns with the reply of another host, and leads calls there.

    Args:
        peer: the name of the peer.
        key: the key of the agent, on both hosts.
        table: the peer's table.
        settings: the agent's own table.
        place: the place of the peer's table, for messages.
    """

    def __init__(self, peer: str, key: str, table: PeerConfig, settings: PeerAgentSettings, place: str) -> None:
        options: dict[str, Any] = {"description": settings.description, "examples": settings.examples}
        if settings.fallback is not None:
            options["fallback"] = settings.fallback
        AgentBase.__init__(self, key, settings.route or f"/{key}", **options)  # it calls no agent of this host
        self.agents = ()
        self._peer, self._key, self._place = peer, key, place
        self._url = table.url.rstrip("/")
        secret = table.secret.reveal() if table.secret is not None else ""
        self._headers = {
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/json",
            "User-Agent": f"agenthost/{__version__}",
        }
        self._sessions: dict[asyncio.AbstractEventLoop, ClientSession] = {}
        at = urlsplit(self._url)
        pair = f"{quote(table.user, safe='')}:{quote(secret, safe='')}@"
        there = urlunsplit((at.scheme, pair + at.netloc, at.path + (settings.route or f"/{key}"), "", ""))
        self.add_verb("transfer", {"dest": there})

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Keep connections to the peer open."""
        loop = asyncio.get_running_loop()
        self._sessions[loop] = session = _session()
        try:
            yield
        finally:
            del self._sessions[loop]
            await session.close()

    @probe(interval=10.0, timeout=3.0)
    async def peer(self) -> None:
        """Check that the other host responds."""
        async with self._opened() as session, session.get(f"{self._url}/ready", allow_redirects=False) as response:
            if response.status >= 500:  # noqa: PLR2004 - a server error of HTTP
                raise Unanswered(f"peer {self._peer} responds with {response.status}")

    async def respond(self, turn: Turn, team: Team) -> Reply:
        """Send the turn to the other host, and return its reply.

        Raises:
            ConversationRefused: the turn has an option that does not travel.
            Unanswered: there is no answer.
        """
        crossed = CROSSED.get()
        if self._key in crossed or len(crossed) >= _MOST_HOSTS:
            way = " → ".join((*crossed, self._key))
            raise Unanswered(
                f"the turn has crossed too many hosts ({way}). fix: no host may send an agent's turns back"
            )
        content = _encode(self._body(turn))
        headers = {
            **self._headers,
            "Idempotency-Key": blake2b(content, digest_size=16).hexdigest(),
            "X-Conversation-Id": blake2b(turn.thread.encode(), digest_size=16).hexdigest(),
            HEADER: ",".join((*crossed, self._key)),
            SECONDS: f"{team.remaining.seconds:.3f}",
            **outgoing(),
        }
        import aiohttp  # noqa: PLC0415 - a fifth of a second, for hosts with peers only

        try:
            async with (
                self._opened() as session,
                session.post(
                    f"{self._url}/v1/chat/completions", data=content, headers=headers, allow_redirects=False
                ) as response,
            ):
                return self._reply(response, await _body(response), team)
        except (aiohttp.ClientError, OSError) as error:
            _log.debug("peer %s", self._peer, exc_info=error)
            why = type(error.__cause__ or error).__name__
            raise Unanswered(f"peer {self._peer} cannot be reached at {self._url}: {why}") from error

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[ClientSession]:
        """Return the session of this event loop, or one for this request."""
        session = self._sessions.get(asyncio.get_running_loop())
        if session is not None:
            yield session
            return
        async with _session() as session:
            yield session

    def _body(self, turn: Turn) -> dict[str, Any]:
        options = turn.options
        if options.answer_schema is not None:
            msg = f"response_format: {self._key} is an agent of another host, and answers in text."
            raise ConversationRefused(msg, "response_format")
        context = dict(turn.context)
        if turn.notes:
            context["notes"] = [{"agent": each.agent, "kind": each.kind, "text": each.text} for each in turn.notes]
        spoken = [each for each in turn.history if each.role in ("user", "assistant") and each.content]
        messages = [{"role": each.role, "content": each.content} for each in spoken]
        body: dict[str, Any] = {
            "model": self._key,
            "messages": [*messages, {"role": "user", "content": turn.text}],
            "metadata": {"context": context},
            "temperature": options.temperature,
            "max_tokens": options.max_tokens,
            "stop": list(options.stop) or None,
            "seed": options.seed,
        }
        return {name: value for name, value in body.items() if value is not None}

    def _reply(self, response: ClientResponse, content: bytes, team: Team) -> Reply:
        try:
            answer = msgspec.json.decode(content)
        except msgspec.DecodeError:
            answer = {}
        if response.status != 200:  # noqa: PLR2004 - OK of HTTP
            told = (answer.get("error") if isinstance(answer, dict) else None) or {}
            words = str(told.get("message", ""))[:200] if isinstance(told, dict) else ""
            advice = _ADVICE.get(response.status, "").format(place=self._place)
            answered = f"peer {self._peer} responds with {response.status} for {self._key}"
            raise Unanswered(". ".join(filter(None, (": ".join(filter(None, (answered, words))).rstrip("."), advice))))
        try:
            choice, usage, more = answer["choices"][0], answer.get("usage") or {}, answer.get("agenthost") or {}
            return Reply(
                team.workflow,
                str(choice["message"]["content"] or ""),
                Usage(int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))),
                escalate=more.get("escalate"),
                confidence=more.get("confidence"),
                finish=str(choice.get("finish_reason") or "stop"),
                refused=bool(choice["message"].get("refusal")),
                actions=tuple(more.get("actions") or ()),
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Unanswered(f"peer {self._peer} responds with something else than a chat completion") from error


def _session() -> ClientSession:
    import aiohttp  # noqa: PLC0415 - as above

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT)  # the turn's own time ends the request
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout
    )


async def _body(response: ClientResponse) -> bytes:
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) > _MOST:
            raise Unanswered("the answer of a peer is too long")
    return bytes(content)
