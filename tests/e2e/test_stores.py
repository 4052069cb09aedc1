"""Two packages share a customer's record on every store.

Meanwhile workers, servers and their connections fail.
"""

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from attrs import Factory, define, frozen
from caller import Caller, functions
from environment import ROOT
from line import line_to
from polling import poll_until
from store_servers import PostgresServer, RedisServer

FALLBACK = "The books are closed."
ROUTES = ("/shares-desk", "/shares-shop")
PATIENT = "connect_timeout = 10\noperation_timeout = 10\n"
"""For machines that are busy testing, where the times are not what is tested."""
LATE = 30
"""Seconds after which a test fails that waits for something."""


@frozen
class Kind:
    """A sort of store, and what a host needs for it."""

    url: str = ""
    server: type | None = None
    plugin: str | None = None
    library: str = ""


KINDS = {
    "memory": Kind("memory://"),
    "sqlite": Kind("sqlite:///state.db"),
    "redis": Kind(server=RedisServer, plugin="agenthost-redis", library="redis"),
    "postgres": Kind(server=PostgresServer, plugin="agenthost-postgres", library="psycopg[binary,pool]"),
}
ELSEWHERE = ("redis", "postgres")


@define
class Shop:
    """A host with the two packages, on a store.

    Args:
        served: the host.
        server: the store's server, where it has one.
    """

    served: object
    server: object
    caller: Caller = Factory(lambda self: Caller.of(self.served), takes_self=True)
    urls: dict = Factory(dict)

    def call(self, route, tool, **arguments):
        """Call a tool of the agent at a route, with a token from the beginning."""
        if route not in self.urls:
            self.urls[route] = functions(self.caller.document(route, "c-1"))
        return self.caller.call(self.urls[route][tool]["web_hook_url"], tool, arguments, "c-1")

    def until(self, path, status):
        """Wait until every worker returns a status for a path.

        That is assumed after ten times in a row.
        """
        poll_until(
            lambda: all(self.served.status(path) == status for _ in range(10)),
            LATE,
            said=lambda: (path, self.served.status(path), self.served.stderr[-4000:]),
        )


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture(scope="module")
def server(kind, tmp_path_factory):
    """The server of the store, which ends with the module's tests of it."""
    if kind.server is None:
        yield None
        return
    running = kind.server(tmp_path_factory.mktemp("store"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def packages(environment):
    """The environment with the two packages."""
    with environment.having("shares-desk", "shares-shop"):
        yield environment


@pytest.fixture(scope="module")
def shops(packages, kind, server):
    """Opens hosts on the store: with further lines of ``[state]``, and options of ``agenthost run``."""
    with ExitStack() as stack:
        if kind.plugin:
            stack.enter_context(packages.having_too(kind.library))
            stack.enter_context(packages.having(ROOT / "plugins" / kind.plugin))

        @contextmanager
        def opened(more, *options, address=None):
            place = packages.workplace()
            url = kind.url or server.url(address)
            (place / "agenthost.toml").write_text(f'[state]\nurl = "{url}"\n{more}')
            with packages.serve(*options, cwd=place) as served:
                yield Shop(served, server)

        yield opened


@pytest.fixture(scope="module")
def shop(kind, shops):
    """A host with two workers.

    With state in the memory of a process, it has one worker.
    """
    with shops(PATIENT, "--workers", "1" if kind.url == "memory://" else "2") as opened:
        yield opened
        assert opened.served.stop() == 0


@define
class Load:
    """Visits, one after another from several threads, and documents meanwhile.

    Args:
        shop: what is visited.
    """

    shop: Shop
    acknowledged: list = Factory(list)
    """Marks of the visits that were, with the worker and the moment of each."""
    refused: list = Factory(list)
    """Other answers."""
    documents: list = Factory(list)
    """Status of each document; None where a connection ended."""
    _stop: threading.Event = Factory(threading.Event)
    _threads: list = Factory(list)

    def __enter__(self):
        for route in ROUTES:
            self.shop.call(route, "visit", mark="first")
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(4)]
        self._threads.append(threading.Thread(target=self._fetch))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def until(self, reached):
        """Wait until something is so."""
        stderr = self.shop.served
        poll_until(reached, LATE, said=lambda: (len(self.acknowledged), self.refused[-3:], stderr.stderr[-4000:]))

    def _visit(self, thread):
        for number in range(100_000):
            if self._stop.is_set():
                return
            mark = f"{thread}-{number}"
            try:
                answer = self.shop.call(ROUTES[number % 2], "visit", mark=mark)
            except (EOFError, OSError) as error:
                self.refused.append(error)
                continue
            if "error_id" in answer:
                self.refused.append(answer["response"])
            else:
                said = json.loads(answer["response"])
                self.acknowledged.append((mark, said["process"], time.monotonic()))

    def _fetch(self):
        while not self._stop.wait(0.02):
            try:
                self.documents.append(self.shop.caller.ask("POST", ROUTES[0], {}).status)
            except (EOFError, OSError):
                self.documents.append(None)


def kept(shop, load):
    """Everything that was acknowledged is written down, and counted."""
    book = answered(shop, "book")
    marks = [mark for mark, _, _ in load.acknowledged]
    lost = set(marks) - set(book["marks"])
    assert not lost
    assert book["number"] >= len(marks)
    assert sum(book["record"].values()) >= len(marks)
    return True


def test_two_packages_share_a_record_across_workers(shop, kind):
    """Each visit has a number of its own, and none is missing.

    The record has those of both.
    """

    def visit(number):
        return json.loads(shop.call(ROUTES[number % 2], "visit", mark=f"shared-{number}")["response"])

    workers, answers, deadline = 1 if kind.url == "memory://" else 2, [], time.monotonic() + LATE
    with ThreadPoolExecutor(8) as pool:
        while len({answer["process"] for answer in answers}) < workers or len(answers) < 40:
            assert time.monotonic() < deadline
            answers += pool.map(visit, range(len(answers), len(answers) + 20))
    book = json.loads(shop.call("/shares-desk", "book")["response"])

    assert sorted(answer["number"] for answer in answers) == list(range(1, len(answers) + 1))
    assert book["record"] == dict.fromkeys(("shares-desk", "shares-shop"), len(answers) // 2)
    assert sorted(book["marks"]) == sorted(f"shared-{number}" for number in range(len(answers)))


@pytest.mark.parametrize("kind", ["memory"], indirect=True)
@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("a long key", "a key must have 1 to 512 bytes, not 513"),
        ("an object", "not object"),
        ("NaN", "neither NaN nor infinity"),
        ("too much", "262144 bytes of JSON, and this one has 262145"),
    ],
)
def test_what_no_store_takes(shop, what, sentence):
    """The caller hears the fallback, and the log names agent, tool and value.

    No data is lost.
    """
    answer = shop.call("/shares-desk", "keep", what=what)
    after = shop.call("/shares-desk", "keep", what="nothing")

    assert answer["response"] == FALLBACK
    assert sentence in shop.served.once_logged(f"tool keep of agent shares-desk failed ({answer['error_id']})")
    assert after == {"response": "kept 1"}


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_what_a_worker_acknowledged_outlives_it(shop):
    """It is killed under load, while others write to the same file."""
    with Load(shop) as load:
        load.until(lambda: len(load.acknowledged) > 50)
        killed = load.acknowledged[-1][1]
        os.kill(killed, signal.SIGKILL)
        before = len(load.acknowledged)
        load.until(lambda: len({process for _, process, _ in load.acknowledged[before:]} - {killed}) == 2)

    assert kept(shop, load)
    assert FALLBACK not in load.refused


