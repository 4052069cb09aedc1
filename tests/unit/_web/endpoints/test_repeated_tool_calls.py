"""Tool calls and summaries that the platform repeats, on a real port."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from attrs import define
from chat_host import PASSWORD, on_a_port
from polling import poll_until

from agenthost import AgentBase, AgentServer
from agenthost._host.identity import tool_repeats as module
from agenthost._web.request import site

pytestmark = pytest.mark.slow

BODY = {"function": "order", "call_id": "c-1", "argument": {"parsed": [{"item": "kite"}]}}
SUMMARY = {"call_id": "c-1", "post_prompt_data": {"raw": "A kite was ordered."}}


class Shop(AgentBase):
    """Takes orders, and counts them."""

    def __init__(self, other=None):
        super().__init__("shop", "/shop", fallback="The shop is closed.")
        self.placed, self.summaries, self.open = [], [], threading.Event()
        if other is not None:  # on another worker
            self.placed, self.open = other.placed, other.open
        self.open.set()
        self.fails = 0
        self.set_post_prompt("Summarise.")

    @AgentBase.tool(secure=False)
    async def order(self, item: str) -> str:
        """Place an order."""
        self.placed.append(item)
        number = len(self.placed)
        while not self.open.is_set():  # noqa: ASYNC110 - tests set it in another thread
            await asyncio.sleep(0.01)
        if self.fails:
            self.fails -= 1
            raise ConnectionError
        return f"Order {number}."

    async def on_summary(self, summary, _raw):
        self.summaries.append(summary)
        if self.fails:
            self.fails -= 1
            raise ConnectionError


class Repeats(module.ToolRepeats):
    """The runs of one worker, which count the requests that join one."""

    joined = 0

    async def earlier(self, *arguments):
        self.joined += bool(self._runs)
        return await super().earlier(*arguments)

    async def _poll(self, *arguments):
        self.joined += 1
        return await super()._poll(*arguments)

    @property
    def settled(self):
        """True once a run is registered for all workers."""
        return bool(self._runs) and not self._writing

    @property
    def over(self):
        """True once no repeat can join a run, unless it finds one of another worker."""
        return not self._runs and not self._writing and not (self._fresh and self._elsewhere)

    @property
    def looks(self):
        """True if a request looks for the runs of other workers."""
        return not self._fresh or bool(self._elsewhere)


@define
class Served:
    shop: Shop
    urls: list
    repeats: list

    def wait_for_run(self, worker=0):
        """Wait until a repeat at a worker would join the run of the first one."""
        poll_until(lambda: self.repeats[0].settled)
        poll_until(lambda: not worker or self.repeats[worker].looks)

    def post(self, body=BODY, *, worker=0, timeout=20, path="swaig", query=""):
        url = f"{self.urls[worker]}/shop/{path}{query}"
        return httpx.post(url, json=body, auth=("agenthost", PASSWORD), timeout=timeout).json()

    def leave(self, body=BODY, **options):
        """Send a request, and close the connection before the answer."""
        with pytest.raises(httpx.ReadTimeout):
            self.post(body, timeout=1, **options)
        assert self.shop.placed

    def summarise(self, body=SUMMARY):
        document = self.post({"call_id": "c-1"}, path="")
        ai = next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)
        return self.post(body, path="post_prompt", query="?" + ai["post_prompt_url"].partition("?")[2])


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Serve a shop on one or more workers."""

    @contextmanager
    def run(workers=1):
        store = f'[state]\nurl = "sqlite:///{tmp_path / "state.db"}"\n' if workers > 1 else ""
        path = tmp_path / "agenthost.toml"
        path.write_text(f'[host]\npassword = "{PASSWORD}"\nstate_dir = "state"\n{store}', encoding="utf-8")
        path.chmod(0o600)
        monkeypatch.chdir(tmp_path)
        shop = Shop()
        made = []
        monkeypatch.setattr(site, "ToolRepeats", lambda *parts: made.append(Repeats(*parts)) or made[-1])
        with ExitStack() as stack:
            urls = []
            for _ in range(workers):
                server = AgentServer()
                server.register(shop if not urls else Shop(shop))
                urls.append(stack.enter_context(on_a_port(server)).removesuffix("/v1"))
            stack.callback(shop.open.set)
            served = Served(shop, urls, made)
            for worker in range(workers):  # the first request starts a host
                served.post({}, worker=worker, path="")
            yield served

    return run


