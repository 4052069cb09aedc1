"""``agenthost reload`` and SIGHUP: agents change while the host serves.

Calls in progress stay with their agents.
"""

import json
import os
import signal
import threading
import time

import pytest
from caller import Caller, functions
from polling import poll_until
from ports import free_port
from raw_http import exchange


class Host:
    """A served host, and the commands that reach it."""

    def __init__(self, environment, served, port):
        self.environment = environment
        self.served = served
        self.port = port
        self.caller = Caller.of(served)

    def configure(self, text):
        (self.served.directory / "agenthost.toml").write_text(text)

    def reload(self, *arguments):
        return self.environment.run(
            "agenthost", "reload", "--port", str(self.port), *arguments, cwd=self.served.directory
        )

    def reloaded(self, *arguments):
        done = self.reload("--json", *arguments)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def token_url(self, route, tool, call="c-1"):
        return functions(self.caller.document(route, call))[tool]["web_hook_url"]

    def status(self, route):
        return self.caller.ask("GET", route).status


@pytest.fixture
def host(desk):
    """One process, with slow-tools beside the front desk."""
    with desk.having("slow-tools"):
        place, port = desk.workplace(), free_port()
        with desk.serve(cwd=place, port=port) as served:
            yield Host(desk, served, port)


class Load:
    """Documents that are fetched over and over while the block runs."""

    def __init__(self, caller):
        self.caller = caller
        self.answers = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.is_set():
            self.answers.append(self.caller.ask("POST", "/sales", {}).status)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        assert set(self.answers) == {200}


def test_packages_and_sections_come_and_go(host):
    """Other agents are not affected.

    A call stays with the agent with which it began.
    """
    host.caller.call(host.token_url("/slow-tools", "process"), "process", {}, "c-1")
    before = host.token_url("/slow-tools", "process")
    with Load(host.caller):
        with host.environment.having("good-1"):
            told = host.reloaded()
            assert [each["generation"] for each in told.pop("held")] == [1]
            assert told == {
                "packages": ["agenthost-test-good-1 1.0 installed"],
                "added": ["good-1"],
                "changed": [],
                "removed": [],
                "failed": [],
                "routes": [],
                "tools": [],
                "aliases": [],
                "applied": [],
                "left": [],
                "replaced": ["agenthost-test-good-1"],
                "restart": [],
                "agents": 6,
                "generation": 2,
            }
            assert host.status("/good-1") == 200
            assert host.reload().stdout.startswith("6 agents served, nothing has changed\n")
        assert host.reloaded()["removed"] == ["good-1"]
        assert host.status("/good-1") == 404

        host.configure('[agents.slow-tools]\nroute = "/slower"\n')
        assert host.reloaded()["changed"] == ["slow-tools"]
        assert (host.status("/slow-tools"), host.status("/slower")) == (404, 200)
        assert host.caller.call(before, "process", {}, "c-1")["response"].isdigit()

        host.configure("[agents.slow-tools]\nenabled = false\n")
        done = host.reload()
        assert done.returncode == 0
        assert done.stdout.splitlines()[:4] == [
            "4 agents served:",
            "  no longer served: slow-tools",
            "  applied: agents.slow-tools.enabled",
            "  applied: agents.slow-tools.route",
        ]
        assert host.status("/slower") == 404
        assert host.caller.call(before, "process", {}, "c-1")["response"].isdigit()

        both = '[workflows.both]\nkind = "parallel"\nagents = ["sales", "support"]\nseconds = {}\n'
        told = []
        for seconds in (8, 7, 7):
            host.configure(both.format(seconds))
            done = host.reloaded()
            told.append((done["added"], done["changed"]))
        assert told == [(["both", "slow-tools"], []), ([], ["both"]), ([], [])]
        host.configure(both.format(6) + both.format(8).replace("both", "two"))
        assert host.reloaded("slow-tools")["changed"] == ["slow-tools"]
        assert host.reloaded("two")["added"] == ["two"]
        assert host.reloaded("both")["changed"] == ["both"]
    assert host.served.stop() == 0
    assert "Traceback" not in host.served.stderr


def test_full_collections_do_not_look_at_what_is_there_for_good(host):
    """Neither before a reload nor after it."""
    for _ in range(2):
        assert host.caller.call(host.token_url("/slow-tools", "kept"), "kept", {}, "c-1")["response"] == "True"
        host.reloaded()


def test_what_cannot_be_served_changes_nothing(host):
    """The command prints the reason, and the log has it, also at SIGHUP."""
    host.configure("[agents.slow-tools]\nroute = 7\n")
    refused = host.reload()
    assert refused.returncode == 3
    assert "agents.slow-tools.route" in refused.stderr

    host.configure('[agents.slow-tools]\nroute = "/no good"\n')
    refused = host.reload()
    assert refused.returncode == 4
    assert "slow-tools: route '/no good' is not a path" in refused.stderr
    assert 'fix: [agents.slow-tools] route = "/slow-tools" in ' in refused.stderr
    assert refused.stderr.endswith("agenthost.toml:2\n")

    line = "reload refused, the host is unchanged: slow-tools: route"
    poll_until(lambda: host.served.stderr.count(line) == 1)
    os.kill(host.served.process.pid, signal.SIGHUP)
    poll_until(lambda: host.served.stderr.count(line) == 2)
    assert host.status("/slow-tools") == 200

    host.configure("[host]\nport = 1\ndrain_timeout = 7\n")
    fixed = host.environment.run(
        "agenthost", "reload", "--port", str(host.port), cwd=host.served.directory, variables={}
    )
    assert fixed.returncode == 0, fixed.stderr