@pytest.mark.parametrize("kind", ELSEWHERE, indirect=True)
def test_a_store_dies_and_comes_back_under_load(shop):
    """Acknowledged data is kept.

    Meanwhile tools answer the fallback, documents are served, and no worker is ready.
    """
    shop.until("/ready", 200)
    with Load(shop) as load:
        load.until(lambda: len(load.acknowledged) > 50)
        shop.server.kill()
        before = len(load.refused)
        load.until(lambda: len(load.refused) > before + 20)
        shop.until("/ready", 503)
        shop.server.start()
        back, began = time.monotonic(), len(load.acknowledged)
        load.until(lambda: len({process for _, process, _ in load.acknowledged[began:]}) == 2)
        shop.until("/ready", 200)
        recovered = time.monotonic() - back

    assert set(load.refused) == {FALLBACK}
    assert set(load.documents) == {200}
    assert kept(shop, load)
    print(f"\nrecovered after {recovered:.2f} s; {len(load.acknowledged)} visits")  # noqa: T201 - with -s, for reports


@pytest.mark.parametrize("kind", ["redis"], indirect=True)
def test_agents_without_state_serve_without_the_store(packages, shops, server):
    """The host is degraded, also after a start without the store."""
    paths = ("/ready", "/health", "/ready/good-1", "/ready/shares-shop", "/ready/shares-desk")
    try:
        with packages.having("good-1"):
            for again in (False, True):
                with shops("") as shop:
                    if not again:
                        shop.until("/ready/shares-desk", 200)
                        server.kill()
                    shop.until("/ready/shares-desk", 503)
                    statuses = [shop.served.status(path) for path in paths]
                    who = functions(shop.caller.document("/good-1", "c-2"))["who"]["web_hook_url"]
                    answers = {shop.caller.call(who, "who", {}, "c-2")["response"] for _ in range(20)}
                    problem = shop.caller.ask("GET", "/-/status.json").json["problems"][0]["problem"]

                    assert statuses == [200, 200, 200, 503, 503]
                    assert answers == {"good-1"}
                    assert problem.endswith("does not answer (agents that may use it: shares-desk, shares-shop)")
    finally:
        server.start()


