"""Probes that request URLs.

They are configured in ``[plugins.http-probe]``.
"""

from __future__ import annotations

from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import field, frozen, validators

from agenthost import ConfigurationError, Probe, ProbeResult, hookimpl

if TYPE_CHECKING:
    import ssl

__all__ = ["HttpProbe", "Url", "answers"]

_LONGEST_NAME = 64


@frozen
class Url:
    """One URL and its probe.

    Args:
        url: the URL to request, ``http`` or ``https``.
        name: the name of the probe. Defaults to host and path of the URL.
        status: the accepted status codes. Defaults to 200 to 299.
        method: ``GET`` or ``HEAD``.
        headers: headers of the request.
        timeout: timeout for the head of the response, in seconds.
        interval: seconds between two requests.
        critical: whether the host or the agent is unready while the probe fails.
        agent: key or name of the agent that needs the URL. None for the whole host.
        failures: consecutive failures after which the probe fails.
        successes: consecutive successes after which the probe passes.
        startup: whether requests end with the first success.
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
        settings: the section ``[plugins.http-probe]``.

    Raises:
        ConfigurationError: a URL cannot be requested.
    """

    @frozen
    class Settings:
        """The section ``[plugins.http-probe]``.

        Args:
            urls: the URLs and their probes.
        """

        urls: tuple[Url, ...] = ()

    def __init__(self, settings: Settings) -> None:
        if settings.urls:
            import_module("httpx")  # not at the first request, during which every other request would wait
        self._probes = [_probe(each) for each in settings.urls]

    @hookimpl
    def health_probes(self) -> list[Probe]:
        """Return a probe for each URL."""
        return self._probes


async def answers(asked: Url) -> ProbeResult:
    """Request a URL once, on a new connection.

    The deadline is that of the probe.

    Raises:
        httpx.HTTPError: the server does not answer.
    """
    import httpx  # noqa: PLC0415 - only a host with URLs needs it, and it takes long

    async with (
        httpx.AsyncClient(verify=_trusted(), timeout=None, headers=asked.headers) as client,  # noqa: S113 - see above
        client.stream(asked.method, asked.url) as answer,
    ):
        well = answer.status_code in asked.status if asked.status else answer.is_success
        return ProbeResult(well, f"it answered {answer.status_code}")


@cache
def _trusted() -> ssl.SSLContext:
    """Return the trusted certificates.

    They are cached, because reading them would be most of the cost of a request.
    """
    import httpx  # noqa: PLC0415 - as above

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
