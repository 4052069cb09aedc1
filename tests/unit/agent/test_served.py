"""Facts about an agent and its host, by the names of SignalWire's SDK."""

from __future__ import annotations

import json
import logging
import signal

import pytest

import agenthost
from agenthost import AgentBase, AgentServer, DefinitionError, FunctionResult, get_logger
from agenthost.agent.base import seal
from agenthost.agent.per_call import render_per_call


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("SWML_BASIC_AUTH_USER", "SWML_BASIC_AUTH_PASSWORD", "SWML_PROXY_URL_BASE", "PORT"):
        monkeypatch.delenv(name, raising=False)


def document(agent, **query):
    seal(agent)
    return json.loads(render_per_call(agent, "https://h/a", lambda _: "T", str, query, {}, {}))


def test_the_address_of_an_agent_alone():
    agent = AgentBase("a", route="/a", port=8080, basic_auth=("u", "p@"))

    assert agent.get_full_url() == "http://127.0.0.1:8080/a"
    assert agent.get_full_url(include_auth=True) == "http://u:p%40@127.0.0.1:8080/a"
    assert (agent.host, agent.port, agent.route) == ("127.0.0.1", 8080, "/a")
    assert agent.manual_set_proxy_url("https://x.example/").get_full_url() == "https://x.example/a"


def test_the_address_on_a_server(monkeypatch):
    monkeypatch.setenv("SWML_PROXY_URL_BASE", "https://voice.example")
    agent, server = AgentBase("a"), AgentServer(port=9)
    server.register(agent, "/there")

    assert (agent.route, agent.get_full_url(), agent.port) == ("/there", "https://voice.example/there", 9)
    assert server.agents == {"/there": agent}
    assert (server.host, server.port, server.log_level) == ("127.0.0.1", 9, "info")


def test_a_route_is_text():
    assert AgentBase("a").route == "/"


@pytest.mark.parametrize("source", ["provided", "environment", "config file", "generated"])
def test_credentials_and_their_source(source, monkeypatch, tmp_path):
    if source == "environment":
        monkeypatch.setenv("SWML_BASIC_AUTH_PASSWORD", "long enough to be one")
    if source == "config file":
        (tmp_path / "agenthost.toml").write_text('[host]\npassword = "long enough to be one"\n')
    agent = AgentBase("a", basic_auth=("u", "p") if source == "provided" else None)
    user, password, found = agent.get_basic_auth_credentials(include_source=True)

    assert found == source
    assert agent.get_basic_auth_credentials() == (user, password)
    assert agent.validate_basic_auth(user, password)
    assert not agent.validate_basic_auth(user, password + "x")


def test_a_token_opens_its_tool_only():
    agent = AgentBase("a", swaig_secret="secret")
    AgentServer().register(agent, "/a")
    from agenthost._host.access.tokens import Tokens  # noqa: PLC0415

    token = Tokens([b"secret"]).minter("/a", "call")("tool").decode()

    assert agent.validate_tool_token("tool", token, "call")
    assert not agent.validate_tool_token("other", token, "call")
    assert not agent.validate_tool_token("tool", token, "another call")


@pytest.mark.parametrize("name", ["validate_basic_auth", "validate_tool_token"])
def test_a_check_that_the_host_never_asks_is_rejected(name):
    """An agent that believes to protect itself would be open."""
    kind = type("Own", (AgentBase,), {name: lambda *_: False})

    with pytest.raises(DefinitionError, match=f"Own overrides {name}, which the host does not call"):
        kind("a")


def test_the_document_has_no_secrets():
    agent = AgentBase("a", basic_auth=("u", "secret"))
    agent.define_tool("t", "Does it.", {}, lambda _args, _raw: "done")
    written = agent.render_document()

    assert json.loads(written) == agent.get_document()
    assert "secret" not in written
    assert [tool["function"] for tool in agent.define_tools()] == ["t"]