@pytest.fixture(scope="module")
def line(server):
    with line_to(server.address) as line:
        yield line


@pytest.fixture(scope="module")
def behind(shops, line):
    """A host that reaches its store by a line that fails.

    It has the default timeouts.
    """
    with shops("", address=line.address) as opened:
        yield opened


@pytest.mark.parametrize("kind", ELSEWHERE, indirect=True)
@pytest.mark.parametrize("state", ["down", "silent", "slow"])
def test_a_line_fails(behind, line, state):
    """Tools answer the fallback within the store's timeout, not their own.

    Then operations fail at once, until the line is back.
    """
    line.becomes("well")
    behind.until("/ready", 200)
    first = answered(behind, "visit", mark=f"{state}-first")["number"]
    line.becomes(state)
    behind.until("/ready", 503)
    asked, began, answers = line.connected, time.monotonic(), []
    with ThreadPoolExecutor(8) as pool:
        answers += pool.map(lambda number: behind.call(ROUTES[number % 2], "visit", mark="none"), range(40))
    took = time.monotonic() - began
    documents = {behind.caller.ask("POST", route, {}).status for route in ROUTES}
    attempts = line.connected - asked
    line.becomes("well")
    behind.until("/ready", 200)

    assert {answer["response"] for answer in answers} == {FALLBACK}
    assert documents == {200}
    assert attempts <= 2 * (took + 2)  # one a second is tried, on a connection of its own, and one more to ask for TLS
    assert first < answered(behind, "visit", mark=f"{state}-last")["number"]


@pytest.mark.parametrize("kind", ELSEWHERE, indirect=True)
def test_a_line_that_flaps(behind, line):
    """Nothing that was acknowledged is lost, nobody gets another's answer, and documents are served."""
    line.becomes("well")
    behind.until("/ready", 200)
    with Load(behind) as load:
        for state in ("cut", "down", "silent", "slow") * 2:
            before = len(load.acknowledged)
            line.becomes(state)
            time.sleep(0.2)
            line.becomes("well")
            load.until(lambda before=before: len(load.acknowledged) > before)

    assert set(load.refused) <= {FALLBACK}
    assert set(load.documents) == {200}
    assert kept(behind, load)


@pytest.mark.parametrize("kind", ["redis"], indirect=True)
def test_a_host_that_can_do_without_its_store(shops, line):
    """It starts without the store, is ready, and uses it once it is there.

    No other store replaces it.
    """
    line.becomes("down")
    with shops("required = false\n", address=line.address) as shop:
        ready = shop.served.status("/ready")
        heard = shop.call("/shares-desk", "visit", mark="early")
        line.becomes("well")
        number = answered(shop, "visit", mark="late")["number"]
        book = answered(shop, "book")

    assert ready == 200
    assert heard["response"] == FALLBACK
    assert number == book["number"]
    assert "late" in book["marks"]
    assert "early" not in book["marks"]


def answered(shop, tool, **arguments):
    """Return the answer of a tool of the desk, called until its store answers."""

    def answer():
        given = shop.call("/shares-desk", tool, **arguments)
        return None if "error_id" in given else given

    return json.loads(poll_until(answer, LATE, said=lambda: shop.served.stderr[-4000:])["response"])
