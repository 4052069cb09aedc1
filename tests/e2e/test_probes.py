"""Probes of agents and plugins decide the health responses, also on the health port."""

import json
import threading
import time

import pytest
from caller import Caller, functions
from polling import poll_until
from ports import free_port

STRANGER = ("nobody", "")


@pytest.fixture(scope="module")
def probed(environment):
    environment.install("probed")
    yield environment
    environment.uninstall()


@pytest.fixture(scope="module")
def cold(probed):
    """A host that is not warm yet."""
    place = probed.workplace()
    (place / "cold").touch()
    with probed.serve(cwd=place, until="/live") as served:
        yield served


@pytest.fixture(scope="module")
def served(cold):
    """The same host, once it has started."""
    warm(cold)
    return cold


def warm(served):
    (served.directory / "cold").unlink(missing_ok=True)
    served.wait("/startup", 30)
    served.wait("/ready", 30)


@pytest.fixture
def down(served):
    """Breaks something, until the test has ended."""
    broken = []

    def breaks(name):
        broken.append(served.directory / name)
        broken[-1].touch()

    yield breaks
    for each in broken:
        each.unlink()
    eventually(served, {"/ready": 200, "/ready/dental": 200, "/ready/steady": 200})


def statuses(served, paths):
    return {path: served.status(path) for path in paths}


def eventually(served, expected):
    """Wait until paths have these statuses."""
    poll_until(lambda: statuses(served, expected) == expected, said=lambda: (statuses(served, expected), served.stderr))


def ask(served, path, *headers, credentials=STRANGER):
    return Caller(served.url, credentials).ask("GET", path, None, *headers)


def status(served, path="/health"):
    return ask(served, path).json["status"]


def test_a_probe_of_the_start_holds_it_up(cold):
    """Until it succeeds, the host has not started, and load balancers send no requests.

    It serves them nevertheless.
    """
    poll_until(lambda: cold.status("/dental") == 401)

    assert statuses(cold, ("/live", "/startup", "/ready")) == {"/live": 200, "/startup": 503, "/ready": 503}
    assert ask(cold, "/startup").json == {"status": "starting"}
    warm(cold)
    assert ask(cold, "/startup").json == {"status": "started"}


def test_a_critical_probe_of_one_agent(served, down):
    """The agent is out, the host is degraded."""
    down("calendar-down")

    eventually(served, {"/ready/dental": 503, "/health/dental": 503})
    assert statuses(served, ("/ready", "/health", "/ready/steady", "/health/steady", "/live", "/startup")) == {
        "/ready": 200,
        "/health": 200,
        "/ready/steady": 200,
        "/health/steady": 200,
        "/live": 200,
        "/startup": 200,
    }
    assert (status(served), status(served, "/health/dental")) == ("degraded", "failing")


def test_critical_probes_of_all_agents(served, down):
    """No agent is left to take a call."""
    down("calendar-down")
    down("voice-down")

    eventually(served, {"/ready": 503, "/health": 503, "/ready/dental": 503, "/ready/steady": 503})
    assert ask(served, "/ready").json == {"status": "not ready", "agents": 2}
    assert (served.status("/live"), status(served)) == (200, "failing")


def test_a_critical_probe_of_the_host(served, down):
    """The host is out, its agents are not to blame."""
    down("exchange-down")

    eventually(served, {"/ready": 503, "/health": 503})
    assert statuses(served, ("/ready/dental", "/health/dental")) == {"/ready/dental": 200, "/health/dental": 200}


def test_an_optional_probe(served, down):
    down("printer-down")
    poll_until(lambda: status(served, "/health/dental") == "degraded")

    assert statuses(served, ("/ready", "/ready/dental")) == {"/ready": 200, "/ready/dental": 200}


def test_details_need_credentials(served, down):
    """Details are names, latencies and classes of errors.

    Messages stay in the log.
    """
    down("calendar-down")
    eventually(served, {"/ready/dental": 503})
    told = ask(served, "/health", credentials=served.credentials)
    probes = {each["name"]: each for each in told.json["probes"]}

    assert "probes" not in ask(served, "/health").json
    assert "probes" not in ask(served, "/health", credentials=("tester", "wrong")).json
    assert {
        "calendar",
        "printer",
        "voice",
        "exchange",
        "stuck",
        "nonsense",
        "warm",
        "state",
        "event loop",
        "disk",
    } == set(probes)
    assert (probes["calendar"]["error"], probes["calendar"]["agent"]) == ("ConnectionError", "dental")
    assert (probes["stuck"]["status"], probes["stuck"]["error"]) == ("failing", "TimeoutError")
    assert (probes["nonsense"]["error"], probes["nonsense"]["source"]) == ("nonsense", "agenthost-test-probed:probed")
    assert probes["printer"]["seconds"] >= 0
    assert b"caldav" not in told.body
    own = ask(served, "/health/dental", credentials=served.credentials).json
    assert [each["name"] for each in own["probes"]] == ["calendar", "printer"]


