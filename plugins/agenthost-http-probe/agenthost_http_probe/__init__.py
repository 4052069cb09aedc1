"""Probes that ask URLs; they are named in ``[plugins.http-probe]``."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from attrs import field, frozen, validators

from agenthost import ConfigurationError, Probe, ProbeResult, hookimpl

if TYPE_CHECKING:
    import ssl

__all__ = ["HttpProbe", "Url", "answers"]

_LONGEST_NAME = 64


@frozen
class Url:
    """One URL that is asked.

    Args:
        url: what is asked, ``http`` or ``https``.
        name: how details name it; left out, host and path of the URL.
        status: what may be answered; left out, any from 200 to 299.
        method: ``GET`` or ``HEAD``.
        headers: sent as they are.
        timeout: seconds until the answer's head must be there.
        interval: seconds between two requests.
        critical: whether the host, or the agent, is not ready while it fails.
        agent: key or name of the agent that needs it; left out, the whole host does.
        failures: requests in a row that must fail.
        successes: requests in a row that must succeed.
        startup: whether it is asked only until it has succeeded.
    """

    url: str
    name: str = ""
    status: tuple[int, ...] = ()
    method: str = field(default="GET", validator=validators.in_(("GET", "HEAD")))
    headers: dict[str, str] = field(factory=dict, repr=False)
    timeout: float = 1.0
    interval: float = 5.0
    critical: bool = True
    agent: str | None = None
    failures: int = 2
    successes: int = 1
    startup: bool = False


class HttpProbe:
    """The plugin.

    Args:
        settings: its section.

    Raises:
        ConfigurationError: a URL cannot be asked.
    """

    @frozen
    class Settings:
        """``[plugins.http-probe]``.

        Args:
            urls: what is asked.
        """

        urls: tuple[Url, ...] = ()

    def __init__(self, settings: Settings) -> None:
        self._probes = [_probe(each) for each in settings.urls]

    @hookimpl
    def health_probes(self) -> list[Probe]:
        """A probe for each URL."""
        return self._probes


async def answers(asked: Url) -> ProbeResult:
    """Ask a URL once, on a connection of its own; the deadline is the probe's.

    Raises:
        httpx.HTTPError: nobody answers.
    """
    async with (
        httpx.AsyncClient(verify=_trusted(), timeout=None, headers=asked.headers) as client,  # noqa: S113 - see above
        client.stream(asked.method, asked.url) as answer,
    ):
        well = answer.status_code in asked.status if asked.status else answer.is_success
        return ProbeResult(well, f"it answered {answer.status_code}")


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted; reading them for each request would be most of its cost."""
    return httpx.create_ssl_context()


def _probe(asked: Url) -> Probe:
    parts = urlsplit(asked.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"plugins.http-probe.urls: {asked.name or 'a URL'} is not http:// or https:// with a host. "
            'Write url = "https://calendar.example.com/health".'
        )
    return Probe(
        asked.name or f"{parts.hostname}{parts.path}"[:_LONGEST_NAME],
        partial(answers, asked),
        timeout=asked.timeout,
        interval=asked.interval,
        critical=asked.critical,
        agent=asked.agent,
        failures=asked.failures,
        successes=asked.successes,
        startup=asked.startup,
    )