def test_an_attribute_of_the_author_wins():
    """These names were free for authors before."""
    agent = AgentBase("a")
    agent.log, agent.port, agent.host = "mine", "my port", "my host"

    assert (agent.log, agent.port, agent.host) == ("mine", "my port", "my host")


def test_log_lines_have_fields(caplog):
    class Own(AgentBase):
        pass

    with caplog.at_level(logging.DEBUG):
        Own("a").log.info("order_%s", "placed", order=7, name="taken")
        get_logger("mine").bind(call="c").error("failed", exc_info=ValueError("x"))
    first, second = caplog.records

    assert (first.name, first.getMessage(), first.order, first.name_) == (__name__, "order_placed", 7, "taken")
    assert first.funcName == "test_log_lines_have_fields"
    assert (second.name, second.call, str(second.exc_info[1])) == ("mine", "c", "x")


def test_debug_lines_cost_nothing_where_they_are_off(caplog):
    with caplog.at_level(logging.WARNING):
        get_logger("mine").debug("%d", "not a number")

    assert caplog.records == []


def test_a_document_is_changed_for_a_request():
    class Own(AgentBase):
        def on_swml_request(self, request_data=None, callback_path=None, request=None):
            self.add_hint(request.query_params["tier"])
            return {"global_data": {"tier": 1}, "params": {"x": 1}}

    agent = Own("a")
    agent.set_global_data({"kept": True})
    ai = document(agent, tier="gold")["sections"]["main"][-1]["ai"]

    assert (ai["hints"], ai["global_data"], ai["params"]) == (["gold"], {"kept": True, "tier": 1}, {"x": 1})
    assert document(agent, tier="none")["sections"]["main"][-1]["ai"]["hints"] == ["none"]


def test_callbacks_join_the_method():
    class Own(AgentBase):
        async def on_request(self, request_data=None, callback_path=None):
            self.add_hint("method")

    agent = Own("a")
    agent.set_dynamic_config_callback(lambda _query, _body, _headers, copy: copy.add_hint("callback"))
    seal(agent)
    coroutine = render_per_call(agent, "https://h/a", lambda _: "T", str, {}, {}, {})
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)

    assert json.loads(stopped.value.value)["sections"]["main"][-1]["ai"]["hints"] == ["method", "callback"]


def test_the_user_of_a_sip_call():
    body = {"call": {"to": "sip:%53ales@acme.example;transport=tcp"}}

    assert AgentBase.extract_sip_username(body) == "Sales"
    assert AgentBase.extract_sip_username({"call": {"to": "nonsense"}}) is None
    assert AgentBase("a").extract_sip_username({}) is None


def test_stop_ends_the_own_host(monkeypatch):
    sent = []
    monkeypatch.setattr(signal, "raise_signal", sent.append)
    agent, other = AgentBase("a"), AgentBase("b")
    agent.get_app()
    AgentServer().register(other, "/b")
    agent.stop()

    assert sent == [signal.SIGTERM]
    with pytest.raises(DefinitionError, match="another host serves it"):
        other.stop()


def test_modes_of_run(monkeypatch):
    agent = AgentBase("a")
    monkeypatch.setattr("agenthost.server.AgentServer._answer_cgi", lambda _: "cgi")
    monkeypatch.setattr("agenthost.server.AgentServer._serve", lambda _, host, port: (host, port))

    assert agent.run(force_mode="cgi") == "cgi"
    assert agent.run(None, None, "server", "h", 1) == ("h", 1)
    with pytest.raises(DefinitionError, match="the modes are auto, server, lambda and cgi"):
        agent.run(force_mode="azure_function")


def test_an_unknown_name_of_the_package_names_its_replacement():
    with pytest.raises(
        AttributeError, match=r"agenthost has no 'RestClient', as signalwire-sdk does\. fix: use the SDK"
    ):
        _ = agenthost.RestClient


def test_nothing_else_changes_with_them():
    agent = AgentBase("a")
    agent.setup_graceful_shutdown()
    agent.enable_debug_routes()

    assert agent.native_functions == []
    assert agent.signing_key is None
    assert FunctionResult("x").to_dict() == {"response": "x"}
