"""Bad requests, and the common form of all refusals (wire.md, section 2).

Every request contains a word that no response may repeat, in its headers and elsewhere if possible.
"""

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import frozen
from caller import Caller, basic
from environment import Environment, Served
from raw_http import Answer, exchange, written

WORD = "c4n4ry"
CREDENTIALS = ("tester", "pä:ss wörd/")  # a colon, a space, a slash, and letters of two bytes
AUTH = f"Authorization: {basic(*CREDENTIALS)}"
HOST = "Host: agents.example"
SIGNED = (HOST, AUTH, f"X-Word: {WORD}")
ROUTES = ("/", "/sales", "/sales/swaig")
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
}


EVERYTHING = """
[host]
webhook_keys = ["KEY"]
trusted_proxies = ["203.0.113.0/24"]
allowed_hosts = ["agents.example", "*.example"]
[health]
port = 0
public = "status"
[keys.all]
secret = ["the-new-secret-of-a-key", "the-old-secret-of-a-key"]
agents = ["*"]
scopes = ["call", "text", "observe", "operate"]
[keys.one]
secret = "the-secret-of-another-key"
agents = ["billing"]
scopes = ["call"]
[agents.billing]
user = "books"
password = "of the books alone"
reachable_from = ["main", "sip"]
[agents.support]
isolation = "process"
"""
"""Every wall that does not change the answers to bad requests."""
WEBHOOK_KEY = "a key of the platform"


@contextmanager
def served_desk(environment: Environment, **options: Any) -> Iterator[Served]:
    """Serve the front desk with every wall, with options of ``Environment.serve``.

    When the block ends, it still answers, and its log holds no traceback and no secret.
    """
    named = dict(zip(("SWML_BASIC_AUTH_USER", "SWML_BASIC_AUTH_PASSWORD"), CREDENTIALS, strict=True))
    named["AGENTHOST_FAILED_LOGINS"] = "0"  # a module tries more wrong ones than a minute has
    if "cwd" not in options:
        options["cwd"] = environment.workplace()
        (options["cwd"] / "agenthost.toml").write_text(EVERYTHING.replace("KEY", WEBHOOK_KEY))
        (options["cwd"] / "agenthost.toml").chmod(0o600)
        environment.run("agenthost", "lock", cwd=options["cwd"])
    with environment.serve(variables=named, **options) as served:
        assert "agenthost.lock" not in served.stdout, "nothing differs from the lock file, if there is one"
        yield served
        assert served.status("/live") == 200
    assert served.process.returncode == 0
    assert "Traceback" not in served.stderr
    assert WORD not in served.stderr
    assert CREDENTIALS[1] not in served.stdout + served.stderr


def signed(url: str, body: bytes) -> str:
    """Return the header with the platform's signature of a request."""
    digest = hmac.digest(WEBHOOK_KEY.encode(), url.encode() + body, "sha256")
    return f"X-SignalWire-Sha256-Signature: {digest.hex()}"


@frozen
class Platform(Caller):
    """A client that signs its requests as SignalWire does."""

    def request(self, method: str, path: str, body: object = None, *headers: str) -> bytes:
        """Return the bytes of a request, with credentials and a signature."""
        encoded = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        signature = signed(f"{self.url}{path}", encoded)
        return super().request(method, path, None if body is None else encoded, signature, *headers)


@frozen
class Sender:
    """A client that checks the common form of responses, with a connection per request.

    Args:
        url: Where the host is.
    """

    url: str

    def refused(self, raw: bytes, status: int) -> str | None:
        """Return the sentence of a refusal.

        It is None for a HEAD request.
        """
        answer = exchange(self.url, raw)
        assert answer.status == status, answer
        return error_of(answer, to_head=raw.startswith(b"HEAD "))

    def accepted(self, raw: bytes) -> Answer:
        """Give the answer to a request that is like a bad one, and all right."""
        answer = exchange(self.url, raw)
        assert answer.status == 200, answer
        assert_safe(answer)
        return answer


def assert_safe(answer: Answer) -> None:
    """Every answer has the headers that all answers have, and repeats nothing of the request."""
    assert {name: answer.header(name) for name in SECURITY} == SECURITY
    assert answer.header("access-control-allow-origin") is None
    assert answer.header("server") is None
    assert WORD not in answer.raw.decode()
    assert not any("agents.example" in value for _, value in answer.headers)


def error_of(answer: Answer, *, to_head: bool = False) -> str | None:
    """The sentence of an error, which is JSON, safe, and tells nothing of the inside."""
    assert_safe(answer)
    assert answer.header("content-type") == "application/json"
    if to_head:
        return None
    [(key, sentence)] = answer.json.items()
    assert key == "error"
    assert "Traceback" not in sentence
    assert "/site-packages/" not in sentence
    return sentence


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    """A request without a body, with credentials."""
    return written(f"{method} {path} HTTP/1.1", *SIGNED, *headers)


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A request with a body and its length, with credentials."""
    signature = signed(f"http://agents.example{path}", body)
    return written(f"POST {path} HTTP/1.1", *SIGNED, signature, f"Content-Length: {len(body)}", *headers, body=body)


def post_json(path: str, value: object) -> bytes:
    """Return a request with a JSON body, its content type and credentials."""
    return post(path, json.dumps(value).encode(), "Content-Type: application/json")
