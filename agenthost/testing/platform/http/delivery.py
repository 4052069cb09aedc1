"""Deliveries: credentials, signatures, redirects, retries, faults, and answers of other systems."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from attrs import define, evolve, field, frozen

from agenthost.testing.platform.http.client import HttpRequest, HttpResponse, UnreachableError, origin_of

if TYPE_CHECKING:
    from agenthost.testing.platform.http.client import Client
    from agenthost.testing.platform.options import PlatformOptions
    from agenthost.testing.platform.script import Fault
    from agenthost.testing.platform.trace import Recorder

__all__ = ["Delivered", "Delivery", "Exchange"]

_SERVER_ERROR = 500
_REPEATED = frozenset({307, 308})
_MOST_REDIRECTS = 15
_RETRY_AFTER = 1000


@frozen
class Exchange:
    """One request that was sent, with its answer.

    Args:
        kind: its purpose: ``document``, the function's name, ``post_prompt``, ``get_signature`` or ``request``.
        url: the URL, without credentials.
        body: the JSON that was sent.
        status: the status of the answer, or None without an answer.
        answer: the body of the answer.
    """

    kind: str
    url: str
    body: Any
    status: int | None
    answer: bytes = field(repr=False, default=b"")


@frozen
class Delivered:
    """The end of a delivery.

    Args:
        url: the last URL, without credentials.
        response: the last answer, or None.
        attempts: the number of requests.
        failure: the reason for the absence of an answer.
    """

    url: str
    response: HttpResponse | None
    attempts: int
    failure: str = ""

    @property
    def status(self) -> int:
        """The status, 0 without an answer."""
        return self.response.status if self.response is not None else 0


@define
class Delivery:
    """Requests to the host under test.

    Other systems are never contacted: their answers are stubs, else the request fails.
    """

    client: Client
    options: PlatformOptions
    recorder: Recorder
    exchanges: list[Exchange] = field(factory=list)
    _left: dict[int, int] = field(factory=dict)

    async def post(self, kind: str, url: str, body: Any, *, timeout: float, retries: int = 0) -> Delivered:  # noqa: ASYNC109
        """Post JSON, and repeat it after a failure, a time-out or a 5xx."""
        encoded = json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace")
        request = HttpRequest("POST", url, (("content-type", "application/json"),), encoded, timeout)
        for attempt in range(1, retries + 2):
            delivered = await self._follow(kind, evolve(request), body, attempt)
            foreign = delivered.response is None and delivered.attempts == 0
            if foreign or (delivered.response is not None and delivered.status < _SERVER_ERROR):
                return delivered
            if attempt <= retries:
                self.recorder.now += _RETRY_AFTER
                await asyncio.sleep(_RETRY_AFTER / 1000 if self.options.real_pauses else 0)
        return delivered

    async def send(
        self, kind: str, method: str, url: str, body: Any, headers: tuple[tuple[str, str], ...]
    ) -> Delivered:
        """Send one request of a verb or a data map."""
        encoded = b"" if body is None else json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace")
        request = HttpRequest(method, url, headers, encoded, self.options.tool_timeout)
        return await self._follow(kind, request, body, 1)

    async def _follow(self, kind: str, request: HttpRequest, body: Any, attempt: int) -> Delivered:
        """Send a request, and follow redirects that repeat method and body."""
        url, credentials = _split(request.url)
        given = credentials
        for _ in range(_MOST_REDIRECTS + 1):
            delivered = await self._once(kind, evolve(request, url=url), credentials, body, attempt)
            response = delivered.response
            if response is None or response.status not in _REPEATED or not response.header("location"):
                return delivered
            try:
                target, own = _split(urljoin(url, response.header("location")))
            except ValueError:
                return Delivered(url, None, attempt, "the redirect has no usable Location")
            credentials = own or (given if origin_of(target) == origin_of(url) else None)
            url = target
        return Delivered(url, None, attempt, "too many redirects")

    async def _once(
        self, kind: str, request: HttpRequest, credentials: str | None, body: Any, attempt: int
    ) -> Delivered:
        if origin_of(request.url) not in self.client.origins:
            return self._stubbed(kind, request, body, attempt)
        headers = request.headers + (() if credentials is None else (("authorization", f"Basic {credentials}"),))
        signed = evolve(request, headers=headers + self._signature(kind, request))
        fault = self._fault(kind)
        try:
            response = await self._faulty(fault, evolve(signed, connect_timeout=self.options.connect_timeout))
        except UnreachableError as error:
            self.exchanges.append(Exchange(kind, request.url, body, None))
            return Delivered(request.url, None, attempt, str(error))
        self.exchanges.append(Exchange(kind, request.url, body, response.status, response.body))
        return Delivered(request.url, response, attempt)

    async def _faulty(self, fault: Fault | None, request: HttpRequest) -> HttpResponse:
        """Send a request, unless a fault says otherwise.

        Raises:
            UnreachableError: there is no answer.
        """
        if fault is None:
            return await self.client.send(request)
        if fault.kind == "status":
            return HttpResponse(fault.status, (("content-type", "application/json"),), b"{}")
        if fault.kind == "unreachable":
            raise UnreachableError("the host cannot be reached (a fault of the scenario)")
        await self.client.send(request)
        if fault.kind == "slow":
            self.recorder.now += int(request.timeout * 1000)
            msg = f"no answer within {request.timeout:g} s (a fault of the scenario)"
            raise UnreachableError(msg)
        raise UnreachableError("the connection was lost before the answer (a fault of the scenario)")

    def _fault(self, kind: str) -> Fault | None:
        for number, fault in enumerate(self.options.faults):
            left = self._left.get(number, fault.times)
            if left > 0 and fault.function in {kind, "*"}:
                self._left[number] = left - 1
                return fault
        return None

    def _stubbed(self, kind: str, request: HttpRequest, body: Any, attempt: int) -> Delivered:
        """Answer for another system."""
        for stub in self.options.stubs:
            if fnmatchcase(request.url, stub.url) and stub.method in {None, request.method}:
                text = stub.body if isinstance(stub.body, str) else json.dumps(stub.body, ensure_ascii=False)
                response = HttpResponse(stub.status, (("content-type", "application/json"),), text.encode())
                self.exchanges.append(Exchange(kind, request.url, body, response.status, response.body))
                return Delivered(request.url, response, attempt)
        reason = f"not sent: {origin_of(request.url) or request.url!r} is not the host under test, and has no stub"
        return Delivered(request.url, None, 0, reason)

    def _signature(self, kind: str, request: HttpRequest) -> tuple[tuple[str, str], ...]:
        key = self.options.signing_key
        if key is None or not (self.options.sign_all or kind in {"document", "get_signature"}):
            return ()
        content = request.url.encode() + request.body
        digest = hmac.new(key.encode(), content, hashlib.sha256).hexdigest()
        older = hmac.new(key.encode(), content, hashlib.sha1).hexdigest()
        return (("x-signalwire-sha256-signature", digest), ("x-signalwire-signature", older))


def _split(url: str) -> tuple[str, str | None]:
    """Return a URL without its credentials, and these as Basic credentials."""
    try:
        parts = urlsplit(url)
        address = parts.netloc.rpartition("@")[2]
        if "@" not in parts.netloc:
            return url, None
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        return urlunsplit(parts._replace(netloc=address)), base64.b64encode(pair.encode()).decode()
    except ValueError:
        return url, None
