"""The health endpoints: while the host starts, serves, and has nothing left to serve."""

from datetime import UTC, datetime, timedelta

import pytest
from caller import Caller
from ports import free_port

ROUTES = ["/", "/billing", "/sales", "/support"]
NAMES = ["main", "billing", "sales", "support"]


@pytest.fixture(scope="module")
def caller(desk):
    """A client of the front desk, without credentials: health is for balancers and strangers."""
    with desk.serve() as served:
        yield Caller(served.url, ("nobody", ""))


def configured(environment, text):
    place = environment.workplace()
    (place / "agenthost.toml").write_text(text)
    return place


def without_date(answer):
    return [(name, value) for name, value in answer.headers if name != "date"]


def told(answer):
    """Return the content of a response, without its time, which is checked."""
    body = dict(answer.json)
    then = datetime.strptime(body.pop("timestamp"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - then) < timedelta(seconds=60)
    return body


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/live", {"status": "ok"}),
        ("/startup", {"status": "started"}),
        ("/ready", {"status": "ready", "agents": 4}),
        ("/ready/sales", {"status": "ready", "agents": 1}),
        ("/health/sales", {"status": "ok"}),
    ],
)
def test_what_each_endpoint_says(caller, path, body):
    answer = caller.ask("GET", path)

    assert (answer.status, answer.json) == (200, body)
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"


def test_health_in_its_two_shapes(caller):
    """The two seeds differ, so a query chooses where configuration has not."""
    routes = {"status": "ok", "agents": 4, "routes": ROUTES}

    assert told(caller.ask("GET", "/health")) == routes
    assert told(caller.ask("GET", "/health?shape=routes")) == routes
    assert told(caller.ask("GET", "/health?shape=names")) == {"status": "healthy", "agents": NAMES}


@pytest.mark.parametrize("path", ["/live", "/startup", "/ready", "/health", "/ready/sales", "/health/sales"])
def test_head_says_the_same_without_a_body(caller, path):
    head, full = caller.ask("HEAD", path), caller.ask("GET", path)

    assert head.status == full.status == 200
    assert without_date(head) == without_date(full)


@pytest.mark.parametrize("path", ["/health/nobody", "/ready/nobody"])
def test_nobody_has_no_health(caller, path):
    assert caller.ask("GET", path).status == 404


def test_health_as_configured(desk):
    """A shape of the operator's choice, and no more for strangers than they should know."""
    named = configured(desk, '[health]\nshape = "names"\n')
    with desk.serve(cwd=named) as served:
        caller = Caller(served.url, ("nobody", ""))
        assert told(caller.ask("GET", "/health")) == {"status": "healthy", "agents": NAMES}
        assert told(caller.ask("GET", "/health?shape=routes")) == {"status": "ok", "agents": 4, "routes": ROUTES}

    counted = configured(desk, '[health]\npublic = "count"\n')
    with desk.serve(cwd=counted) as served:
        caller = Caller(served.url, ("nobody", ""))
        assert told(caller.ask("GET", "/health")) == {"status": "ok", "agents": 4}
        assert told(caller.ask("GET", "/health?shape=names")) == {"status": "healthy", "agents": 4}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_public_status_names_and_counts_nothing(desk, workers):
    """It holds at the host's port and at the health port.

    The host or the supervisor of its workers responds.
    """
    port = free_port()
    toml = f'[host]\nworkers = {workers}\n[health]\nport = {port}\npublic = "status"\n'
    with desk.serve(cwd=configured(desk, toml)) as served:
        health = f"http://127.0.0.1:{port}"
        strangers = [Caller(url, ("nobody", "")) for url in (served.url, health)]
        shown = [
            each.ask("GET", path).json for each in strangers for path in ("/ready", "/health", "/health?shape=names")
        ]
        named = [
            caller.ask("GET", f"{path}/{name}", None)
            for caller in strangers
            for path in ("/ready", "/health")
            for name in ("sales", "nobody")
        ]
        known = [Caller(url, Caller.of(served).credentials).ask("GET", "/health/sales") for url in (served.url, health)]

    assert {frozenset({*body} - {"timestamp"}) for body in shown} == {frozenset({"status"})}
    assert {answer.status for answer in named} == {401}
    assert {answer.body for answer in named} == {b'{"error":"Unauthorized"}'}
    assert {answer.json["status"] for answer in known} <= {"ok", "failing"}  # which it is until both workers serve


def test_the_port_is_open_while_agents_are_built(desk):
    """The health endpoints respond, and do not report ready too early.

    Then the host serves, without the agent that hangs.
    """
    place = configured(desk, "[host]\nbuild_timeout = 3\n")
    with desk.having("hangs-on-import"), desk.serve(cwd=place, until="/live") as served:
        caller = Caller.of(served)
        answers = {path: caller.ask("GET", path) for path in ("/live", "/startup", "/ready", "/health", "/sales", "/x")}
        served.wait("/startup", 30)
        later = {path: caller.ask("GET", path) for path in ("/live", "/startup", "/ready", "/health", "/sales")}

    assert {path: answer.status for path, answer in answers.items()} == {
        "/live": 200,
        "/startup": 503,
        "/ready": 503,
        "/health": 503,
        "/sales": 503,
        "/x": 503,
    }
    assert all(int(answer.header("retry-after")) > 0 for path, answer in answers.items() if path != "/live")
    assert answers["/startup"].json == {"status": "starting"}
    assert answers["/ready"].json == {"status": "not ready", "agents": 0}
    assert {path: answer.status for path, answer in later.items()} == dict.fromkeys(later, 200)
    (failed,) = later["/health"].json["failed"]  # told to those with credentials
    assert (failed["agent"], failed["state"]) == ("hangs-on-import", "quarantined")
    assert told(later["/health"]).items() >= {"status": "degraded", "agents": 4, "routes": ROUTES}.items()


def test_a_host_with_nothing_left_to_serve_is_failing(desk):
    """It stays up, so that somebody can look, and no balancer sends it a call."""
    disabled = "".join(f"[agents.{name}]\nenabled = false\n" for name in NAMES)
    place = configured(desk, disabled)
    with desk.having("import-error"), desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        answers = {path: caller.ask("GET", path) for path in ("/live", "/startup", "/ready", "/health")}
        own = {path: caller.ask("GET", path).status for path in ("/health/import-error", "/ready/import-error")}

    assert {path: answer.status for path, answer in answers.items()} == {
        "/live": 200,
        "/startup": 200,
        "/ready": 503,
        "/health": 503,
    }
    assert answers["/ready"].json == {"status": "not ready", "agents": 0}
    assert told(answers["/health"])["status"] == "failing"
    assert own == {"/health/import-error": 503, "/ready/import-error": 503}
