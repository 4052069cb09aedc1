"""Live pages of the console: they follow the host, and end with it."""

import http.client
import json
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from caller import Caller, basic, functions
from polling import poll_until


@pytest.fixture
def place(desk):
    place = desk.workplace()
    (place / "agenthost.toml").write_text("[host]\nworkers = 2\n[console]\nenabled = true\n")
    return place


def opened(served, path):
    """Open the events of a page, and return their connection and response."""
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=30)
    connection.request("GET", f"/-/live/{path}", headers={"authorization": basic(*served.credentials)})
    return connection, connection.getresponse()


def contents(response):
    """Yield the content of each event."""
    for line in response:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def test_a_live_page_follows_the_calls_of_all_workers(desk, place):
    with desk.having("failing-tools"), desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        url = functions(caller.document("/failing", "call-7"))["raises"]["web_hook_url"]
        for path, expected in (("", "the calendar is on fire"), ("calls", "call-7")):
            connection, response = opened(served, path)
            with closing(connection):
                events = contents(response)
                before = next(events)
                caller.call(url, "raises", {}, "call-7")

                assert response.headers["content-type"] == "text/event-stream"
                assert "<nav" not in before
                assert next(each for each in events if expected in each)


def test_live_pages_need_credentials_and_a_page(desk, place):
    with desk.serve(cwd=place) as served:
        asked = [(path, Caller.of(served).ask("GET", f"/-/live/{path}").status) for path in ("nowhere", "live/")]
        connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=30)
        with closing(connection):
            connection.request("GET", "/-/live/")

            assert connection.getresponse().status == 401
        assert asked == [("nowhere", 404), ("live/", 404)]


def test_a_host_stops_while_live_pages_are_open(desk, place):
    with desk.serve(cwd=place) as served:
        poll_until(lambda: Caller.of(served).ask("GET", "/-/").status == 200)
        connection, response = opened(served, "")
        next(contents(response))
    with closing(connection):
        response.read()  # otherwise it raises IncompleteRead
    assert served.process.returncode == 0
