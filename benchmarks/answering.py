"""Figures of requests: the server's CPU time for a document and for a tool call.

Each is the median, next to the other sides.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen
from client import Load, ask, post
from installed import AGENTHOST
from processes import Served, serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from client import Answer

__all__ = ["measure_documents", "measure_requests"]

SIDES = Path(__file__).with_name("sides")
ROUNDS = 31
REQUESTS = 1600
"""Requests in a round to agenthost and to the raw application."""
SDK_REQUESTS = 160
"""Requests in a round to the SDK, which take about as long."""

_CALL_ID = "7c1fd0c4-6c2b-4d5e-9a53-0f6a7b1c2d3e"
_CALL: Mapping[str, object] = {
    "call": {
        "call_id": _CALL_ID,
        "direction": "inbound",
        "type": "phone",
        "from": "+15551234567",
        "to": "+15557654321",
        "headers": [],
    },
    "vars": {},
    "params": {},
}


@frozen
class Exchange:
    """A request, and the text that its response must contain.

    Args:
        what: its name in the table.
        agent: the agent's route.
        tool: the tool that is called; None asks for the document.
        arguments: the tool's.
        said: what the answer must contain.
        raw: at least as many times as fast as the raw application.
        sdk: at least as many times as fast as the SDK.
    """

    what: str
    agent: str
    tool: str | None
    arguments: Mapping[str, str]
    said: str
    raw: float | None = None
    sdk: float | None = None

    def request(self, served: Served) -> bytes:
        """Return the request.

        A tool is called at the address in the agent's document.
        """
        if self.tool is None:
            return post(self.agent, _CALL)
        document = ask(served.port, post(self.agent, _CALL)).json
        [function] = document["sections"]["main"][1]["ai"]["SWAIG"]["functions"]
        url = urlsplit(function["web_hook_url"])
        body = {
            "function": self.tool,
            "argument": {"parsed": [self.arguments], "raw": json.dumps(self.arguments)},
            "call_id": _CALL_ID,
            "ai_session_id": _CALL_ID,
            "caller_id_name": "Ada",
            "caller_id_num": "+15551234567",
            "channel_active": True,
            "global_data": {},
            "content_type": "text/swaig",
            "version": "2.0",
        }
        return post(f"{url.path}?{url.query}", body)


EXCHANGES = (
    Exchange("document, `POST /sales`", "/sales", None, {}, "sales representative", 0.6, 10),
    Exchange(
        "async tool call, `get_balance`", "/billing", "get_balance", {"account_id": "A-1001"}, "all paid up", 0.4, 7
    ),
    Exchange("sync tool call, `get_pricing`", "/sales", "get_pricing", {"product": "basic"}, "basic is $99/month"),
)

DOCUMENTS = (
    Exchange("document with five tools", "/same", None, {}, "You book visits", 1 / 2.5),
    Exchange("document configured for each call, five tools", "/each", None, {}, "The caller is", 1 / 5),
)


def measure_documents(directory: Path) -> Iterable[Figure]:
    """Measure rendering: a document that never changes, and one configured by a callback.

    Args:
        directory: an empty one to work in.
    """
    bare = variables(directory)
    program = [sys.executable, SIDES / "five_tools.py", "{port}"]
    with serving(program, directory, bare, "/startup") as ours:
        for exchange in DOCUMENTS:
            answer = ask(ours.port, exchange.request(ours))
            kept = _written(directory / f"{exchange.agent[1:]}.json", answer)
            with serving([sys.executable, SIDES / "raw.py", "{port}", kept], directory, bare, "/") as limit:
                yield from _compare(exchange, ours, limit)


def measure_requests(directory: Path, frontdesk: Path, sdk: Path) -> Iterable[Figure]:
    """Measure each exchange.

    Args:
        directory: an empty one to work in.
        frontdesk: where agenthost-frontdesk is installed.
        sdk: the interpreter that has the SDK.
    """
    with ExitStack() as stack:
        seen = variables(directory, PYTHONPATH=str(frontdesk))
        ours = stack.enter_context(serving([AGENTHOST, "run", "--port", "{port}"], directory, seen, "/startup"))
        bare = variables(directory)
        theirs = stack.enter_context(serving([sdk, SIDES / "sdk.py", "{port}"], directory, bare, "/health"))
        for number, exchange in enumerate(EXCHANGES):
            answer = ask(ours.port, exchange.request(ours))
            raw = [sys.executable, SIDES / "raw.py", "{port}", _written(directory / f"{number}.json", answer)]
            with serving(raw, directory, bare, "/") as limit:
                yield from _compare(exchange, ours, limit, theirs)


def _written(file: Path, answer: Answer) -> Path:
    """Write a response for the raw application.

    The date is left to the server, as on all sides.
    """
    headers = [header for header in answer.headers if header[0] != "date"]
    file.write_text(json.dumps({"headers": headers, "body": answer.body.decode()}), encoding="utf-8")
    return file


def _compare(exchange: Exchange, ours: Served, raw: Served, sdk: Served | None = None) -> Iterable[Figure]:
    """Measure one exchange on all sides in turn, round after round."""
    with ExitStack() as stack:
        sides = []
        for served, times in ((ours, REQUESTS), (raw, REQUESTS), (sdk, SDK_REQUESTS)):
            if served is None:
                continue
            request = exchange.request(served if served is not raw else ours)
            said = ask(served.port, request).body.decode()
            if exchange.said not in said:
                msg = f"{exchange.what}: {said}"
                raise RuntimeError(msg)
            load = stack.enter_context(Load(served.port))
            load.send(request, times)
            sides.append((served, load, request, times))
        needed: list[list[float]] = [[] for _ in sides]
        for _ in range(ROUNDS):
            for (served, load, request, times), seconds in zip(sides, needed, strict=True):
                before = served.cpu()
                load.send(request, times)
                seconds.append((served.cpu() - before) / times)
    own, *others = map(median, needed)
    named = (("raw ASGI", exchange.raw), ("signalwire-sdk", exchange.sdk))
    for other, (name, target) in zip(others, named, strict=False):
        yield Figure(exchange.what, _micro(own), f"{name}: {_micro(other)}", other / own, least=target)


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"
