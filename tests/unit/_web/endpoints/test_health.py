"""The health endpoints, requested through the front."""

from __future__ import annotations

import re

import asking
import attrs
import pytest

from agenthost import AgentBase
from agenthost._host.config.schema import AgentConfig, Config, HealthConfig, HostConfig
from agenthost._host.packages.diagnosis import Diagnosis
from agenthost._host.packages.selection import SelectedAgent
from agenthost._host.packages.stages import Built, Loaded, Rejected
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.start import make_runtime
from agenthost._web.front import Front
from agenthost._web.request.answers import SECURITY
from agenthost.secret import Secret


def front_of(*, public_url=None, **health):
    """A front that is starting."""
    host = HostConfig(password=Secret("secret"), signing_keys=(Secret("key"),), public_url=public_url)
    return Front(make_runtime(Config(host=host, health=HealthConfig(**health))))


def plan_of(*names, broken=()):
    built = tuple(Built.in_code(f"key-{name}", AgentBase(name, f"/{name}"), AgentConfig()) for name in names)
    rejected = tuple(
        Rejected(SelectedAgent.in_code(name, AgentConfig(), "acme"), Diagnosis("no", "fix it")) for name in broken
    )
    return make_plan(Config(), attrs.evolve(Loaded(), built=built, rejected=rejected))


def ask(front, path, method="GET"):
    return asking.ask(front, method, path)


def told(front, path):
    """Status and body, the time aside."""
    answer = ask(front, path)
    body = answer.json()
    body.pop("timestamp", None)
    return answer.status_code, body


@pytest.fixture
def starting():
    return front_of()


@pytest.fixture
def serving():
    front = front_of()
    front.publish(plan_of("sales", "support"))
    return front


@pytest.fixture
def draining(serving):
    serving.runtime.drain()
    return serving


@pytest.fixture
def stopped_early(starting):
    starting.runtime.drain()
    return starting


@pytest.fixture
def started_late(stopped_early):
    stopped_early.publish(plan_of("sales", "support"))
    return stopped_early


@pytest.fixture
def degraded():
    front = front_of()
    front.publish(plan_of("sales", broken=["bad"]))
    return front


@pytest.fixture
def failing():
    front = front_of()
    front.publish(plan_of(broken=["bad"]))
    return front


TABLE = [
    ("starting", "/live", 200, {"status": "ok"}),
    ("starting", "/startup", 503, {"status": "starting"}),
    ("starting", "/ready", 503, {"status": "not ready", "agents": 0}),
    ("starting", "/health", 503, {"status": "starting", "agents": 0, "routes": []}),
    ("starting", "/health/sales", 503, {"error": "the host is starting"}),
    ("starting", "/sales", 503, {"error": "the host is starting"}),
    ("serving", "/live", 200, {"status": "ok"}),
    ("serving", "/startup", 200, {"status": "started"}),
    ("serving", "/ready", 200, {"status": "ready", "agents": 2}),
    ("serving", "/health", 200, {"status": "ok", "agents": 2, "routes": ["/sales", "/support"]}),
    ("serving", "/health?shape=names", 200, {"status": "healthy", "agents": ["sales", "support"]}),
    ("serving", "/health?shape=other", 200, {"status": "ok", "agents": 2, "routes": ["/sales", "/support"]}),
    ("serving", "/health/sales", 200, {"status": "ok"}),
    ("serving", "/health/key-sales", 200, {"status": "ok"}),
    ("serving", "/health/nobody", 404, {"error": "Not Found"}),
    ("serving", "/ready/sales", 200, {"status": "ready", "agents": 1}),
    ("serving", "/ready/nobody", 404, {"error": "Not Found"}),
    ("serving", "/nowhere", 404, {"error": "Not Found"}),
    ("draining", "/live", 200, {"status": "ok"}),
    ("draining", "/startup", 200, {"status": "started"}),
    ("draining", "/ready", 503, {"status": "not ready", "agents": 2}),
    ("draining", "/ready/sales", 503, {"status": "not ready", "agents": 1}),
    ("draining", "/health", 200, {"status": "ok", "agents": 2, "routes": ["/sales", "/support"]}),
    ("stopped_early", "/startup", 503, {"status": "starting"}),
    ("stopped_early", "/ready", 503, {"status": "not ready", "agents": 0}),
    ("stopped_early", "/sales", 503, {"error": "the host is starting"}),
    ("started_late", "/startup", 200, {"status": "started"}),
    ("started_late", "/ready", 503, {"status": "not ready", "agents": 2}),
    ("degraded", "/ready", 200, {"status": "ready", "agents": 1}),
    ("degraded", "/health", 200, {"status": "degraded", "agents": 1, "routes": ["/sales"]}),
    ("degraded", "/health?shape=names", 200, {"status": "degraded", "agents": ["sales"]}),
    ("degraded", "/health/bad", 503, {"status": "failing"}),
    ("degraded", "/ready/bad", 503, {"status": "not ready", "agents": 0}),
    ("failing", "/live", 200, {"status": "ok"}),
    ("failing", "/startup", 200, {"status": "started"}),
    ("failing", "/ready", 503, {"status": "not ready", "agents": 0}),
    ("failing", "/health", 503, {"status": "failing", "agents": 0, "routes": []}),
]


