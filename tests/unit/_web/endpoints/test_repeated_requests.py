"""Requests that clients repeat, on a real port: each turn runs once."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import openai
import pytest
from chat_host import PASSWORD
from polling import poll_until
from shops import serving_shop

from agenthost.testing import Calls, Fails, Says

pytestmark = pytest.mark.slow

ORDER = Calls("order", {"item": "kite"})
KITE = [{"role": "user", "content": "A kite, please."}]
MARKED = {"x-stainless-retry-count": "1"}


@pytest.fixture
def shop(tmp_path):
    def serve(*script, **options):
        return serving_shop(tmp_path, *script, **options)

    return serve


def text(answer):
    return answer.json()["choices"][0]["message"]["content"]


@contextmanager
def left_while_ordering(served, worker=0, **options):
    """Let a client leave while its order is placed, and continue the order afterwards."""
    served.close()
    with pytest.raises(httpx.ReadTimeout):
        served.post(worker=worker, timeout=1, **options)
    assert served.placed == ["kite"]
    yield
    served.open()


@pytest.mark.parametrize("stream", [False, True])
def test_a_stock_client_does_not_repeat_an_order(shop, stream):
    """Its retries after a 503 placed three orders."""
    with shop(then=lambda body: Fails(503) if body["messages"][-1]["role"] == "tool" else ORDER) as served:
        with (
            served.client(max_retries=openai.DEFAULT_MAX_RETRIES) as client,
            pytest.raises(openai.APIError) as refused,
        ):
            list(client.chat.completions.create(model="shop", messages=KITE, stream=stream))
        assert served.placed == ["kite"]
        if not stream:
            assert refused.value.status_code == 503
            assert refused.value.response.headers["x-should-retry"] == "false"


def test_a_stock_client_repeats_what_had_no_effect(shop):
    """It waits as long as the server of the model asks for."""
    with shop(Fails(503, retry_after="1"), ORDER, Says("Ordered.")) as served:
        refused = served.post()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "x-should-retry" not in refused.headers
    with shop(Fails(503, retry_after="0"), ORDER, Says("Ordered.")) as served, served.client(max_retries=2) as client:
        answer = client.chat.completions.create(model="shop", messages=KITE)
        assert (answer.choices[0].message.content, served.placed) == ("Ordered.", ["kite"])


@pytest.mark.parametrize("headers", [{}, MARKED, {"idempotency-key": "k-1"}], ids=["same words", "marked", "key"])
@pytest.mark.parametrize("named", [{}, {"metadata": {"conversation": "c-1"}}], ids=["history", "named"])
def test_a_repeat_continues_after_the_tool(shop, headers, named):
    """The model receives the call with its result, and the same result for another call."""
    with shop(ORDER, Fails(503), ORDER, Says("Ordered.")) as served:
        first = served.post(headers=headers if "idempotency-key" in headers else {}, **named)
        second = served.post(headers=headers, **named)
        assert (first.status_code, text(second), served.placed) == (503, "Ordered.", ["kite"])
        assert first.headers["x-should-retry"] == "false"
        _, user, call, result = served.model.requests[2]["messages"]
        assert (user["content"], result["content"]) == ("A kite, please.", "Order 1: kite.")
        assert call["tool_calls"][0]["function"] == {"name": "order", "arguments": '{"item": "kite"}'}
        assert served.model.requests[3]["messages"][-1]["content"] == "Order 1: kite."


def test_a_tool_that_the_model_calls_twice_in_a_repeat_runs_once_more(shop):
    with shop(ORDER, Fails(503), ORDER, ORDER, Says("Two kites.")) as served:
        served.post()
        assert text(served.post()) == "Two kites."
        assert served.placed == ["kite", "kite"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("headers", [{}, MARKED], ids=["same words", "marked"])
def test_a_turn_outlives_its_client_once_a_tool_has_begun(shop, workers, headers):
    """A repeat joins it, also on another worker."""
    with shop(ORDER, Says("Ordered."), workers=workers) as served, ThreadPoolExecutor() as pool:
        with left_while_ordering(served):
            repeat = pool.submit(served.post, headers=headers, worker=workers - 1)
            time.sleep(0.2)
            assert not repeat.done()
        assert text(repeat.result(20)) == "Ordered."
        assert (served.placed, len(served.model.requests)) == (["kite"], 2)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_repeat_gets_the_answer_that_nobody_waited_for(shop, workers):
    """Streams are replayed. The next order with the same words is another one."""
    with shop(ORDER, Says("Ordered one."), ORDER, Says("Ordered two."), workers=workers) as served:
        with left_while_ordering(served):
            pass
        poll_until(lambda: len(served.model.requests) == 2)
        with served.client(workers - 1) as client:
            chunks = list(client.chat.completions.create(model="shop", messages=KITE, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Ordered one."
        assert text(served.post()) == "Ordered two."
        assert served.placed == ["kite", "kite"]


def test_a_client_that_times_out_and_retries_places_one_order(shop):
    with shop(ORDER, Says("Ordered.")) as served, served.client(max_retries=2, timeout=1) as client:
        served.close()
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(client.chat.completions.create, model="shop", messages=KITE)
            poll_until(lambda: served.placed)
            time.sleep(1.2)
            served.open()
            assert answer.result(20).choices[0].message.content == "Ordered."
        assert served.placed == ["kite"]


def test_two_customers_who_say_the_same_place_two_orders(shop):
    with shop(ORDER, ORDER, Says("Ordered."), Says("Ordered.")) as served, ThreadPoolExecutor() as pool:
        served.close()
        first = pool.submit(served.post)
        poll_until(lambda: len(served.placed) == 1)
        second = pool.submit(served.post)
        poll_until(lambda: len(served.placed) == 2)
        served.open()
        assert [text(first.result(20)), text(second.result(20))] == ["Ordered.", "Ordered."]


@pytest.mark.parametrize("named", [{}, {"metadata": {"conversation": "c-1"}}], ids=["history", "named"])
def test_a_second_order_that_is_meant_is_placed(shop, named):
    with shop(ORDER, Says("Ordered."), ORDER, Says("Ordered.")) as served:
        for _ in range(2):
            assert served.post(**named).status_code == 200
        assert served.placed == ["kite", "kite"]


@pytest.mark.parametrize(
    "other",
    [
        {"user": "other"},
        {"metadata": {"conversation": "c-2"}},
        {"metadata": {"context": '{"customer": "Bo"}'}},
        {"said": "A kite, please!"},
        {"said": [{"role": "assistant", "content": "Hello!"}, *KITE]},
    ],
    ids=["user", "conversation", "context", "words", "history"],
)
def test_another_request_is_not_a_repeat(shop, other):
    with shop(ORDER, Fails(503), ORDER, Says("Ordered.")) as served:
        served.post()
        assert text(served.post(headers=MARKED, **other)) == "Ordered."
        assert served.placed == ["kite", "kite"]


def test_instructions_of_a_client_may_change(shop):
    with shop(ORDER, Fails(503), Says("Ordered.")) as served:
        served.post([{"role": "system", "content": "It is 10:00."}, *KITE])
        assert text(served.post([{"role": "system", "content": "It is 10:01."}, *KITE])) == "Ordered."
        assert served.placed == ["kite"]


def test_a_marked_retry_gets_the_stored_answer(shop):
    with shop(ORDER, Says("Ordered.")) as served:
        first, second = served.post(), served.post(headers=MARKED)
        assert text(first) == text(second) == "Ordered."
        assert first.headers["agenthost-conversation"] == second.headers["agenthost-conversation"]
        assert first.json()["usage"] == second.json()["usage"]
        assert served.placed == ["kite"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_idempotency_key_names_a_turn(shop, workers):
    with shop(ORDER, Says("Ordered."), ORDER, Says("Again."), workers=workers) as served:
        key = {"idempotency-key": "k-1"}
        answers = [served.post(headers=key, worker=number % workers) for number in range(3)]
        assert [text(answer) for answer in answers] == ["Ordered."] * 3
        refused = served.post("Two kites.", headers=key)
        assert refused.status_code == 400
        assert "idempotency key" in refused.json()["error"]["message"]
        assert text(served.post(headers={"idempotency-key": "k-2"})) == "Again."
        assert served.placed == ["kite", "kite"]


def test_requests_with_one_key_join(shop):
    with shop(ORDER, Says("Ordered.")) as served, ThreadPoolExecutor() as pool:
        served.close()
        key = {"idempotency-key": "k-1"}
        waiting = [pool.submit(served.post, headers=key, stream=stream) for stream in (False, True)]
        poll_until(lambda: served.placed)
        served.open()
        whole, stream = (each.result(20) for each in waiting)
        events = [json.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: {")]
        words = "".join(choice["delta"].get("content", "") for event in events for choice in event["choices"])
        assert text(whole) == words == "Ordered."
        assert served.placed == ["kite"]


def test_an_error_of_a_joined_turn_is_the_last_event_of_its_stream(shop):
    with shop(ORDER, Says("On its way", pause=0.01), workers=1) as served:
        served.close()
        with (
            httpx.stream(
                "POST",
                f"{served.urls[0]}/chat/completions",
                json={"model": "shop", "messages": KITE, "stream": True, "metadata": {"tools": "shown"}},
                headers={"authorization": f"Bearer {PASSWORD}"},
                timeout=20,
            ) as stream,
        ):
            lines = stream.iter_lines()
            assert "tool_started" in next(line for line in lines if "event" in line)
            served.model._script[:] = [Fails(503)]
            served.open()
            events = [line for line in lines if line.startswith("data: ")]
        assert json.loads(events[-1][6:])["error"]["code"] == "model_unavailable"
        served.model._script[:] = [Says("Ordered.")]
        assert text(served.post(metadata={"tools": "shown"})) == "Ordered."
        assert served.placed == ["kite"]


def test_a_client_that_leaves_before_any_tool_ends_its_turn(shop):
    with shop(Says("Hello.", after=5), Says("Hello again.")) as served:
        with pytest.raises(httpx.ReadTimeout):
            served.post(timeout=1)
        assert served.model.disconnected.wait(20)
        assert text(served.post()) == "Hello again."