def test_every_changed_key_is_named(host):
    """The command lists each key and if it is in effect.

    It exits with 1 if one is not. Values stay secret.
    """
    live = "[conversation]\ntimeout = 7\n[turns]\ntokens = 5000\n[health]\npublic = 'status'\n"
    host.configure(live + "[host]\nheader_timeout = 1\nwebhook_keys = ['hunter2 hunter2']\n")
    done = host.reload()
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            "5 agents served:",
            "  applied: host.webhook_keys",
            "  applied: host.header_timeout",
            "  applied: health.public",
            "  applied: conversation.timeout",
            "  applied: turns.tokens",
        ],
    )
    assert host.caller.ask("POST", "/sales", {}).status == 403
    assert json.loads(Caller(host.served.url, ("nobody", "")).ask("GET", "/health").body).keys() == {
        "status",
        "timestamp",
    }
    began = time.monotonic()
    assert exchange(host.served.url, b"GET / HTTP/1.1\r\n").status == 408
    assert time.monotonic() - began < 8, "the default is 10 s"
    assert "hunter2" not in host.served.stderr

    host.configure(live + "[plugins]\ndisable = ['other']\n[host]\nheader_timeout = 8\nidle_timeout = 70\nport = 1\n")
    for applied, replaced in ((["host.webhook_keys", "host.header_timeout"], ["plugins.disable"]), ([], [])):
        told = host.reloaded("--port", str(host.port))
        assert {*told["applied"]} >= {*applied, *replaced}
        assert told["replaced"] == replaced
    assert host.caller.ask("POST", "/sales", {}).status == 200


def test_settings_that_new_processes_cannot_start_with_are_refused(host):
    """The host serves on as before."""
    host.configure("[telemetry]\ntraces = true\n")
    refused = host.reload()

    assert refused.returncode == 3
    assert "agenthost[otel]" in refused.stderr
    assert host.caller.ask("POST", "/sales", {}).status == 200


def test_one_agent_alone(host):
    """It is built again without a change.

    The others stay despite one.
    """
    host.configure('[agents.sales]\nroute = "/other"\n')
    told = host.reloaded("slow-tools")
    assert (told["changed"], told["applied"], told["left"]) == (["slow-tools"], [], ["agents.sales.route"])
    assert host.status("/sales") == 200

    unknown = host.reload("slow")
    assert unknown.returncode == 4
    assert "there is no agent 'slow'" in unknown.stderr


def test_the_same_code_that_was_installed_again_has_not_changed(host):
    """Time stamps do not count."""
    host.environment.install("slow-tools")

    assert host.reload().stdout == "5 agents served, nothing has changed\n"
    assert host.status("/slow-tools") == 200


def test_nobody_there(desk):
    """The command prints the port that it tried."""
    done = desk.run("agenthost", "reload", "--port", str(free_port()))

    assert done.returncode == 2
    assert "no host listens there. fix: start it with agenthost run" in done.stderr


def test_the_socket_is_its_users_alone(host):
    [socket] = (host.served.directory / "state").glob("control-*.sock")

    assert socket.stat().st_mode & 0o777 == 0o600
    assert host.served.stop() == 0
    assert not socket.exists()


def test_workers_reload_in_place_and_are_replaced_for_new_code(desk):
    """They do so under load, and each serves until its successor does.

    Calls that began before stay with an old one.
    """
    with desk.having("slow-tools"):
        place, port = desk.workplace(), free_port()
        with desk.serve("--workers", "2", cwd=place, port=port) as served:
            host = Host(desk, served, port)
            url = host.token_url("/slow-tools", "process")

            def processes(url, until):
                seen, deadline = set(), time.monotonic() + 30
                while not until(seen):
                    assert time.monotonic() < deadline, seen
                    seen.add(host.caller.call(url, "process", {}, "c-1")["response"])
                return seen

            before = processes(url, lambda seen: len(seen) == 2)
            with Load(host.caller):
                host.configure("[agents.slow-tools]\nbusy = 'Please wait.'\n")
                assert host.reloaded()["changed"] == ["slow-tools"]
                assert processes(url, lambda seen: len(seen) == 2) == before
                host.configure("[agents.slow-tools]\nbusy = 'Please wait a moment.'\n[agents.sales]\nqueued = 3\n")
                told = host.reloaded("slow-tools")
                assert (told["changed"], told["applied"]) == (["slow-tools"], ["agents.slow-tools.busy"])
                assert (told["left"], told["replaced"]) == (["agents.sales.queued"], [])
                later = host.token_url("/slow-tools", "process")
                assert processes(later, lambda seen: len(seen) == 2) == before
                with desk.having("good-1"):
                    assert host.reloaded()["added"] == ["good-1"]
                    assert [host.status("/good-1") for _ in range(6)] == [200] * 6
                    later = host.token_url("/slow-tools", "process")
                    assert processes(later, lambda seen: len(seen) == 2).isdisjoint(before)
                    assert host.caller.call(url, "process", {}, "c-1")["response"] in before
                told = host.reloaded()
                assert (told["removed"], told["restart"]) == (["good-1"], [])
                assert told["replaced"] == ["agenthost-test-good-1"]

            host.configure("[agents.slow-tools]\nroute = 7\n")
            assert host.reload().returncode == 3
            assert served.stop() == 0
    assert "Traceback" not in served.stderr
