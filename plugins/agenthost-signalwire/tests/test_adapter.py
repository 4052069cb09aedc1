"""Agents of the SDK are served without a change, beside native ones."""

from __future__ import annotations

import asyncio
import logging
import signal

import httpx
import pytest
from agenthost_signalwire import SignalWire
from sdk_agents import Desk, Faq, Shop

from agenthost import AgentServer

adapt_agent = SignalWire().adapt_agent
AUTH = ("agenthost", "good for tests")


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def ask(shop, tmp_path, monkeypatch):
    """Sends a request to a server with agents of both kinds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", AUTH[1])
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "k" * 40)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    server = AgentServer()
    server.setup_sip_routing()
    for agent in (adapt_agent(shop).agent, adapt_agent(Faq()).agent, Desk()):
        server.register(agent)

    def asked(path, body, status=200):
        async def main():
            transport = httpx.ASGITransport(app=server.app)
            async with httpx.AsyncClient(transport=transport, base_url="https://h.example", auth=AUTH) as client:
                return await client.post(path, json={"call_id": "c", **body})

        answer = asyncio.run(main())
        assert answer.status_code == status
        return answer.json()

    return asked


def ai_of(document):
    return next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)


def tools(document):
    return {tool["function"]: tool for tool in ai_of(document)["SWAIG"]["functions"]}


def call(ask, route, name, args=None, query=""):
    url = tools(ask(f"{route}?{query}", {}))[name]["web_hook_url"].partition("h.example")[2]
    return ask(f"{url}&{query}", {"function": name, "argument": {"parsed": [args or {}]}})


def test_the_document_is_the_sdk_s_with_urls_of_the_host(ask):
    ai = ai_of(ask("/shop", {}))
    written = str(ai)

    assert ai["prompt"]["contexts"]["default"]["steps"][0]["name"] == "greet"
    assert "adapted.invalid" not in written
    assert ai["post_prompt_url"].startswith("https://agenthost:good%20for%20tests@h.example/shop/post_prompt/?__token=")
    assert {"price", "get_current_time", "calculate"} <= set(tools(ask("/shop", {})))


def test_tools_run_behind_the_host_s_gate(ask):
    assert call(ask, "/shop", "price", {"count": "4"}) == {
        "response": "8 dollars.",
        "action": [{"set_global_data": {"asked": True}}],
    }
    assert call(ask, "/shop", "price", {"count": "many"}) == {"response": "count must be an integer"}
    assert call(ask, "/shop", "later") == {"response": "Later."}
    assert call(ask, "/shop", "calculate", {"expression": "2+3"})["response"].endswith("5")


def test_a_failure_is_the_fallback(ask):
    """The SDK would tell the model the exception."""
    answer = call(ask, "/shop", "broken")

    assert "secret" not in str(answer)
    assert answer["error_id"]


def test_a_token_is_the_host_s(ask):
    refused = ask("/shop/swaig", {"function": "price", "argument": {"parsed": [{"count": 1}]}})

    assert "security token" in refused["response"]


def test_each_call_is_configured_by_itself(ask):
    gold, plain = ask("/shop?tier=gold", {}), ask("/shop", {})

    assert [ai_of(each)["global_data"]["tier"] for each in (gold, plain)] == ["gold", "none"]
    assert ("gift" in tools(gold), "gift" in tools(plain)) == (True, False)
    assert call(ask, "/shop", "gift", query="tier=gold") == {"response": "A rose."}


def test_summaries(ask, shop):
    url = ai_of(ask("/shop", {}))["post_prompt_url"].partition("h.example")[2]

    assert ask(url, {"post_prompt_data": {"parsed": [{"sold": 2}]}}) == {"success": True}
    assert shop.summaries == [{"sold": 2}]


def test_a_hand_over_in_both_directions(ask):
    """Between an agent of the SDK and a native one."""
    for route, name, reached in (("/desk", "shop", "/shop"), ("/shop", "desk", "/desk")):
        [action] = call(ask, route, name)["action"]
        [transfer] = action["SWML"]["sections"]["main"]
        assert transfer["transfer"]["dest"].endswith(f"h.example{reached}")


def test_sip_users(ask):
    document = ask("/sip", {"call": {"to": "sip:flowers@h.example"}})

    assert "price" in tools(document)


def test_a_prefab(ask):
    assert "In Berlin." in str(ask("/faq", {}))


def test_findings():
    [finding] = adapt_agent(Shop()).findings
    assert finding.endswith("uses nothing that agenthost lacks. fix: agenthost migrate changes its imports")
    assert "it is a FAQBotAgent of signalwire-sdk" in adapt_agent(Faq()).findings[0]


def test_a_name_that_is_missing_is_found_with_its_replacement():
    class Mounting(Shop):
        def extend(self, app):
            self.mount(app)

    [finding] = adapt_agent(Mounting()).findings
    assert finding.startswith("it uses 'mount', which agenthost does not have. fix: use AgentServer, whose app")


def test_other_objects_are_left_alone():
    assert adapt_agent(object()) is None


def test_the_sdk_installs_no_signal_handlers(shop):
    """Agents are built on a thread, where it would fail, too."""
    before = signal.getsignal(signal.SIGTERM)
    shop.setup_graceful_shutdown()

    assert signal.getsignal(signal.SIGTERM) is before


def test_warnings_about_the_sdk_s_server_are_left_out(caplog):
    log = logging.getLogger("signalwire.agent_base")
    log.warning("webhook_signature_validation_disabled agent='a'")
    log.warning("order_placed")

    assert [record.getMessage() for record in caplog.records] == ["order_placed"]
