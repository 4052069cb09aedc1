"""An agent of another host: by ``/v1`` in text, and by its URL in calls."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from attrs import field, frozen

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
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import ClientResponse, ClientSession

    from agenthost._host.config.place import Place
    from agenthost._host.config.schema import PeerConfig
    from agenthost.conversation.turns import Turn
    from agenthost.workflows.team import Team

__all__ = ["PeerAgent", "peer_agents"]

_MOST_HOSTS = 4
"""The most hosts that a turn crosses."""
_CONNECT = 3.0
_READY = 2.5
"""Seconds for the answer about its health, less than the probe has."""
_MOST = 4 * 1024 * 1024
_ADVICE = {
    401: "fix: {place}.user and secret must be those of a key of that host",
    403: 'fix: the key of that host needs scopes = ["call", "text"], and the agent in its list',
    404: "fix: that host must serve the agent, and its key must open it",
}
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("agenthost.peers")


@frozen
class _Peer:
    """A host that serves the agent.

    ``place`` is the place of its table, for messages.
    """

    name: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    place: str

    @classmethod
    def of(cls, name: str, table: PeerConfig, place: str) -> _Peer:
        secret = table.secret.reveal() if table.secret is not None else ""
        headers = {
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/json",
            "User-Agent": f"agenthost/{__version__}",
        }
        return cls(name, table.url.rstrip("/"), headers, place)


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
        self._key = key
        self._peers = [_Peer.of(peer, table, place)]
        self._sessions: dict[asyncio.AbstractEventLoop, ClientSession] = {}
        at = urlsplit(self._peers[0].url)
        secret = table.secret.reveal() if table.secret is not None else ""
        pair = f"{quote(table.user, safe='')}:{quote(secret, safe='')}@"
        there = urlunsplit((at.scheme, pair + at.netloc, at.path + (settings.route or f"/{key}"), "", ""))
        self.add_verb("transfer", {"dest": there})

    def share_with(self, other: PeerAgent) -> None:
        """Share turns with the peers of another one."""
        self._peers += other._peers

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
        """Check that the other host responds, or one of several.

        Raises:
            Unanswered: none responds.
        """
        async with self._opened() as session:
            why = await asyncio.gather(*(_why_not_ready(session, peer) for peer in self._peers))
        if all(why):
            raise Unanswered("; ".join(filter(None, why)))

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
            "Idempotency-Key": _key_of(turn),
            "X-Conversation-Id": blake2b(turn.thread.encode(), digest_size=16).hexdigest(),
            HEADER: ",".join((*crossed, self._key)),
            SECONDS: f"{team.remaining.seconds:.3f}",
            **outgoing(),
        }
        import aiohttp  # noqa: PLC0415 - a fifth of a second, for hosts with peers only

        why: list[str] = []
        for peer in self._in_order(turn.thread):
            try:
                return await self._sent(peer, content, headers, team)
            except (aiohttp.ClientError, OSError) as error:
                _log.debug("peer %s", peer.name, exc_info=error)
                why.append(
                    f"peer {peer.name} cannot be reached at {peer.url}: {type(error.__cause__ or error).__name__}"
                )
                if not isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
                    break  # the turn may have begun there
        raise Unanswered("; ".join(why))

    def _in_order(self, thread: str) -> list[_Peer]:
        """Return the peers in the order in which a conversation uses them.

        It stays with one as long as that can be reached (rendezvous hashing).
        """
        if len(self._peers) == 1:
            return self._peers
        return sorted(self._peers, key=lambda peer: blake2b(f"{peer.url} {thread}".encode()).digest())

    async def _sent(self, peer: _Peer, content: bytes, headers: Mapping[str, str], team: Team) -> Reply:
        async with (
            self._opened() as session,
            session.post(
                f"{peer.url}/v1/chat/completions",
                data=content,
                headers={**peer.headers, **headers},
                allow_redirects=False,
            ) as response,
        ):
            return self._reply(peer, response, await _body(response), team)

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

    def _reply(self, peer: _Peer, response: ClientResponse, content: bytes, team: Team) -> Reply:
        try:
            answer = msgspec.json.decode(content)
        except msgspec.DecodeError:
            answer = {}
        if response.status != 200:  # noqa: PLR2004 - OK of HTTP
            told = (answer.get("error") if isinstance(answer, dict) else None) or {}
            words = str(told.get("message", ""))[:200] if isinstance(told, dict) else ""
            advice = _ADVICE.get(response.status, "").format(place=peer.place)
            answered = f"peer {peer.name} responds with {response.status} for {self._key}"
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
            raise Unanswered(f"peer {peer.name} responds with something else than a chat completion") from error


def _key_of(turn: Turn) -> str:
    """Return the idempotency key of a call.

    A repeat of the turn has the same one, although its notes may tell of other tools. A second call in the turn follows
    answers, reasons or other notes.
    """
    spoken = [(each.role, each.content) for each in turn.history]
    notes = [(each.agent, each.kind) for each in turn.notes if each.kind != "result"]
    return blake2b(_encode((turn.thread, spoken, turn.text, notes)), digest_size=16).hexdigest()


async def _why_not_ready(session: ClientSession, peer: _Peer) -> str | None:
    """Return the reason why a peer does not respond, or None if it does."""
    import aiohttp  # noqa: PLC0415 - as above

    try:
        async with asyncio.timeout(_READY), session.get(f"{peer.url}/ready", allow_redirects=False) as response:
            failed = response.status >= 500  # noqa: PLR2004 - a server error of HTTP
            return f"peer {peer.name} responds with {response.status}" if failed else None
    except (aiohttp.ClientError, OSError) as error:
        return f"peer {peer.name} cannot be reached: {type(error.__cause__ or error).__name__}"


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
