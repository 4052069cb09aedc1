"""A client that fetches documents and calls tools as SignalWire does."""

import base64
import json
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from attrs import frozen
from environment import Served
from raw_http import Answer, Connection, written


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def host(url: str) -> str:
    """Return the Host header of a URL."""
    return urlsplit(url).netloc.rpartition("@")[2]


@frozen
class Caller:
    """A client of one host, with its credentials.

    Each request has a connection of its own.

    Args:
        url: Where the host is, without a slash at the end.
        credentials: User and password.
    """

    url: str
    credentials: tuple[str, str]

    @classmethod
    def of(cls, served: Served) -> Self:
        """The client of a host with the credentials that it was started with."""
        return cls(served.url, served.credentials)

    @classmethod
    def at(cls, url: str) -> Self:
        """The client that a URL with credentials asks for."""
        parts = urlsplit(url)
        return cls(f"{parts.scheme}://{host(url)}", (unquote(parts.username or ""), unquote(parts.password or "")))

    def request(self, method: str, path: str, body: object = None, *headers: str) -> bytes:
        """Return the bytes of a request, with credentials.

        *body* is bytes or JSON.
        """
        encoded = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        described = ("Content-Type: application/json", f"Content-Length: {len(encoded)}") if body is not None else ()
        known = (f"Host: {host(self.url)}", f"Authorization: {basic(*self.credentials)}")
        return written(f"{method} {path} HTTP/1.1", *known, *described, *headers, body=encoded)

    def ask(self, method: str, path: str, body: object = None, *headers: str) -> Answer:
        """Send a request, and read its answer."""
        with Connection.to(self.url) as connection:
            return connection.ask(self.request(method, path, body, *headers))

    def document(self, path: str, call_id: str | None = None) -> dict[str, Any]:
        """Return an agent's document, fetched as by the platform.

        It is a POST request, with the call if there is one.
        """
        answer = self.ask("POST", path, {"call": {"call_id": call_id}} if call_id else {})
        assert answer.status == 200, answer
        return answer.json

    def call(self, url: str, function: str, arguments: dict[str, Any], call_id: str) -> dict[str, Any]:
        """Call a tool at a URL of a document, and return its answer.

        The URL contains the credentials.
        """
        with Connection.to(url) as connection:
            answer = connection.ask(tool_call(url, function, arguments, call_id))
        assert answer.status == 200, answer
        return answer.json


def tool_call(url: str, function: str, arguments: dict[str, Any], call_id: str) -> bytes:
    """Return the bytes of a tool call to a URL with credentials."""
    parts = urlsplit(url)
    body = {
        "function": function,
        "call_id": call_id,
        "argument": {"parsed": [arguments], "raw": json.dumps(arguments)},
        "caller_id_num": "+15551234567",
        "version": "2.0",
    }
    return Caller.at(url).request("POST", f"{parts.path}?{parts.query}", body)


def functions(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The tools of a document by name."""
    return {function["function"]: function for function in _ai(document)["SWAIG"]["functions"]}


def languages(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The languages that a document's agent speaks."""
    found: list[dict[str, Any]] = _ai(document)["languages"]
    return found


def prompt(document: dict[str, Any]) -> str:
    """A document's prompt, as text to search in."""
    return json.dumps(_ai(document)["prompt"])


def _ai(document: dict[str, Any]) -> dict[str, Any]:
    [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    return ai
