"""Client of a host at a URL."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from agenthost.testing.platform.http.client import HttpRequest, HttpResponse, UnreachableError, origin_of

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["HttpClient", "with_known_credentials"]


def with_known_credentials(url: str) -> str:
    """Return a URL with credentials: its own, else those of SignalWire's variables.

    These are ``SWML_BASIC_AUTH_USER`` and ``SWML_BASIC_AUTH_PASSWORD``.
    """
    parts = urlsplit(url)
    user, password = os.environ.get("SWML_BASIC_AUTH_USER"), os.environ.get("SWML_BASIC_AUTH_PASSWORD")
    if "@" in parts.netloc or not user or not password:
        return url
    return parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}").geturl()


class HttpClient:
    """A client of a host at a URL, open while its block runs.

    Args:
        base_url: URL of the host, with credentials if it needs some.
        public_urls: further URLs that the host's documents name as its own. Requests to them go to ``base_url``.
    """

    def __init__(self, base_url: str, public_urls: tuple[str, ...] = ()) -> None:
        self._base_url = base_url
        self._aliases = frozenset(origin_of(url) for url in public_urls)
        self._session: aiohttp.ClientSession | None = None

    @property
    def base_url(self) -> str:
        """The host's URL."""
        return self._base_url

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that are the host."""
        return (origin_of(self._base_url), *sorted(self._aliases))

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request to the host.

        Raises:
            UnreachableError: there is no answer.
        """
        if self._session is None:
            raise UnreachableError("the client is not open: use it in an async with block")
        url, headers = URL(request.url, encoded=True), dict(request.headers)
        if origin_of(request.url) in self._aliases:
            base = URL(self._base_url)
            headers["Host"] = url.raw_authority
            url = URL(f"{base.scheme}://{base.host}:{base.port}{url.raw_path_qs}", encoded=True)
        limits = aiohttp.ClientTimeout(total=request.timeout, connect=request.connect_timeout)
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=request.body, allow_redirects=False, timeout=limits
            ) as answer:
                body = await answer.read()
                pairs = tuple((name.lower(), value) for name, value in answer.headers.items())
                return HttpResponse(answer.status, pairs, body)
        except TimeoutError:
            msg = f"no answer within {request.timeout:g} s"
            raise UnreachableError(msg) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