@pytest.mark.parametrize("workers", [1, 2])
def test_a_repeat_joins_a_run_whose_connection_has_closed(serve, workers):
    with serve(workers) as served, ThreadPoolExecutor() as pool:
        served.shop.open.clear()
        served.leave()
        served.wait_for_run(workers - 1)
        repeat = pool.submit(served.post, worker=workers - 1)
        poll_until(lambda: served.repeats[workers - 1].joined)
        served.shop.open.set()
        assert repeat.result(20) == {"response": "Order 1."}
        assert served.shop.placed == ["kite"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_repeat_gets_the_answer_that_nobody_received(serve, workers):
    """The next call is another one."""
    with serve(workers) as served:
        served.shop.open.clear()
        served.leave()
        served.shop.open.set()
        poll_until(lambda: not served.repeats[0].running)
        served.wait_for_run(workers - 1)
        assert served.post(worker=workers - 1) == {"response": "Order 1."}
        if workers == 1:
            assert served.post() == {"response": "Order 2."}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_repeat_joins_a_run_that_is_slow(serve, monkeypatch, workers):
    """Both get the answer, and the next call is another one."""
    monkeypatch.setattr(module, "SLOW", 0.5)
    with serve(workers) as served, ThreadPoolExecutor() as pool:
        served.shop.open.clear()
        first = pool.submit(served.post)
        served.wait_for_run(workers - 1)
        repeats = [pool.submit(served.post, worker=workers - 1) for _ in range(3)]
        poll_until(lambda: served.repeats[workers - 1].joined == 3)
        served.shop.open.set()
        assert [each.result(20) for each in (first, *repeats)] == [{"response": "Order 1."}] * 4
        poll_until(lambda: all(each.over for each in served.repeats))
        assert served.post(worker=workers - 1) == {"response": "Order 2."}


def test_calls_at_the_same_time_and_one_after_the_other_are_separate(serve):
    with serve() as served, ThreadPoolExecutor() as pool:
        served.shop.open.clear()
        calls = [pool.submit(served.post) for _ in range(2)]
        poll_until(lambda: len(served.shop.placed) == 2)
        served.shop.open.set()
        assert sorted(call.result(20)["response"] for call in calls) == ["Order 1.", "Order 2."]
        assert served.post() == {"response": "Order 3."}


@pytest.mark.parametrize(
    "change",
    [{"call_id": "c-2"}, {"argument": {"parsed": [{"item": "boat"}]}}, {"call_id": ""}],
    ids=["call", "arguments", "no call"],
)
def test_another_call_is_not_a_repeat(serve, change):
    with serve() as served:
        served.shop.open.clear()
        served.leave()
        served.shop.open.set()
        poll_until(lambda: served.post(BODY | change)["response"] == "Order 2.")


def test_a_failure_that_nobody_received_is_not_kept(serve):
    with serve() as served:
        served.shop.fails = 1
        served.shop.open.clear()
        served.leave()
        served.shop.open.set()
        poll_until(lambda: not served.shop.fails and not served.repeats[0].running)
        assert served.post() == {"response": "Order 2."}


def test_a_summary_is_passed_on_once(serve):
    with serve() as served:
        assert [served.summarise() for _ in range(3)] == [{"success": True}] * 3
        assert served.shop.summaries == ["A kite was ordered."]
        served.summarise(SUMMARY | {"post_prompt_data": {"raw": "Another one."}})
        assert served.shop.summaries == ["A kite was ordered.", "Another one."]


def test_a_summary_whose_function_failed_is_passed_on_again(serve):
    with serve() as served:
        served.shop.fails = 1
        assert served.summarise()["success"] is False
        assert served.summarise() == {"success": True}
        assert len(served.shop.summaries) == 2


def test_a_host_that_ends_looks_at_runs_no_more(serve):
    """A look after the end would leave a task behind."""
    with serve(2) as served:
        served.post()
        assert served.repeats[0].loop is not None

    assert [(each.loop, each._timer, each._writing) for each in served.repeats] == [(None, None, set())] * 2
