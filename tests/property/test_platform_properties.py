"""Calls to hosts that return anything: the simulated platform neither raises nor gets stuck."""

from __future__ import annotations

import asyncio

from any_documents import LIMITS, actions, documents, texts, turns, values
from hypothesis import HealthCheck, given, settings, strategies as st
from swml_host import SwmlHost

from agenthost.testing.platform import Platform, PlatformOptions

inputs = st.one_of(
    st.builds(lambda text, given: ("say", text, *given), texts, st.lists(turns, max_size=3)),
    st.builds(lambda given: ("model", *given), st.lists(turns, min_size=1, max_size=2)),
    st.builds(lambda time: ("wait", time), st.integers(-1, 10_000_000)),
    st.just(("press", "1")),
    st.just(("unhold",)),
)


def run(documents_by_path, answers, script):
    answers = iter(answers)
    host = SwmlHost(
        documents_by_path, dict.fromkeys(["f", "g"], lambda body: {"response": "r", "action": next(answers, [])})
    )

    async def whole():
        options = PlatformOptions(limits=LIMITS, retries=1, sip_domains=("host.example",))
        async with asyncio.timeout(20):
            async with await Platform(host.client(), options).call("/") as call:
                for name, *arguments in script:
                    await getattr(call, name)(*arguments)
                    assert isinstance(call.tools, tuple)
                    assert isinstance(call.prompt, str)
                for _ in range(8):
                    await call.hang_up("bye")
                assert call.ended
                return call.trace

    return asyncio.run(whole())


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(documents, documents | values, st.lists(actions, max_size=6), st.lists(inputs, max_size=5))
def test_every_call_ends(first, second, answers, script):
    """The caller can hang up after any documents and actions.

    Each trace is JSON of a bounded size, and a second run has the same one.
    """
    pages = {"/": first, "/b": second, "/sip": first}

    trace = run(pages, answers, script).encode()

    assert len(trace) < 20_000_000
    assert run(pages, answers, script).encode() == trace
