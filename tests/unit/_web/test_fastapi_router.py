"""An agent in a router of Starlette. ``tox -e sdk`` has one of FastAPI."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Router

from agenthost import AgentBase
from agenthost._web.fastapi_router import add_routes, serving
from agenthost.agent.base import declared

AUTH = ("agenthost", "good for tests")


@pytest.fixture
def agent(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", AUTH[1])
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    agent = AgentBase("desk", "/desk")
    agent.prompt_add_section("Role", "You answer.")
    agent.set_post_prompt("Summarise.")
    return agent


@pytest.mark.parametrize("path", ["/a/", "/a/desk", "/a/desk/"])
def test_the_urls_of_a_document_are_below_the_mount(agent, path):
    async def asked():
        front, router = agent.get_app(), Router()
        add_routes(router, front, "/desk", declared(agent).routing)
        app = Starlette(routes=[Mount("/a", router)])
        async with (
            serving(front),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://h.example", auth=AUTH) as client,
        ):
            document = (await client.post(path, json={"call_id": "c"})).raise_for_status().json()
            ai = next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)
            url = httpx.URL(ai["post_prompt_url"])
            summary = await client.post(url, json={"call_id": "c", "post_prompt_data": {"raw": "x"}})
            missing = await client.get("/a/health")
            return url.path, summary.status_code, missing.status_code

    assert asyncio.run(asked()) == ("/a/desk/post_prompt/", 200, 404)
