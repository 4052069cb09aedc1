"""A server of models or embeddings: its place, its proxy, and heads of requests."""

from __future__ import annotations

import ssl
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from attrs import frozen

from agenthost import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Server"]

_PORTS = {"http": 80, "https": 443}
_IN_A_PATH = "/%:@!$&'()*+,;=~-._"

Address = tuple[str, int]


@frozen
class Server:
    """A server, and the proxy before it, if there is one.

    Args:
        url: URL of the server, whose path is a prefix of those of requests.
        proxy: URL of the proxy that the environment names, or None.
    """

    parts: SplitResult
    proxy: SplitResult | None = None
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, url: str) -> Server:
        """Read a URL, with the proxy that the environment names for it.

        Raises:
            ConfigurationError: a URL has no host, another scheme than http and https, or a wrong port.
        """
        parts = _split(url)
        if parts is None:
            msg = f"url {url!r} does not name a server. fix: begin it with https:// or http://, and the name of a host."
            raise ConfigurationError(msg)
        proxy = _proxy_of(parts)
        secure = "https" in (parts.scheme, proxy.scheme if proxy is not None else "")
        return cls(parts, proxy, _tls() if secure else None)

    @property
    def place(self) -> Address:
        """The host and the port of the server."""
        return self.parts.hostname or "", self.parts.port or _PORTS[self.parts.scheme]

    @property
    def reached(self) -> Address:
        """The host and the port to connect to."""
        if self.proxy is None:
            return self.place
        return self.proxy.hostname or "", self.proxy.port or _PORTS[self.proxy.scheme]

    @property
    def tunnel(self) -> bool:
        """True if the proxy passes on TLS by CONNECT (RFC 9110, section 9.3.6)."""
        return self.proxy is not None and self.parts.scheme == "https"

    def head(self, path: str, headers: Mapping[str, str]) -> bytes:
        """Return the head of a POST without its end.

        Raises:
            ConfigurationError: a header has a control character.
        """
        target = quote(f"{self.parts.path.rstrip('/')}/{path}", safe=_IN_A_PATH)
        through = self.proxy is not None and not self.tunnel
        where = f"{self.parts.scheme}://{self._authority}{target}" if through else target
        named = {"Host": self._authority, **headers, **(self.for_the_proxy if through else {})}
        lines = [f"POST {where} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        for line in lines:
            if not line.isprintable():
                name = line.partition(":")[0]
                raise ConfigurationError(
                    f"the header {name} has a line break. fix: remove it from the key or the name."
                )
        return "\r\n".join(lines).encode()

    @property
    def connect(self) -> bytes:
        """The request that opens a tunnel through the proxy."""
        host, port = self.place
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": where, **self.for_the_proxy}.items())
        return f"CONNECT {where} HTTP/1.1\r\n{lines}\r\n".encode()

    @property
    def for_the_proxy(self) -> Mapping[str, str]:
        """The credentials of the proxy's URL."""
        if self.proxy is None or self.proxy.username is None:
            return {}
        pair = f"{unquote(self.proxy.username)}:{unquote(self.proxy.password or '')}"
        return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    @property
    def _authority(self) -> str:
        written = self.parts.netloc.rpartition("@")[2]
        return written if written.isascii() else written.encode("idna").decode()


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _proxy_of(parts: SplitResult) -> SplitResult | None:
    """Return the proxy that the environment names for a URL, or None."""
    proxies = getproxies()
    if not proxies or proxy_bypass(parts.hostname or ""):
        return None
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named:
        return None
    proxy = _split(named if "://" in named else f"http://{named}")
    if proxy is None:
        msg = f"the proxy for {parts.scheme}:// is not a server. fix: set {parts.scheme}_proxy to http://HOST:PORT."
        raise ConfigurationError(msg)
    return proxy


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL, or None if it does not name a server."""
    try:
        parts = urlsplit(url)
        named = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:  # a port that is not a number, or brackets without an end
        return None
    return parts if named else None
