"""Figures of text over sockets: streamed turns, open streams, and callers next to them."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from client import Load, post
from installed import AGENTHOST
from processes import CREDENTIALS, LOOPBACK, serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from processes import Served

__all__ = ["measure_streams", "measure_voice_beside_text"]

SIDES = Path(__file__).with_name("sides")
ROUNDS = 15
TURNS = 10
"""Turns in a round, one after another."""
WORDS, PAUSE = 40, 0.002
"""Words of an answer, and the seconds between two of them, so that each arrives on its own."""
STREAMS = 300
"""Streams that are open at once."""
MESSAGES, CHARACTERS = 2000, 890_000
"""A history that a text client sends, nearly 1 MB as JSON, which is the limit of a body."""

_CALL = {"call": {"call_id": "7c1fd0c4-6c2b-4d5e-9a53-0f6a7b1c2d3e"}}


def measure_streams(directory: Path, site: Path, proxy: Path | None) -> Iterable[Figure]:
    """Measure streamed turns through agenthost, directly at the model, and through LiteLLM's proxy in turn.

    Args:
        directory: an empty one to work in.
        site: where small agents are installed.
        proxy: LiteLLM's command; None leaves it out.
    """
    with ExitStack() as stack:
        model = stack.enter_context(_model(directory, WORDS, PAUSE, 0.0))
        host = stack.enter_context(_host(directory, site, model))
        sides = {"agenthost": (host, "small-0"), "direct": (model, "m")}
        if proxy is not None:
            sides["LiteLLM"] = (stack.enter_context(_litellm(directory, proxy, model)), "m")
        cpu: dict[str, list[float]] = {name: [] for name in sides}
        first: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, (side, called) in sides.items():
                clock = side.clock()
                before = time.clock_gettime(clock)
                first[name].append(median(_turn(side, called, clock) for _ in range(TURNS)))
                cpu[name].append((time.clock_gettime(clock) - before) / TURNS)
    needed = {name: median(values) * 1000 for name, values in cpu.items()}
    what = f"streamed turn over sockets, {WORDS} words, CPU time"
    own, direct = f"{needed['agenthost']:.2f} ms", f"the model server: {needed['direct']:.2f} ms"
    yield Figure(what, own, direct, needed["agenthost"], unit=" ms", most=1.5)
    if proxy is not None:
        ratio = needed["LiteLLM"] / needed["agenthost"]
        yield Figure(what, own, f"LiteLLM's proxy: {needed['LiteLLM']:.1f} ms", ratio, least=5)
    words = {name: median(values) * 1000 for name, values in first.items()}
    what, own = "wait for the first word", f"{words['agenthost']:.2f} ms"
    yield Figure(what, own, f"the model server: {words['direct']:.2f} ms", words["agenthost"], unit=" ms", most=1.5)
    if proxy is not None:
        ratio = words["LiteLLM"] / words["agenthost"]
        yield Figure(what, own, f"LiteLLM's proxy: {words['LiteLLM']:.1f} ms", ratio, least=3)
    yield from _measure_open_streams(directory, site)


def _measure_open_streams(directory: Path, site: Path) -> Iterable[Figure]:
    with _model(directory, 2, 0.0, 60.0) as model, _host(directory, site, model) as host:
        _with_streams(host, 20)
        before = host.memory()
        after = _with_streams(host, STREAMS)
    each = (after - before) / STREAMS / 1000
    yield Figure(
        "memory of an open stream",
        f"{STREAMS} streams: {after / 1e6:.0f} MB",
        f"no stream: {before / 1e6:.0f} MB",
        each,
        unit=" KB",
        most=50,
    )


def _with_streams(host: Served, number: int) -> int:
    """Return the memory of a host while several streams wait for their second word."""
    with ExitStack() as stack:
        for connection in [_opened(stack, host.port, "small-0") for _ in range(number)]:
            _until(connection, b"word ")
        return host.memory()


def measure_voice_beside_text(directory: Path, site: Path) -> Iterable[Figure]:
    """Measure the longest wait of a voice caller next to a text client.

    The text client sends a long history again and again. A wait is the CPU time of the host between a request and its
    answer: what a caller would wait on a core that does nothing else.

    Args:
        directory: an empty one to work in.
        site: where small agents are installed.
    """
    size = CHARACTERS // MESSAGES
    history = [
        {"role": "assistant" if number % 2 else "user", "content": f"{number} ".ljust(size, "x")}
        for number in range(MESSAGES)
    ]
    with _model(directory, 2, 0.0, 0.0) as model, _host(directory, site, model) as host:
        quiet, felt = [], []
        for _ in range(ROUNDS):
            quiet.append(_longest_wait(host, 200))
            over = threading.Event()
            texting = threading.Thread(target=_text, args=(host, history, over))
            texting.start()
            time.sleep(0.05)
            felt.append(_longest_wait(host, 200))
            over.set()
            texting.join()
    yield Figure(
        f"longest wait of a voice caller while a text client sends {MESSAGES:,} messages, 1 MB",
        f"{median(felt) * 1000:.1f} ms",
        f"alone: {median(quiet) * 1000:.1f} ms",
        median(felt) * 1000,
        unit=" ms",
        most=10,
    )


def _text(host: Served, history: list[dict[str, str]], over: threading.Event) -> None:
    number = 0
    while not over.is_set():
        number += 1
        with ExitStack() as stack:
            messages = [*history, {"role": "user", "content": f"Message {number}"}]
            _until(_opened(stack, host.port, "small-0", messages), b"[DONE]")


def _longest_wait(host: Served, times: int) -> float:
    request, clock = post("/small/0", _CALL), host.clock()
    longest = 0.0
    with Load(host.port, connections=1) as load:
        for _ in range(times):
            before = time.clock_gettime(clock)
            load.send(request, 1)
            longest = max(longest, time.clock_gettime(clock) - before)
            time.sleep(0.002)
    return longest


def _turn(side: Served, model: str, clock: int) -> float:
    """Take one streamed turn, and return the CPU time up to its first word."""
    with ExitStack() as stack:
        began = time.clock_gettime(clock)
        connection = _opened(stack, side.port, model)
        seen = _until(connection, b"word ")
        first = time.clock_gettime(clock) - began
        _until(connection, b"[DONE]", seen)
        return first


def _opened(
    stack: ExitStack, port: int, model: str, messages: Iterable[Mapping[str, str]] | None = None
) -> socket.socket:
    """Begin a turn on a connection of its own."""
    said = [*messages] if messages is not None else [{"role": "user", "content": f"Hello, {time.monotonic_ns()}"}]
    content = json.dumps({"model": model, "stream": True, "messages": said}).encode()
    lines = (
        "POST /v1/chat/completions HTTP/1.1",
        f"Host: {LOOPBACK}",
        f"Authorization: Bearer {CREDENTIALS[1]}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    )
    connection = stack.enter_context(socket.create_connection((LOOPBACK, port), timeout=60))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall("\r\n".join((*lines, "", "")).encode() + content)
    return connection


def _until(connection: socket.socket, mark: bytes, seen: bytes = b"") -> bytes:
    """Read up to a mark.

    Raises:
        RuntimeError: the connection ends before.
    """
    while mark not in seen:
        more = connection.recv(65536)
        if not more:
            msg = f"the stream ended before {mark!r}: {seen[-400:]!r}"
            raise RuntimeError(msg)
        seen += more
    return seen


@contextmanager
def _model(directory: Path, words: int, pause: float, first: float) -> Iterator[Served]:
    command = [sys.executable, SIDES / "model.py", "{port}", words, pause, first]
    with serving(command, directory, variables(directory), "/") as model:
        yield model


@contextmanager
def _host(directory: Path, site: Path, model: Served) -> Iterator[Served]:
    place = directory / f"host-{model.port}"
    place.mkdir()
    table = f'[models]\ndefault = "house"\n[models.house]\nkind = "openai"\nmodel = "m"\nurl = "{_url(model)}"\n'
    (place / "agenthost.toml").write_text(f"{table}[host]\nrunning = 1000\n", encoding="utf-8")
    environ = variables(place, PYTHONPATH=str(site))
    with serving([AGENTHOST, "run", "--port", "{port}"], place, environ, "/startup") as host:
        yield host


@contextmanager
def _litellm(directory: Path, proxy: Path, model: Served) -> Iterator[Served]:
    entry = f"model_name: m, litellm_params: {{model: openai/m, api_base: '{_url(model)}', api_key: none}}"
    config = directory / "litellm.yaml"
    config.write_text(f"model_list: [{{{entry}}}]\n", encoding="utf-8")
    environ = {**variables(directory), "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    environ |= {"LITELLM_MASTER_KEY": CREDENTIALS[1], "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
    command = [proxy, "--config", config, "--port", "{port}", "--host", LOOPBACK]
    with serving(command, directory, environ, "/health/liveliness") as served:
        yield served


def _url(model: Served) -> str:
    return f"http://{LOOPBACK}:{model.port}/v1"
