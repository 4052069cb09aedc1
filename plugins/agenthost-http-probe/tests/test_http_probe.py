"""URLs of a real server decide over the readiness of a real host."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from agenthost_http_probe import HttpProbe, Url, answers
from polling import poll_until

from agenthost import AgentBase, ConfigurationError, DefinitionError
from agenthost.testing import PluginContract

Settings = HttpProbe.Settings


class Dependency(BaseHTTPRequestHandler):
    """A server that answers as the test sets it.

    It answers at ``/hangs`` only when the test has ended.
    """

    def do_GET(self):
        self.server.asked.append((self.command, self.headers.get("Authorization")))
        if self.path == "/hangs":
            self.server.released.wait(30)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - as http.server has it

    def log_message(self, *_):
        pass


@pytest.fixture
def dependency():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dependency)
    server.status, server.asked, server.released = 200, [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "wanted", "well"),
    [(200, (), True), (204, (), True), (302, (), False), (500, (), False), (401, (401,), True), (200, (204,), False)],
)
def test_what_may_be_answered(dependency, status, wanted, well):
    """A status from 200 to 299, or a configured one, passes.

    Redirects are not followed.
    """
    dependency.status = status

    assert asyncio.run(answers(Url(dependency.url, status=wanted))).ok is well
    assert len(dependency.asked) == 1


def test_what_is_sent(dependency):
    """The method and the headers of the configuration."""
    asyncio.run(answers(Url(dependency.url, method="HEAD", headers={"authorization": "Bearer x"})))

    assert dependency.asked == [("HEAD", "Bearer x")]


def test_nobody_there():
    with pytest.raises(httpx.ConnectError):
        asyncio.run(answers(Url("http://127.0.0.1:1")))


def test_each_url_is_a_probe():
    """Probes are named by host and path, without credentials.

    They are critical by default.
    """
    urls = (
        Url("https://me:secret@calendar.example.com/health"),
        Url("http://crm", name="crm", critical=False, agent="a"),
    )
    calendar, crm = HttpProbe(Settings(urls)).health_probes()

    assert (calendar.name, calendar.critical, calendar.agent) == ("calendar.example.com/health", True, None)
    assert (crm.name, crm.critical, crm.agent) == ("crm", False, "a")


@pytest.mark.parametrize("url", ["ftp://x/y", "calendar", "http://", ""])
def test_what_is_no_url(url):
    with pytest.raises(ConfigurationError, match="crm is not http:// or https:// with a host"):
        HttpProbe(Settings((Url(url, name="crm"),)))


def test_what_no_probe_can_have():
    with pytest.raises(DefinitionError, match="interval must be a number of seconds above 0"):
        HttpProbe(Settings((Url("http://crm", interval=0),)))


def test_a_host_follows_its_dependencies(dependency, agenthost_host):
    """Ready, not ready while one fails or hangs, and ready again."""
    quick = {"interval": 0.02, "failures": 1}
    urls = (
        Url(dependency.url, name="up", **quick),
        Url(f"{dependency.url}/hangs", name="slow", critical=False, timeout=0.1, **quick),
    )
    host = agenthost_host.add(AgentBase("desk", "/desk")).add_plugin(HttpProbe(Settings(urls)))

    def reached(status, ready):
        poll_until(lambda: host.request("GET", "/health").json()["status"] == status)
        assert host.request("GET", "/ready").status == ready

    reached("degraded", 200)
    dependency.status = 503
    reached("failing", 503)
    dependency.status = 200
    dependency.released.set()
    reached("ok", 200)


def test_a_probe_of_the_configuration(dependency, agenthost_host):
    """The plugin is built with its settings, and its probes run on the host."""
    agenthost_host.add(AgentBase("desk", "/desk")).add_plugin(HttpProbe, "http-probe")
    agenthost_host.config(f'[[plugins.http-probe.urls]]\nurl = "{dependency.url}"\nname = "crm"\nagent = "desk"\n')

    assert agenthost_host.probe("crm", "desk").ok
    dependency.status = 503
    assert not agenthost_host.probe("crm", "desk").ok


class TestContract(PluginContract):
    """The plugin keeps the contract of plugins."""

    @pytest.fixture
    def plugin(self):
        return HttpProbe

    @pytest.fixture
    def toml(self, dependency):
        return f'[[plugins.tested.urls]]\nurl = "{dependency.url}"\n'


CONFIGURED = """
[[plugins.http-probe.urls]]
url = "http://calendar.example.com/health"

[[plugins.http-probe.urls]]
name = "crm"
url = "http://crm.example.com"
status = [200, 204]
headers = { authorization = { env = "CRM" } }
critical = false
"""


def test_it_is_configured(agenthost_host):
    """It is configured in agenthost.toml as in its README."""
    agenthost_host.add_plugin(HttpProbe, "http-probe").config(CONFIGURED, {"CRM": "Bearer x"}).start()


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("url =", "uri =", r"agenthost\.toml:\d+.*url"),
        ("http://crm", "crm", "crm is not http:// or https:// with a host"),
    ],
)
def test_mistakes_in_the_configuration_are_named(agenthost_host, right, wrong, reason):
    agenthost_host.add_plugin(HttpProbe, "http-probe").config(CONFIGURED.replace(right, wrong), {"CRM": "Bearer x"})

    with pytest.raises(ConfigurationError, match=reason):
        agenthost_host.start()


@pytest.mark.parametrize(("urls", "imported"), [("()", "False"), ("(agenthost_http_probe.Url('http://crm'),)", "True")])
def test_the_client_is_imported_where_a_url_is_configured(urls, imported):
    """It is not left for the first request, either."""
    program = f"""
import sys, agenthost_http_probe
agenthost_http_probe.HttpProbe(agenthost_http_probe.HttpProbe.Settings({urls}))
print("httpx" in sys.modules)
"""
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == imported


def test_the_distribution_offers_the_plugin():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["entry-points"]["agenthost"] == {"http-probe": "agenthost_http_probe:HttpProbe"}
