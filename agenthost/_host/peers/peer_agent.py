"""An agent of another host: by ``/v1`` in text, and by its URL in calls."""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol, cast

import msgspec
from attrs import frozen

from agenthost._host.config.author_settings import build_settings
from agenthost._host.peers.crossing import BUDGET, CROSSED, HEADER, budget_header
from agenthost._host.peers.peer_host import PeerHost
from agenthost._host.telemetry.spans import outgoing
from agenthost.agent.base import AgentBase, declared
from agenthost.agent.per_call import fallback_content
from agenthost.conversation.models import Usage
from agenthost.conversation.turns import Reply
from agenthost.errors import ConversationRefused, StateRefused, StateUnavailable, Unanswered
from agenthost.health import probe
from agenthost.state.stores import NO_STORES
from agenthost.tools.swaig import call_id
from agenthost.workflows.team import Team
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import ClientResponse, ClientSession

    from agenthost._host.config.place import Place
    from agenthost._host.config.schema import PeerConfig
    from agenthost._host.peers.peer_host import Address
    from agenthost.agent.document_call import DocumentCall
    from agenthost.conversation.turns import Turn
    from agenthost.state import Stores

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


class _CountingTeam(Team, Protocol):
    """The team that the host makes, which also counts what another host has used."""

    def used_elsewhere(self, usage: Usage, calls: int) -> None:
        """Count tokens and calls of agents."""


class _NotBegunError(Exception):
    """The host cannot take the turn now, and has not begun it."""


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
    made, host = {}, PeerHost.of(name, table, str(place))
    for key in table.agents:
        own = table.settings.get(key, {})
        settings = build_settings(PeerAgentSettings, own if isinstance(own, dict) else {}, place.at(key))
        made[key] = PeerAgent(key, settings, host)
    return made


