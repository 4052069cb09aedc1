"""Request IDs, origins of pages, and base URLs of agents, at all paths of ``/v1``."""

from __future__ import annotations

import io
import json
import logging

import httpx
import openai
import pytest
from chat_host import PASSWORD, client, scripted, served

from agenthost import AgentBase
from agenthost._host.telemetry.call_log import write_now
from agenthost._host.telemetry.log import JsonLines
from agenthost._host.telemetry.secrets.redactor import NO_SECRETS
from agenthost.testing import Calls, Fails, Says

HELLO = [{"role": "user", "content": "Hello"}]


def agents():
    return [AgentBase("sales", "/shop/sales", description="Sells."), AgentBase("support", "/support")]


def test_each_answer_has_a_request_id(tmp_path, caplog):
    """It is in the log, too."""
    caplog.set_level(logging.INFO)
    with scripted(tmp_path, agents(), Says("Hello."), Fails(503), more="") as (url, _), client(url) as opened:
        answer = opened.chat.completions.create(model="sales", messages=HELLO)
        assert answer._request_id.startswith("req_")
        with pytest.raises(openai.InternalServerError) as failed:
            opened.chat.completions.create(model="sales", messages=HELLO)
        assert opened.models.list()._request_id != answer._request_id

    assert failed.value.request_id in [getattr(record, "request_id", None) for record in caplog.records]


def test_the_access_log_has_the_request_id(tmp_path, caplog):
    caplog.set_level(logging.INFO, "agenthost.access")
    with served(tmp_path, agents(), "access_log = true\n") as url, client(url) as opened:
        name = opened.models.list()._request_id

    assert [record.fields["request_id"] for record in caplog.records if hasattr(record, "fields")] == [name]


class Shop(AgentBase):
    """Logs in a tool."""

    @AgentBase.tool
    def order(self) -> str:
        """Order."""
        logging.getLogger("shop").warning("ordered")
        return "Ordered."


def test_every_line_of_a_turn_has_the_request_id(tmp_path):
    """The tool's own line, which a thread writes, and the line of the call."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonLines(NO_SECRETS))
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    try:
        with (
            scripted(tmp_path, [Shop("shop", "/shop")], Calls("order", {}), Says("Done."), more="") as (url, _),
            client(url) as opened,
        ):
            name = opened.chat.completions.create(model="shop", messages=HELLO)._request_id
        write_now()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line.get("request_id") for line in told if line["event"] == "ordered"] == [name]
    assert [line.get("request_id") for line in told if line["logger"] == "agenthost.calls"] == [name]


def test_an_agent_has_a_base_url_of_its_own(tmp_path):
    with served(tmp_path, agents()) as url, client(url.replace("/v1", "/shop/sales/v1")) as opened:
        assert [model.id for model in opened.models.list()] == ["sales"]
        assert opened.chat.completions.create(model="gpt-4o", messages=HELLO).model == "sales"
        response = opened.responses.create(input="Hello")
        assert opened.responses.retrieve(response.id).model == "sales"
        with pytest.raises(openai.NotFoundError):
            opened.models.retrieve("support")
        assert httpx.get(url.replace("/v1", "/shop/gone/v1/models"), auth=("agenthost", PASSWORD)).status_code == 404


def test_an_agents_own_base_url_needs_its_own_password(tmp_path):
    with served(tmp_path, agents(), '[agents.sales]\npasswords = ["own"]\n') as url:
        base = url.replace("/v1", "/shop/sales/v1")
        with client(base, "own") as opened:
            assert opened.chat.completions.create(model="", messages=HELLO).model == "sales"
        with client(base) as opened, pytest.raises(openai.NotFoundError):
            opened.chat.completions.create(model="", messages=HELLO)


def asked(url, method, origin, **headers):
    return httpx.request(method, f"{url}/models", headers={"origin": origin, **headers}, auth=("agenthost", PASSWORD))


def test_pages_of_other_origins_may_call_only_where_it_is_allowed(tmp_path):
    toml = 'allowed_origins = ["https://app.example.com"]\n'
    with served(tmp_path, agents(), toml) as url:
        allowed = asked(url, "GET", "https://app.example.com")
        refused = asked(url, "GET", "https://evil.example.com")
        preflight = httpx.options(
            f"{url}/responses",
            headers={"origin": "https://app.example.com", "access-control-request-method": "POST"},
        )

    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "x-request-id" in allowed.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in refused.headers
    assert refused.headers["vary"] == "origin"
    assert preflight.status_code == 204
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert "POST" in preflight.headers["access-control-allow-methods"]


def test_pages_of_other_origins_may_not_call_by_default(tmp_path):
    with served(tmp_path, agents()) as url:
        answer = asked(url, "GET", "https://app.example.com")

    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "vary" not in answer.headers


def test_any_origin_can_be_allowed(tmp_path):
    with served(tmp_path, agents(), 'allowed_origins = ["*"]\n') as url:
        assert asked(url, "GET", "https://a.example").headers["access-control-allow-origin"] == "*"
