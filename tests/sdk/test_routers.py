"""An agent in an application of FastAPI, below any prefix."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from agenthost import AgentBase, FunctionResult

AUTH = ("agenthost", "good for tests")


class Desk(AgentBase):
    """Answers at the desk."""

    def __init__(self, route="/desk"):
        super().__init__("desk", route)
        self.events = []
        self.register_routing_callback(lambda body, headers: None, "/choose")

    @AgentBase.tool
    def price(self, count: int) -> FunctionResult:
        """Tell a price."""
        return FunctionResult(f"{count * 2} dollars.")

    @asynccontextmanager
    async def lifespan(self):
        self.events.append("opened")
        yield
        self.events.append("closed")


class Extended(Desk):
    """Has a page of its own, as the SDK's agents do it."""

    def _register_routes(self, router):
        super()._register_routes(router)

        @router.get("/page")
        async def page():
            return {"agent": self.get_name()}


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", AUTH[1])
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "k" * 40)


def within(app, asked):
    """Ask a running application."""

    async def main():
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=transport, base_url="https://h.example", auth=AUTH, follow_redirects=True
            ) as client,
        ):
            return await asked(client)

    return asyncio.run(main())


def included(agent, prefix):
    app = FastAPI()
    app.include_router(agent.as_router(), prefix=prefix)
    return app


def mounted(agent, prefix):
    app = FastAPI()
    app.mount(prefix, agent.as_router())
    return app


@pytest.mark.parametrize(
    ("place", "prefix", "route", "asked"),
    [
        (included, "/desk", "/desk", ("/desk", "/desk/", "/desk/choose")),
        (included, "", "/desk", ("/", "/desk", "/desk/", "/desk/choose")),
        (included, "/a/b", "/desk", ("/a/b/", "/a/b/desk", "/a/b/choose")),
        (included, "/a", "/", ("/a/", "/a/choose")),
        (included, "", "/", ("/", "/choose")),
        (mounted, "/a", "/desk", ("/a/", "/a/desk")),
        (mounted, "/desk", "/desk", ("/desk/", "/desk/desk")),
    ],
)
def test_every_document_names_a_tool_that_answers(place, prefix, route, asked):
    async def answers(client):
        for path in asked:
            document = (await client.post(path, json={"call_id": "c"})).raise_for_status().json()
            [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
            url = ai["SWAIG"]["functions"][0]["web_hook_url"]
            body = {"function": "price", "call_id": "c", "argument": {"parsed": [{"count": 3}]}}
            assert (await client.post(url, json=body)).json() == {"response": "6 dollars."}

    within(place(Desk(route), prefix), answers)


def test_credentials_are_asked_for():
    async def status(client):
        return (await client.post("/desk/", json={"call_id": "c"}, auth=("agenthost", "wrong"))).status_code

    assert within(included(Desk(), "/desk"), status) == 401


def test_the_agent_s_lifespan_is_that_of_the_application():
    agent = Desk()

    async def events(_client):
        return [*agent.events]

    assert within(included(agent, "/desk"), events) == ["opened"]
    assert agent.events == ["opened", "closed"]


def test_routes_that_an_agent_adds_are_in_its_router():
    async def page(client):
        return (await client.get("/desk/page")).json()

    assert within(included(Extended(), "/desk"), page) == {"agent": "desk"}


def test_it_is_a_router():
    assert isinstance(Desk().as_router(), APIRouter)
