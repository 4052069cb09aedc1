"""Every installed agent in somebody's own Litestar application, which uvicorn serves."""

import signal
from pathlib import Path

import pytest
from caller import Caller, functions
from ports import free_port
from programs import running

SITE = Path(__file__).with_name("litestar_site.py")


@pytest.fixture(scope="module")
def caller(desk):
    """A client of an application with agents.

    The environment has the front desk, a plugin that adds an endpoint, and one that fails.
    """
    desk.install("plugin-hooks", "import-error")
    port = free_port()
    ended = -signal.SIGTERM  # as uvicorn ends
    with running(desk.workplace(), SITE, port, port=port, python=desk.bin / "python", status=ended) as served:
        yield Caller.of(served)
        served.once_logged("agent import-error (agenthost-test-import-error 1.0) is not served: quarantined")


def test_agents_answer_beside_the_application(caller):
    """With documents and tools, as they do under ``agenthost run``."""
    url = functions(caller.document("/sales", "c-1"))["get_pricing"]["web_hook_url"]

    assert caller.call(url, "get_pricing", {"product": "basic"}, "c-1") == {"response": "basic is $99/month."}
    assert caller.ask("GET", "/customers/7").json == {"customer": 7}
    assert caller.ask("GET", "/nobody").status == 404


def test_health_and_endpoints_of_plugins_are_there(caller):
    """A failed agent is quarantined and reported."""
    assert caller.ask("GET", "/branches").json == ["berlin", "paris"]
    assert caller.ask("GET", "/health").json["failed"][0]["agent"] == "import-error"
