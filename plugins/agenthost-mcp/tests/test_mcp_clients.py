"""The official client, against a host with two workers."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

ASK = {"text": "What is the price of tent 5?"}


def with_client(host, path, work):
    """Return what a function does with a session, after its handshake."""

    async def main():
        headers = {"authorization": f"Bearer {host.password}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            streamable_http_client(f"{host.url}{path}", http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            server = await session.initialize()
            return await work(session, server)

    return asyncio.run(main())


def test_the_handshake_presents_the_agent(host):
    async def server_of(_, server):
        return server

    server = with_client(host, "/tested/mcp", server_of)
    assert server.protocol_version == "2025-11-25"
    assert (server.server_info.name, server.server_info.title, server.server_info.version) == (
        "test_simple_prompt",
        "Test simple prompt",
        "1.0",
    )
    assert server.instructions == "test_simple_prompt: Sells tents."


@pytest.mark.parametrize("path", ["/tested/mcp", "/v1/mcp"])
@pytest.mark.parametrize(
    "body", [{}, {"jsonrpc": "Zx9-echo"}, {"jsonrpc": "2.0", "id": 1, "method": {"Zx9-echo": "Zx9-echo"}}]
)
def test_errors_echo_nothing_of_the_request(host, path, body):
    answer = httpx2.post(f"{host.url}{path}", json=body, headers={"authorization": f"Bearer {host.password}"})

    assert answer.status_code == 400
    assert answer.json()["error"] == {"code": -32602, "message": "this is not a message of the protocol"}
    assert "Zx9-echo" not in answer.text


def test_tools_have_titles_schemas_and_annotations(host):
    async def tools(session, _):
        return {tool.name: tool for tool in (await session.list_tools()).tools}

    listed = with_client(host, "/tested/mcp", tools)
    price = listed["find_price"]
    assert (price.title, price.annotations.read_only_hint) == ("Price of a tent", True)
    assert price.input_schema["properties"]["tent"]["type"] == "integer"
    assert price.output_schema["required"] == ["text"]
    assert listed["call_person"].title == "Call person"
    assert listed["ask"].title == "Ask Test simple prompt"


@pytest.mark.parametrize(
    ("name", "arguments", "failed", "text"),
    [
        ("find_price", {"tent": 5}, False, "Tent 5 costs 99."),
        ("find_price", {"tent": "5"}, False, "Tent 5 costs 99."),
        ("find_price", {}, True, "tent is missing; it must be an integer"),
        ("find_price", {"tent": "big"}, True, "tent must be an integer"),
        ("test_error_handling", {}, True, "This tool failed."),
        ("gone", {}, True, "There is no tool called gone."),
        ("ask", {}, True, "text is missing; it must be the message"),
        ("ask", {"text": "hi", "conversation": 5}, True, "conversation must be the one of an earlier answer"),
    ],
)
def test_tools_are_called(host, name, arguments, failed, text):
    """Refused arguments are an error of the tool, with the sentence for the model."""

    async def call(session, _):
        return await session.call_tool(name, arguments)

    result = with_client(host, "/tested/mcp", call)
    assert (result.is_error, result.content[0].text[: len(text)]) == (failed, text)
    assert failed or result.structured_content == {"text": text}


def test_actions_are_structured(host):
    async def call(session, _):
        return await session.call_tool("call_person", {})

    result = with_client(host, "/tested/mcp", call)
    assert result.structured_content["text"] == "A person calls back."
    assert "+15550100" in str(result.structured_content["actions"])


def test_an_agent_is_asked_and_remembers(host):
    """Either worker answers."""

    async def twice(session, _):
        first = await session.call_tool("ask", ASK)
        again = {**ASK, "conversation": first.structured_content["conversation"]}
        return [first, *[await session.call_tool("ask", again) for _ in range(4)]]

    results = with_client(host, "/tested/mcp", twice)
    assert {result.structured_content["text"] for result in results} == {"[offline model] Tent 5 costs 99."}
    assert len({result.structured_content["conversation"] for result in results}) == 1


def test_the_prompt_is_the_agents(host):
    async def prompts(session, _):
        listed = await session.list_prompts()
        prompt = await session.get_prompt("test_simple_prompt")
        with pytest.raises(MCPError, match="there is no prompt 'gone'"):
            await session.get_prompt("gone")
        return listed.prompts, prompt

    listed, prompt = with_client(host, "/tested/mcp", prompts)
    assert [each.name for each in listed] == ["test_simple_prompt"]
    assert "You sell tents." in prompt.messages[0].content.text


def test_the_host_offers_all_agents(host):
    async def everything(session, server):
        tools = [tool.name for tool in (await session.list_tools()).tools]
        answer = await session.call_tool("test_simple_prompt.ask", ASK)
        return server, tools, answer, await session.list_prompts()

    server, tools, answer, prompts = with_client(host, "/v1/mcp", everything)
    assert "- test_simple_prompt: Sells tents." in server.instructions
    assert {"closed.ask", "test_simple_prompt.ask", "test_simple_prompt.find_price"} <= set(tools)
    assert [name for name in tools if name.startswith("closed.")] == ["closed.ask"]
    assert answer.structured_content["agent"] == "test_simple_prompt"
    assert [each.name for each in prompts.prompts] == ["test_simple_prompt"]


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_each_version_with_a_handshake_is_spoken(host, version):
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    answer = post(host, "initialize", params)

    assert answer.json()["result"]["protocolVersion"] == version


def test_the_version_without_a_handshake_is_spoken(host):
    """Each request describes its client."""
    version = "2026-07-28"
    meta = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {"mcp-protocol-version": version, "mcp-method": "tools/list"}
    answer = post(host, "tools/list", {"_meta": meta}, **headers)

    assert "find_price" in answer.text, answer.text


def test_other_methods_of_http_are_refused(host):
    headers = {"authorization": f"Bearer {host.password}", "accept": "text/event-stream"}

    assert httpx2.get(f"{host.url}/tested/mcp", headers=headers).status_code == 405
    assert httpx2.delete(f"{host.url}/tested/mcp", headers=headers).status_code == 405
    assert httpx2.post(f"{host.url}/tested/mcp", json={}).status_code == 401


def post(host, method, params, **headers):
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {"authorization": f"Bearer {host.password}", **headers}
    return httpx2.post(f"{host.url}/tested/mcp", json=body, headers=headers)