class PeerAgent(Workflow):
    """Answers turns with the reply of another host, and leads calls there.

    Args:
        key: the key of the agent, on both hosts.
        settings: the agent's own table.
        host: the other host.
    """

    def __init__(self, key: str, settings: PeerAgentSettings, host: PeerHost) -> None:
        options: dict[str, Any] = {"description": settings.description, "examples": settings.examples}
        if settings.fallback is not None:
            options["fallback"] = settings.fallback
        self._there = settings.route or f"/{key}"
        AgentBase.__init__(self, key, self._there, **options)  # it calls no agent of this host
        self.agents = ()
        self._key = key
        self._hosts = [host]
        self._sessions: dict[asyncio.AbstractEventLoop, ClientSession] = {}

    def share_with(self, other: PeerAgent) -> None:
        """Share turns and calls with the hosts of another one."""
        self._hosts += other._hosts

    def render(self, call: DocumentCall) -> dict[str, Any]:
        """Return a transfer to the call's host, or the fallback if none responds."""
        thread = call_id(dict(call.body)) or call.query.get("call_id") or secrets.token_hex(8)
        for _, address in self._in_order(thread):
            if not address.down:
                transfer = {"transfer": {"dest": address.with_credentials + self._there}}
                return {"version": "1.0.0", "sections": {"main": [transfer]}}
        _log.warning("a call of %s hears the fallback: no host that serves it responds", self._key)
        return fallback_content(self)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Keep connections to the peer open, and its addresses up to date."""
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            for host in self._hosts:
                await stack.enter_async_context(host.followed(self._stores))
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
            found = self._in_order("")
            why = await asyncio.gather(*(_why_not_ready(session, host, address) for host, address in found))
        if all(why):
            raise Unanswered("; ".join(filter(None, why)) or self._not_announced())

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
            BUDGET: budget_header(team.remaining),
            **outgoing(),
        }
        import aiohttp  # noqa: PLC0415 - a fifth of a second, for hosts with peers only

        why: list[str] = []
        for host, address in await self._found(turn.thread):
            try:
                reply = await self._sent(host, address, content, headers, cast("_CountingTeam", team))
            except _NotBegunError as error:
                why.append(str(error))
            except (aiohttp.ClientError, OSError) as error:
                _log.debug("peer %s", host.name, exc_info=error)
                address.failed()
                why.append(_unreachable(host, address, error))
                if not isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
                    break  # the turn may have begun there
            else:
                address.responded()
                return reply
        raise Unanswered("; ".join(why) or self._not_announced())

    async def _found(self, thread: str) -> list[tuple[PeerHost, Address]]:
        """Return the addresses for a conversation, and look into the directory if none is known."""
        if not (found := self._in_order(thread)):
            with suppress(StateUnavailable, StateRefused):
                for host in self._hosts:
                    await host.read(self._stores())
            found = self._in_order(thread)
        return found

    def _stores(self) -> Stores:
        return declared(self).stores or NO_STORES

    def _in_order(self, thread: str) -> list[tuple[PeerHost, Address]]:
        """Return the addresses in the order in which a conversation, or a call, uses them.

        It stays with one as long as that responds (rendezvous hashing).
        """
        found = [(host, each) for host in self._hosts for each in host.addresses if each.serves(self._key)]
        if len(found) > 1:
            found.sort(key=lambda pair: (pair[1].down, blake2b(f"{pair[1].url} {thread}".encode()).digest()))
        return found

    def _not_announced(self) -> str:
        names = " or ".join(host.name for host in self._hosts)
        return f"no entry in the directory says that {names} serves {self._key}"

    async def _sent(
        self, host: PeerHost, address: Address, content: bytes, headers: Mapping[str, str], team: _CountingTeam
    ) -> Reply:
        async with (
            self._opened() as session,
            session.post(
                f"{address.url}/v1/chat/completions",
                data=content,
                headers={**host.headers, **headers},
                allow_redirects=False,
            ) as response,
        ):
            return self._reply(host, response, await _body(response), team)

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

    def _reply(self, host: PeerHost, response: ClientResponse, content: bytes, team: _CountingTeam) -> Reply:
        try:
            answer = msgspec.json.decode(content)
        except msgspec.DecodeError:
            answer = {}
        if response.status != 200:  # noqa: PLR2004 - OK of HTTP
            told = (answer.get("error") if isinstance(answer, dict) else None) or {}
            words = str(told.get("message", ""))[:200] if isinstance(told, dict) else ""
            advice = _ADVICE.get(response.status, "").format(place=host.place)
            answered = f"peer {host.name} responds with {response.status} for {self._key}"
            reason = ". ".join(filter(None, (": ".join(filter(None, (answered, words))).rstrip("."), advice)))
            if response.status == 503 and response.headers.get("x-should-retry") != "false":  # noqa: PLR2004 - of HTTP
                raise _NotBegunError(reason)
            raise Unanswered(reason)
        try:
            choice, usage, more = answer["choices"][0], answer.get("usage") or {}, answer.get("agenthost") or {}
            used = Usage(int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0)))
            team.used_elsewhere(used, max(0, len(more.get("path") or ()) - 1))  # its first call is counted here
            return Reply(
                team.workflow,
                str(choice["message"]["content"] or ""),
                used,
                escalate=more.get("escalate"),
                confidence=more.get("confidence"),
                finish=str(choice.get("finish_reason") or "stop"),
                refused=bool(choice["message"].get("refusal")),
                actions=tuple(more.get("actions") or ()),
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Unanswered(f"peer {host.name} responds with something else than a chat completion") from error


def _key_of(turn: Turn) -> str:
    """Return the idempotency key of a call.

    A repeat of the turn has the same one, although its notes may tell of other tools. A second call in the turn follows
    answers, reasons or other notes.
    """
    spoken = [(each.role, each.content) for each in turn.history]
    notes = [(each.agent, each.kind) for each in turn.notes if each.kind != "result"]
    return blake2b(_encode((turn.thread, spoken, turn.text, notes)), digest_size=16).hexdigest()


async def _why_not_ready(session: ClientSession, host: PeerHost, address: Address) -> str | None:
    """Return the reason why an address does not respond, or None if it does."""
    import aiohttp  # noqa: PLC0415 - as above

    why = None
    try:
        async with asyncio.timeout(_READY), session.get(f"{address.url}/ready", allow_redirects=False) as response:
            if response.status >= 500:  # noqa: PLR2004 - a server error of HTTP
                why = f"peer {host.name} responds with {response.status}"
    except (aiohttp.ClientError, OSError) as error:
        why = _unreachable(host, address, error)
    if why is None:
        address.responded()
    else:
        address.failed()
    return why


def _unreachable(host: PeerHost, address: Address, error: BaseException) -> str:
    return f"peer {host.name} cannot be reached at {address.url}: {type(error.__cause__ or error).__name__}"


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