@pytest.mark.parametrize(
    ("state", "path", "status", "body"), TABLE, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_told(state, path, status, body, request):
    """Wire.md, section 5: the truth about agents that are loaded, loading and failed."""
    assert (status, body) == told(request.getfixturevalue(state), path)


@pytest.mark.parametrize(
    ("health", "path", "body"),
    [
        ({"shape": "names"}, "/health", {"status": "healthy", "agents": ["sales"]}),
        ({"shape": "names"}, "/health?shape=routes", {"status": "ok", "agents": 1, "routes": ["/sales"]}),
        ({"public": "count"}, "/health", {"status": "ok", "agents": 1}),
        ({"public": "count"}, "/health?shape=names", {"status": "healthy", "agents": 1}),
        ({"public": "status"}, "/health", {"status": "ok"}),
        ({"public": "status", "shape": "names"}, "/health", {"status": "healthy"}),
    ],
)
def test_how_much_strangers_are_told(health, path, body):
    """As configured, whatever the query asks for."""
    front = front_of(**health)
    front.publish(plan_of("sales"))

    assert (200, body) == told(front, path)


@pytest.mark.parametrize("accept", ["*/*", "application/health+json"])
@pytest.mark.parametrize(
    "path", ["/live", "/startup", "/ready", "/health", "/health?shape=names", "/health?shape=routes"]
)
def test_a_status_has_no_number_and_no_name(path, accept):
    front = front_of(public="status")
    front.publish(plan_of("sales", broken=["bad"]))

    answer = asking.ask(front, "GET", path, headers={"accept": accept})

    assert answer.status_code == 200
    assert {*answer.json()} <= {"status", "timestamp"}


@pytest.mark.parametrize("path", ["/ready", "/health"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("auth", [None, ("agenthost", "wrong")])
def test_names_need_credentials_where_a_status_is_public(path, method, auth):
    """Agents that are served, that failed and that do not exist get the same answer."""
    front = front_of(public="status")
    front.publish(plan_of("sales", broken=["bad"]))

    answers = [
        asking.ask(front, method, f"{path}/{name}", auth=auth) for name in ("sales", "key-sales", "bad", "nobody")
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Basic realm="agenthost", charset="UTF-8"'}
    assert len({answer.content for answer in answers}) == len({str(answer.headers) for answer in answers}) == 1


def test_with_credentials_a_status_is_all():
    front = front_of(public="status")
    front.publish(plan_of("sales"))

    def trusted(path):
        return asking.ask(front, "GET", path, auth=("agenthost", "secret"))

    assert trusted("/ready").json() == {"status": "ready", "agents": 1}
    assert trusted("/health").json()["routes"] == ["/sales"]
    assert [trusted(f"/health/{name}").status_code for name in ("sales", "nobody")] == [200, 404]


def test_the_time(serving):
    """In UTC, to the second."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ask(serving, "/health").json()["timestamp"])


@pytest.mark.parametrize("path", ["/live", "/ready", "/startup", "/health", "/health/sales", "/ready/sales"])
def test_head(serving, path):
    """Balancers ask with HEAD."""
    assert ask(serving, path).status_code == ask(serving, path, "HEAD").status_code == 200


@pytest.mark.parametrize("path", ["/live", "/ready", "/health"])
def test_other_methods(serving, path):
    answer = ask(serving, path, "POST")

    assert answer.status_code == 405
    assert answer.json() == {"error": "Method Not Allowed"}
    assert {"GET", "HEAD", "OPTIONS"} == {*re.split(r",\s*", answer.headers["allow"])}


@pytest.mark.parametrize("path", ["/live", "/health", "/nowhere", "/sales"])
def test_headers_of_every_answer(serving, path):
    headers = ask(serving, path).headers

    assert {(name.decode(), value.decode()) for name, value in SECURITY} <= {*headers.items()}
    assert "strict-transport-security" not in headers
    assert "access-control-allow-origin" not in headers
    assert headers["content-type"] == "application/json"


def test_https():
    front = front_of(public_url="https://agents.example")

    for path in ("/live", "/nowhere", "//"):
        assert "max-age=" in ask(front, path).headers["strict-transport-security"]


@pytest.mark.parametrize(("path", "cached"), [("/live", "no-store"), ("/ready", "no-store")])
def test_nobody_keeps_an_answer(serving, path, cached):
    assert cached == ask(serving, path).headers["cache-control"]


def test_when_to_ask_again(starting):
    assert ask(starting, "/ready").headers["retry-after"] == "1"
    assert ask(starting, "/sales").headers["retry-after"] == "1"
    assert "retry-after" not in ask(starting, "/live").headers


def test_an_agent_needs_credentials_and_health_does_not(serving):
    assert ask(serving, "/sales").status_code == 401
    assert ask(serving, "/health").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/heal%74h", 404), ("/health//", 400), ("/%2e/health", 400), ("/HEALTH", 404)]
)
def test_paths_that_only_look_like_it(serving, path, status):
    """They reach nothing."""
    assert status == ask(serving, path).status_code
