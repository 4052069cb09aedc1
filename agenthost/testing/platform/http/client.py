"""HTTP as the platform uses it: values, and the protocol of a client."""

from __future__ import annotations

import json
from typing import Any, Protocol
from urllib.parse import urlsplit

from attrs import field, frozen

__all__ = [
    "Client",
    "HttpRequest",
    "HttpResponse",
    "UnreachableError",
    "json_depth",
    "origin_of",
    "read_json",
]

_DEEPEST = 100


class UnreachableError(Exception):
    """No answer: the connection failed, or the time ran out."""


@frozen
class HttpRequest:
    """A request.

    Args:
        method: its method.
        url: its URL, without credentials.
        headers: its headers.
        body: its body.
        timeout: seconds until it is given up.
        connect_timeout: seconds to connect.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    timeout: float = 15.0
    connect_timeout: float = 5.0


@frozen
class HttpResponse:
    """A response.

    Args:
        status: its status.
        headers: its headers, with names in lower case.
        body: its body.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """Return a header, or empty text."""
        return next((value for key, value in self.headers if key == name), "")

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            ValueError: it is not JSON, or nested too deep.
        """
        return read_json(self.body)

    def document(self) -> Any:
        """Return the decoded document, as JSON or YAML by its media type.

        Raises:
            ValueError: it cannot be read, or is nested too deep.
        """
        media_type = self.header("content-type").partition(";")[0].strip().lower()
        return _read_yaml(self.body) if media_type.endswith(("/yaml", "/x-yaml", "+yaml")) else self.json()


class Client(Protocol):
    """A way to the host under test, and to nothing else."""

    @property
    def base_url(self) -> str:
        """The host's URL."""

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that are the host under test."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request, and follow no redirect.

        Raises:
            UnreachableError: there is no answer.
        """


def read_json(text: bytes | str) -> Any:
    """Decode JSON that is not nested deeper than 100 levels.

    Raises:
        ValueError: it is not JSON, or nested too deep.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deep") from error
    if json_depth(value, _DEEPEST) > _DEEPEST:
        raise ValueError("the JSON is nested too deep")
    return value


def _read_yaml(text: bytes) -> Any:
    """Decode YAML without references, as JSON values that are not nested deeper than 100 levels.

    Raises:
        ValueError: it is not YAML, has references, or is nested too deep.
    """
    try:
        import yaml  # noqa: PLC0415 - only for documents in YAML
    except ImportError as error:
        raise ValueError("the document is in YAML. fix: pip install pyyaml") from error
    try:
        # References could repeat a value without end.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError("the YAML has references")
        return read_json(json.dumps(yaml.safe_load(text), default=str))
    except (yaml.YAMLError, RecursionError, TypeError) as error:
        raise ValueError("the document cannot be read as YAML") from error


def json_depth(value: Any, most: int) -> int:
    """Return the depth of JSON values, counted no further than just above ``most``."""
    level, depth = [value], 0
    while level and depth <= most:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level, depth = [item for item in inner if isinstance(item, (dict, list))], depth + 1
    return depth


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, or empty text."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.hostname.lower()}:{port}"
