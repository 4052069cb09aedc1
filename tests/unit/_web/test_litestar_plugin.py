"""The host inside somebody's own Litestar application."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from litestar import Litestar, Request, get, post
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the hints
from litestar.static_files import create_static_files_router
from litestar.testing import TestClient

from agenthost import AgentBase, AgentHostPlugin, AgentServer

CREDENTIALS = ("tester", "correct horse")


class Sales(AgentBase):
    """An agent that keeps something open."""

    def __init__(self, name="sales", route=None):
        super().__init__(name, route or f"/{name}")
        self.prompt_add_section("Role", f"You are {name}.")
        self.seen = []

    @asynccontextmanager
    async def lifespan(self):
        self.seen.append("begins")
        yield
        self.seen.append("ends")


@get("/", sync_to_thread=False)
def index() -> str:
    return "our page"


@get("/customers/{number:int}", sync_to_thread=False)
def customer(number: FromPath[int]) -> int:
    return number


@get("/{anything:path}", sync_to_thread=False)
def anything(anything: FromPath[str]) -> str:
    return f"our {anything}"


@get(["/billing", "/health"], sync_to_thread=False)
def ours() -> str:
    return "ours"


@post("/upload")
async def upload(request: Request) -> int:
    return len(await request.body())


@pytest.fixture
def app(monkeypatch, tmp_path):
    """Makes an application with a host of these agents in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SWML_BASIC_AUTH_USER", CREDENTIALS[0])
    monkeypatch.setenv("SWML_BASIC_AUTH_PASSWORD", CREDENTIALS[1])

    def made(*handlers, agents=(), **options):
        server = AgentServer()
        for agent in agents:
            server.register(agent)
        return Litestar(list(handlers), plugins=[AgentHostPlugin(server, **options)], logging_config=None), server

    return made


def test_agents_and_the_application_answer_side_by_side(app):
    """Agents and the application keep their own rules.

    A catch-all route gets all other paths.
    """
    ours_, _ = app(index, customer, anything, upload, agents=[Sales()])
    with TestClient(ours_) as client:
        document = client.post("/sales", json={}, auth=CREDENTIALS)

        assert document.json()["version"] == "1.0.0"
        assert client.get("/sales").status_code == 401
        assert client.get("/").text == "our page"
        assert client.get("/customers/7").json() == 7
        assert client.get("/sales/other").text == "our /sales/other"
        assert client.post("/upload", content=b"x" * 3_000_000).json() == 3_000_000
        assert client.get("/ready").json() == {"status": "ready", "agents": 1}
        assert client.get("/ready/sales").status_code == 200
        assert client.get("/metrics", auth=CREDENTIALS).text.startswith("# HELP agenthost_")


def test_the_application_reads_what_is_served(app):
    """The plan before any request, and the metrics without credentials."""
    ours_, _ = app(index, agents=[Sales()])
    plugin = next(each for each in ours_.plugins if isinstance(each, AgentHostPlugin))
    assert plugin.report() == {}
    with TestClient(ours_) as client:
        client.post("/sales", json={}, auth=CREDENTIALS)

        assert [(row["agent"], row["state"]) for row in plugin.report()["agents"]] == [("sales", "ready")]
        assert b'agenthost_requests_total{agent="sales",endpoint="document",status="2xx"} 1.0' in plugin.metrics()


def test_the_health_endpoints_can_be_the_applications(app):
    """Then the host's are not there."""
    ours_, _ = app(anything, agents=[Sales()], health=False)
    with TestClient(ours_) as client:
        assert [client.get(path).text for path in ("/health", "/ready/sales")] == ["our /health", "our /ready/sales"]
        assert client.post("/sales", json={}, auth=CREDENTIALS).status_code == 200


def test_routes_of_the_application_stay_its_own(app, caplog):
    """An agent that such a route covers is logged, with the line that fixes it."""
    ours_, _ = app(ours, agents=[Sales("billing")])
    with TestClient(ours_) as client:
        assert client.get("/billing").text == client.get("/health").text == "ours"

    (told,) = [record.getMessage() for record in caplog.records if "is not reachable" in record.getMessage()]
    assert "agent billing is not reachable at /billing" in told
    assert "[agents.billing] route" in told


def test_files_of_the_application_are_found(app, tmp_path):
    """Also where it serves them at its root."""
    (tmp_path / "page.html").write_text("our page")
    ours_, _ = app(create_static_files_router("/", [tmp_path]), agents=[Sales()])
    with TestClient(ours_) as client:
        assert client.get("/page.html").text == "our page"
        assert client.post("/sales", json={}, auth=CREDENTIALS).status_code == 200


def test_the_host_begins_and_ends_with_the_application(app):
    """So do the lifespans of its agents.

    Without it, the application is unchanged.
    """
    agent = Sales()
    ours_, _ = app(index, agents=[agent])
    behind = ours_.asgi_handler
    with TestClient(ours_):
        assert agent.seen == ["begins"]

    assert agent.seen == ["begins", "ends"]
    assert ours_.asgi_handler is behind


def test_agents_come_and_go_while_the_application_runs(app):
    """As in any host."""
    ours_, server = app(index)
    with TestClient(ours_) as client:
        server.register(AgentBase("late", "/late"))
        assert client.post("/late", json={}, auth=CREDENTIALS).status_code == 200
        server.unregister("/late")
        assert client.post("/late", json={}, auth=CREDENTIALS).status_code == 404