def test_in_the_form_of_the_draft(served, down):
    """``application/health+json``, with checks for those with credentials."""
    down("calendar-down")
    eventually(served, {"/ready/dental": 503})
    wanted = "Accept: application/health+json"
    stranger = ask(served, "/health", wanted)
    own = ask(served, "/health/dental", wanted, credentials=served.credentials)

    assert stranger.header("content-type") == own.header("content-type") == "application/health+json"
    assert stranger.json == {"status": "warn"}
    assert (own.status, own.json["status"]) == (503, "fail")
    (calendar,) = own.json["checks"]["calendar"]
    assert (calendar["status"], calendar["output"], calendar["componentId"]) == ("fail", "ConnectionError", "dental")


def test_what_the_log_and_the_metrics_tell(served):
    """They report a probe with an invalid result, and probes that never run."""
    text = ask(served, "/metrics", credentials=served.credentials).body.decode()

    served.once_logged("probe nonsense of agenthost-test-probed:probed is failing: it returned str object")
    assert 'agenthost_probe_up{agent="dental",probe="calendar"} 1.0' in text
    assert 'agenthost_probe_up{agent="",probe="stuck"} 0.0' in text
    assert "agenthost_loop_lag_seconds" in text


def with_port(probed, **health):
    """A place with a port for health."""
    place, port = probed.workplace(), free_port()
    lines = [f"{name} = {value}" for name, value in {"port": port, **health}.items()]
    (place / "agenthost.toml").write_text("\n".join(("[health]", *lines)))
    return place, f"http://127.0.0.1:{port}"


def blocking(served, seconds):
    """Block the host's event loop by a tool, on a thread beside the test."""
    caller = Caller.of(served)
    url = functions(caller.document("/steady", "c-1"))["block"]["web_hook_url"]
    calling = threading.Thread(target=caller.call, args=(url, "block", {"seconds": seconds}, "c-1"))
    calling.start()
    return calling


PATHS = ("/startup", "/ready", "/health", "/ready/dental", "/health/dental")


def test_a_blocked_event_loop_delays_nothing_on_a_port_of_its_own(probed):
    """The response names the blocking agent.

    It reports a blocked loop only after a while.
    """
    place, url = with_port(probed, live_after=2)
    with probed.serve(cwd=place, until="/ready") as served:
        caller = Caller(url, STRANGER)
        poll_until(lambda: caller.ask("GET", "/ready").status == 200)
        assert {path: caller.ask("GET", path).status for path in ("/live", *PATHS)} == dict.fromkeys(
            ("/live", *PATHS), 200
        )
        assert caller.ask("GET", "/dental").status == caller.ask("GET", "/ready/nobody").status == 404
        assert caller.ask("POST", "/ready").status == 405
        assert caller.ask("GET", "//ready").status == 400
        assert "probes" in Caller(url, served.credentials).ask("GET", "/health").json

        calling = blocking(served, 5)
        early, late = [], None
        while calling.is_alive():
            told = {path: caller.ask("GET", path).status for path in ("/live", *PATHS)}
            if calling.is_alive():
                early.append(told)
            if told["/live"] == 503:
                late = told
            time.sleep(0.05)
        calling.join()

        assert early
        assert early[0] == dict.fromkeys(("/live", *PATHS), 200)
        assert late is not None
        assert {path: late[path] for path in PATHS} == dict.fromkeys(PATHS, 200)
        poll_until(lambda: caller.ask("GET", "/live").status == 200)
        text = ask(served, "/metrics", credentials=served.credentials).body.decode()

    assert 'agenthost_loop_blocked_total{agent="steady",what="tool block"} 1.0' in text
    served.once_logged("the event loop is blocked by tool block of agent steady")


def test_the_process_that_looks_after_workers_answers_for_them(probed):
    """Also while one of them stands still."""
    place, url = with_port(probed, live_after=2)
    with probed.serve("--workers", "2", cwd=place, until="/ready") as served:
        caller = Caller(url, STRANGER)
        poll_until(lambda: caller.ask("GET", "/ready").status == 200)
        details = Caller(url, served.credentials).ask("GET", "/health").json
        calling = blocking(served, 6)
        told = set()
        while calling.is_alive():
            told.add((caller.ask("GET", "/live").status, caller.ask("GET", "/ready").status))
            time.sleep(0.05)
        calling.join()
        poll_until(lambda: caller.ask("GET", "/live").status == 200)

    assert told == {(200, 200), (503, 200)}
    assert json.dumps(details["routes"]) == '["/dental", "/steady"]'
    assert {"state", "calendar"} <= {each["name"] for each in details["probes"]}
