"""``kill -9`` of every process at each step of a reload.

Afterwards, the old generation serves, or the new one does, and never a mixture.
"""

import sys
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from bakery import Host, alive, children_of, killed, write
from polling import poll_until
from ports import free_port
from raw_http import Connection

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

SLOW_IMPORT = "import time\ntime.sleep(2)"
SLOW_BUILD = "def cafe():\n    import time\n    time.sleep(2)\n    return AgentBase(name='cafe', route='/cafe')\n"
OFFERS = 'bakery = "bakery:Bakery"\ncafe = "bakery:cafe"'


@pytest.fixture
def bakery(env, tmp_path):
    env.install(write(tmp_path / "bakery", "1.0"))
    return tmp_path / "bakery"


@contextmanager
def reloading(env, bakery, **changes):
    """Run a reload to version 2 during the block, on a host with two workers."""
    place, port = env.workplace(), free_port()
    (place / "agenthost.toml").write_text("")
    with env.serve("--workers", "2", cwd=place, port=port) as served:
        host = Host(env, served, port)
        host.before = host.workers(2)
        host.old = host.template()
        env.forget(bakery)
        env.install(write(bakery, "2.0", **changes))
        thread = threading.Thread(target=lambda: host.done.append(host.reload()))
        thread.start()
        try:
            yield host
        finally:
            thread.join(60)
        if served.process.poll() is None:
            assert served.stop() == 0


def new_template(host):
    """Wait for the template of the new generation."""
    [found] = poll_until(lambda: host.templates() - {host.old})
    return found


def canary(host):
    """Wait for the first worker of the new generation."""
    [found] = poll_until(lambda: children_of(new_template(host)))
    return found


def settled(host):
    """Return the version that all serve in the end, and the command's exit code."""
    poll_until(lambda: host.done, 60)
    host.workers(2)
    found = host.versions()
    assert len(found) == 1, (found, host.served.stderr)
    return found.pop(), host.done[0].returncode


@pytest.mark.parametrize("victim", ["new template", "old template", "a worker"])
def test_while_the_packages_are_imported(env, bakery, victim):
    """Only the end of the process that imports them is the end of the reload."""
    with reloading(env, bakery, top=SLOW_IMPORT) as host:
        new = new_template(host)
        time.sleep(1)
        killed({"new template": new, "old template": host.old, "a worker": min(host.before)}[victim])

        assert settled(host) == (("1.0", 4) if victim == "new template" else ("2.0", 0))
    if victim == "new template":
        assert "the process that imported the packages ended with -9" in host.done[0].stderr


@pytest.mark.parametrize("victim", ["canary", "new template", "old template", "a worker"])
def test_while_the_first_worker_builds_the_agents(env, bakery, victim):
    """A worker that ends meanwhile comes back with the old code."""
    with reloading(env, bakery, top=SLOW_BUILD, offers=OFFERS) as host:
        first, new = canary(host), new_template(host)
        time.sleep(0.5)  # until the supervisor knows of it
        killed({"canary": first, "new template": new, "old template": host.old, "a worker": min(host.before)}[victim])

        assert settled(host) == (("1.0", 4) if victim == "canary" else ("2.0", 0))
    if victim == "canary":
        assert "the first worker of the new packages ended with -9" in host.done[0].stderr


@pytest.mark.parametrize("victim", ["first new worker", "second new worker", "template", "old worker"])
def test_while_the_workers_are_replaced(env, bakery, victim):
    """From here on, there is no way back."""
    with reloading(env, bakery, top=SLOW_BUILD, offers=OFFERS) as host:
        first, new = canary(host), new_template(host)
        [second] = poll_until(lambda: children_of(new) - {first})
        last = {each for each in host.before if alive(each)}
        killed({"first new worker": first, "second new worker": second, "template": new}.get(victim) or max(last))

        assert settled(host) == ("2.0", 0)


@pytest.mark.parametrize("step", ["import", "build", "replace"])
def test_the_end_of_the_supervisor_is_the_end_of_all(env, bakery, step):
    changes = {"top": SLOW_IMPORT} if step == "import" else {"top": SLOW_BUILD, "offers": OFFERS}
    with reloading(env, bakery, **changes) as host:
        new = new_template(host)
        processes = {new, host.old, *host.before}
        if step != "import":
            processes.add(canary(host))
        if step == "replace":
            processes |= poll_until(lambda: children_of(new) - processes)
        killed(host.served.process.pid)
        poll_until(lambda: not any(map(alive, processes)), 30)

        assert host.served.status("/live") is None
    assert host.done[0].returncode == 2


def test_only_the_request_in_flight_is_lost_with_a_worker(env, bakery):
    """A client that makes one request after the other loses at most one."""
    with reloading(env, bakery, top=SLOW_BUILD, offers=OFFERS) as host:
        statuses, request = [], host.caller.request("POST", "/bakery", {})
        thread = threading.Thread(target=lambda: (canary(host), killed(min(host.before))))
        thread.start()
        while not host.done:
            with suppress(OSError, EOFError), Connection.to(host.served.url) as connection:
                statuses.append(None)
                statuses[-1] = connection.ask(request).status
        thread.join(60)

        assert settled(host) == ("2.0", 0)
    assert statuses.count(None) <= 1
    assert set(statuses) <= {200, None}


def test_no_request_is_lost_without_a_death(env, bakery):
    """Requests on new connections are answered throughout a reload."""
    with reloading(env, bakery, top=SLOW_BUILD, offers=OFFERS) as host:
        statuses, request = [], host.caller.request("POST", "/bakery", {})
        while not host.done:
            with Connection.to(host.served.url) as connection:
                statuses.append(connection.ask(request).status)

        assert settled(host) == ("2.0", 0)
    assert set(statuses) == {200}
